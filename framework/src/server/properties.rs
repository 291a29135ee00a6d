//! What holds whatever headers a client sends.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
};

use actix_web::{
    http::header::{
        ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, FORWARDED, HeaderMap, HeaderName,
        HeaderValue, IF_NONE_MATCH, ORIGIN, X_FORWARDED_FOR, X_FORWARDED_PROTO,
    },
    test::TestRequest,
};
use bytes::Bytes;
use proptest::{collection::vec, prelude::*};

use super::{cookie::Cookie, cors::Cors, file::File, proxy::TrustProxy};
use crate::{id::SessionId, metrics::Metrics};

/// Any bytes that HTTP lets through (RFC 9110 section 5.5), some of them like what belongs there.
fn any_value() -> impl Strategy<Value = HeaderValue> {
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..40),
        "(for|proto|FOR|https?|[0-9.:a-f]{1,9}|[,;=\" \\[\\]]){0,12}".prop_map(String::into_bytes),
        "(gzip|deflate|identity|\\*|br|[;,= ]|q=[0-9.]{0,4}){0,8}".prop_map(String::into_bytes),
        "(W/|\"|[a-z\"]{0,4}|[, *]){0,8}".prop_map(String::into_bytes),
    ];
    bytes.prop_filter_map("not for HTTP", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

fn headers(lines: Vec<(HeaderName, HeaderValue)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name, value);
    }
    headers
}

fn any_address() -> impl Strategy<Value = SocketAddr> {
    (any::<IpAddr>(), any::<u16>()).prop_map(|(ip, port)| SocketAddr::new(ip.to_canonical(), port))
}

/// As a proxy writes it: with the port or without.
fn written(address: &SocketAddr) -> String {
    match address.port() {
        0 => address.ip().to_string(),
        _ => address.to_string(),
    }
}

proptest! {
    #[test]
    fn the_client_is_who_the_outermost_trusted_proxy_names(
        chain in vec(any_address(), 1..6),
        hops in 1..8_usize,
        standard: bool,
    ) {
        let (name, lines): (_, Vec<_>) = match standard {
            true => {
                let elements = chain.iter().map(|address| match address {
                    SocketAddr::V4(_) => format!("by=_x;For={}", written(address)),
                    SocketAddr::V6(address) => match address.port() {
                        0 => format!("for=\"[{}]\"", address.ip()),
                        _ => format!("for=\"{address}\"; proto=http"),
                    },
                });
                (FORWARDED, elements.collect())
            }
            false => (X_FORWARDED_FOR, chain.iter().map(written).collect()),
        };
        let lines = lines.iter().map(|line| (name.clone(), HeaderValue::from_str(line).unwrap()));
        let headers = headers(lines.collect());
        let trust = TrustProxy::hops(hops);
        let trust = if standard { trust.forwarded() } else { trust };
        let peer = "10.0.0.1:80".parse().unwrap();
        let (client, _) = trust.client(&headers, Some(peer));
        let named = chain.iter().rev().nth(hops.min(chain.len()) - 1);
        prop_assert_eq!(client.as_ref(), named);
    }

    #[test]
    fn any_chain_of_proxies_is_read_in_proportion(
        lines in vec((0..3_usize, any_value()), 0..6),
        hops in 0..4_usize,
        forwarded: bool,
    ) {
        let names = [FORWARDED, X_FORWARDED_FOR, X_FORWARDED_PROTO];
        let len: usize = lines.iter().map(|(_, value)| value.len() + 1).sum();
        let lines = lines.into_iter().map(|(name, value)| (names[name].clone(), value));
        let headers = headers(lines.collect());
        let trust = TrustProxy::hops(hops);
        let trust = if forwarded { trust.forwarded() } else { trust };
        let peer = Some("10.0.0.1:80".parse().unwrap());
        let mut found = None;
        let measured = allocation_counter::measure(|| found = trust.client(&headers, peer).0);
        // Three lists of elements, which may be empty.
        prop_assert!(measured.bytes_max as usize <= 3 * 3 * size_of::<Cow<'_, str>>() * (len + 4));
        prop_assert!(hops > 0 || found == peer);
    }

    #[test]
    fn no_page_is_allowed_but_those_that_were_named(origin in any_value()) {
        let known = ["https://a.example", "https://b.example"];
        let request = TestRequest::get().insert_header((ORIGIN, origin.clone())).to_http_request();
        let mut headers = HeaderMap::new();
        Cors::new(known).apply(&mut headers, &request, &Metrics::new());
        if let Some(allowed) = headers.get(ACCESS_CONTROL_ALLOW_ORIGIN) {
            prop_assert_eq!(allowed, &origin);
            prop_assert!(known.contains(&origin.to_str()?));
        }
    }

    #[test]
    fn a_file_is_served_whatever_is_asked_of_it(accept in any_value(), known in any_value()) {
        let file = File::new("text/plain", Bytes::from_static(b"content"), None);
        let request = TestRequest::get()
            .insert_header((ACCEPT_ENCODING, accept))
            .insert_header((IF_NONE_MATCH, known));
        let status = file.serve(&request.to_http_request()).status().as_u16();
        prop_assert!(status == 200 || status == 304, "{}", status);
    }

    #[test]
    fn a_cookie_that_is_accepted_is_one_header_and_keeps_its_parts(
        name in prop_oneof!["[a-z]{1,5}", ".{0,5}"],
        domain in prop_oneof!["[a-z.]{1,5}", ".{0,5}"],
        path in prop_oneof!["/[a-z]{0,5}", ".{0,5}"],
    ) {
        let cookie = Cookie::named(&name).domain(&domain).path(Some(&path));
        if cookie.check("cookie").is_err() {
            return Ok(());
        }
        let session = SessionId::random().unwrap();
        let mut headers = HeaderMap::new();
        cookie.set(&mut headers, session.reveal());
        let lines: Vec<_> = headers.iter().map(|(_, value)| value.as_bytes()).collect();
        let line = format!(
            "{name}={}; Domain={domain}; Path={path}; HttpOnly; SameSite=Lax",
            session.reveal(),
        );
        prop_assert_eq!(&lines, &[line.as_bytes()]);
        prop_assert_eq!(line.split(';').count(), 5);
    }
}
