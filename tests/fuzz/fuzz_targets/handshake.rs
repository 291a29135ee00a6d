//! Any request that opens a session: its query and the headers that are read. No panic, and nothing but what was sent.
//!
//! The first line is the query, each one behind it `name: value`.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../framework/src"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the target drives the parsers alone"
)]
mod framework {
    pub(crate) mod protocol {
        pub(crate) mod date;
        pub(crate) mod engine_io;
    }

    pub(crate) mod shard {
        mod handshake;

        pub(crate) use handshake::Handshake;
    }

    pub(crate) mod server {
        mod forwarded;
        mod network;
        mod proxy;

        pub(crate) use proxy::TrustProxy;

        use actix_web::http::header::HeaderMap;
        use std::net::SocketAddr;

        pub(crate) fn client(
            trust: &TrustProxy,
            headers: &HeaderMap,
            peer: SocketAddr,
        ) -> Option<SocketAddr> {
            trust.client(headers, Some(peer)).0
        }
    }
}

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use framework::{protocol, server, shard};
use server::TrustProxy;
use shard::Handshake;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let query = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let headers = headers(lines);

    let texts = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let url = format!("/socket.io/?{}", query.replace(['\r', '\n'], ""));
    let handshake = Handshake::new(&url, texts, None, false);
    assert_eq!(handshake.url(), url);
    for (name, value) in handshake.headers() {
        let sent = headers
            .get_all(name)
            .any(|sent| sent.as_bytes() == value.as_bytes());
        assert!(sent, "{name}: {value}");
    }
    let measured = allocation_counter::measure(|| {
        for (name, _) in handshake.query_pairs() {
            assert!(handshake.query_value(&name).is_some());
        }
    });
    assert!(measured.bytes_max as usize <= 16 * url.len());

    let peer = "10.0.0.1:80".parse().expect("an address");
    let networks = TrustProxy::networks(["10.0.0.0/8", "::/1"]).expect("networks");
    for trust in [TrustProxy::hops(0), TrustProxy::hops(3), networks] {
        let _ = server::client(&trust.clone().forwarded(), &headers, peer);
        let client = server::client(&trust, &headers, peer);
        assert!(client.is_some());
    }
    assert_eq!(
        server::client(&TrustProxy::hops(0), &headers, peer),
        Some(peer)
    );
});

fn headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(at) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = line.split_at(at);
        let value = value[1..].trim_ascii();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    headers
}
