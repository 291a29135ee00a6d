//! Any CONNECT: the name of a namespace and what is said of a session before. No panic, and nothing but what was said.
//!
//! The name ends at the first line break, the auth is the rest.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../framework/src"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the target drives the parsers alone"
)]
mod framework {
    pub(crate) mod config;
    pub(crate) mod entropy;
    pub(crate) mod error;
    pub(crate) mod event;
    pub(crate) mod id;
    pub(crate) mod protocol;

    pub(crate) mod namespace {
        mod params;
        mod pattern;
        mod refusal;

        pub(crate) use params::{InvalidParams, Params};
        pub(crate) use refusal::Refusal;

        /// What patterns make of a name.
        pub(crate) fn params(name: &str) -> Vec<Params> {
            let patterns = ["/{a}", "/room-{a}", "/{a}/{b}-{c}.{d}", "{a}\u{e9}{b}"];
            let patterns = patterns.map(|text| pattern::Pattern::parse(text).expect("a pattern"));
            patterns
                .iter()
                .filter_map(|pattern| pattern.params(name))
                .collect()
        }

        /// What a peer's text is as a pattern, which it never is made to be.
        pub(crate) fn as_pattern(text: &str) {
            if let Some(pattern) = pattern::Pattern::parse(text) {
                let _ = pattern.params(text);
            }
        }
    }

    pub(crate) mod shard {
        pub(crate) mod offset;
    }

    pub(crate) mod connection {
        use std::borrow::Cow;

        mod claim;

        /// The offset that a client shows, and what is left for the session.
        pub(crate) fn split(auth: &str) -> (Option<String>, Option<String>) {
            let (claim, rest) = claim::split(Some(auth));
            (claim.map(|claim| claim.offset), rest.map(Cow::into_owned))
        }
    }
}

use framework::{config, connection, entropy, error, event, id, namespace, protocol, shard};
use shard::offset::Offset;

/// All that is needed of it.
mod transport {
    pub(crate) mod numbered {
        pub(crate) const OFFSET_LEN: usize = 10;
    }
}

#[derive(Debug, serde::Deserialize)]
#[allow(dead_code, reason = "read for its types")]
struct Place {
    a: u64,
    b: Option<char>,
    c: Option<bool>,
    d: Option<String>,
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (name, auth) = text.split_once('\n').unwrap_or((&text, ""));
    for params in namespace::params(name) {
        for (_, value) in params.iter() {
            assert!(!value.is_empty() && !value.contains('/') && name.contains(value));
        }
        let _ = params.parse::<Place>();
    }
    namespace::as_pattern(name);

    let mut parts = (None, None);
    let measured = allocation_counter::measure(|| parts = connection::split(auth));
    assert!(measured.bytes_max as usize <= 4 * auth.len() + 1024);
    let (offset, rest) = parts;
    if let Some(offset) = offset {
        if let Some(read) = Offset::from_peer(&offset) {
            assert_eq!(read.text(), offset.as_bytes());
        }
        if let Ok(entry) = offset.parse::<id::EntryId>() {
            assert_eq!(entry.to_string().parse(), Ok(entry));
        }
        let again = serde_json::json!({ "pid": "", "offset": offset });
        assert_eq!(connection::split(&again.to_string()), (Some(offset), None));
    }
    if let Some(rest) = rest {
        assert_eq!(connection::split(&rest), (None, Some(rest)));
    }
    if let Ok(socket) = name.parse::<id::SocketId>() {
        assert_eq!(socket.as_str(), name);
    }
});
