//! What an application can set about the hub's HTTP responses, and is told of requests.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::common::{
    both,
    http::{POLLING, UPGRADE, WEBSOCKET, request},
    listener::{builder, moody, start},
    polling::Poller,
};
use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, HeaderName, HeaderValue},
};
use roomcast::{
    Cookie, ErrorContext, Handshake, SameSite, TrustProxy, WebSocketMode,
    testing::{Frame, RawClient},
};

/// A hook that sets a header, with the method of the request behind the value.
fn setting(
    name: &'static str,
    value: &'static str,
) -> impl Fn(&mut HeaderMap, &HttpRequest) + Send + Sync {
    move |headers, request| {
        let value = HeaderValue::try_from(format!("{value} {}", request.method()));
        headers.insert(HeaderName::from_static(name), value.expect("a value"));
    }
}

both! {
    headers_are_set_on_every_response_and_initial_ones_on_the_first_of_a_session,
    a_panic_in_a_headers_hook_costs_only_its_headers,
}

async fn headers_are_set_on_every_response_and_initial_ones_on_the_first_of_a_session(
    mode: WebSocketMode,
) {
    let (both, first) = (setting("x-both", "initial"), setting("x-first", "first"));
    let hooks = builder(mode)
        .initial_headers(move |headers, request| {
            both(headers, request);
            first(headers, request);
        })
        .headers(setting("x-both", "each"));
    let server = start(hooks);

    let opened = request(&server, "GET", WEBSOCKET, UPGRADE).await;
    assert_eq!(opened.status, 101);
    assert_eq!(opened.header("x-first"), Some("first GET"));
    assert_eq!(opened.header("x-both"), Some("each GET"), "runs last");

    for (method, target, status) in [
        ("POST", WEBSOCKET, 400),
        ("GET", "/socket.io/?EIO=4", 400),
        ("GET", "/socket.io/client.js", 200),
    ] {
        let answer = request(&server, method, target, &[]).await;
        assert_eq!(answer.status, status, "{target}");
        let each = format!("each {method}");
        assert_eq!(answer.header("x-both"), Some(each.as_str()), "{target}");
        assert_eq!(answer.header("x-first"), None, "{target}");
    }
}

async fn a_panic_in_a_headers_hook_costs_only_its_headers(mode: WebSocketMode) {
    let hooks = builder(mode)
        .initial_headers(|_, _| panic!("no headers today"))
        .headers(setting("x-each", "each"));
    let server = start(hooks);
    let opened = request(&server, "GET", WEBSOCKET, UPGRADE).await;
    assert_eq!(opened.status, 101);
    assert_eq!(opened.header("x-each"), Some("each GET"));
    assert_eq!(server.hub().stats().panics, 1);
}

#[actix_web::test]
async fn the_application_is_told_what_was_refused_and_why() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&errors);
    let hooks = builder(WebSocketMode::Handoff)
        .allow_request(moody)
        .on_connection_error(move |error| {
            let line = (
                error.code(),
                error.message().to_owned(),
                format!("{:?}", error.context()),
                error.request().url().to_owned(),
                error.request().address().is_some(),
            );
            seen.lock().expect("no panic").push(line);
        });
    let server = start(hooks);
    for (method, query, upgrade, expected) in [
        (
            "GET",
            "EIO=4",
            false,
            (0, "Transport unknown", "Transport(None)"),
        ),
        (
            "GET",
            "EIO=4&transport=abc",
            true,
            (0, "Transport unknown", r#"Transport(Some("abc"))"#),
        ),
        (
            "GET",
            "EIO=4&transport=websocket&sid=x",
            true,
            (1, "Session ID unknown", r#"Sid("x")"#),
        ),
        (
            "PUT",
            "EIO=4&transport=websocket",
            true,
            (2, "Bad handshake method", r#"Method("PUT")"#),
        ),
        (
            "GET",
            "EIO=4&transport=websocket",
            false,
            (3, "Bad request", "TransportHandshake"),
        ),
        (
            "GET",
            "EIO=4&transport=websocket",
            true,
            (4, "Forbidden", "Forbidden(None)"),
        ),
        (
            "GET",
            "EIO=4&transport=websocket&msg=no",
            true,
            (4, "no", r#"Forbidden(Some("no"))"#),
        ),
        (
            "GET",
            "EIO=3&transport=websocket&msg=come-in",
            true,
            (5, "Unsupported protocol version", r#"Protocol(Some("3"))"#),
        ),
    ] {
        let target = format!("/socket.io/?{query}");
        let headers = if upgrade { UPGRADE } else { &[] };
        let answer = request(&server, method, &target, headers).await;
        assert_eq!(answer.status, 400, "{target}");
        let (code, message, context) = expected;
        assert_eq!(
            errors.lock().expect("no panic of ours").pop(),
            Some((code, message.to_owned(), context.to_owned(), target, true))
        );
    }
}

#[actix_web::test]
async fn the_application_is_told_how_a_request_contradicts_its_session() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&errors);
    let hooks = builder(WebSocketMode::Handoff)
        .check_origin("https://app.example")
        .on_connection_error(move |error| {
            let line = (error.code(), error.context().clone());
            seen.lock().expect("no panic").push(line);
        });
    let server = start(hooks);
    let client = Poller::open(&server).await;
    let of = |transport: &str, eio: u8| {
        format!(
            "/socket.io/?EIO={eio}&transport={transport}&sid={}",
            client.sid
        )
    };
    request(&server, "GET", &of("websocket", 4), &[]).await;
    request(&server, "GET", &of("polling", 3), &[]).await;
    let foreign = [UPGRADE, &[("Origin", "https://evil.example")]].concat();
    request(&server, "GET", &of("websocket", 4), &foreign).await;

    let mut on_websocket = RawClient::connect(&server, "EIO=4&transport=websocket").await;
    let Frame::Text(open) = on_websocket.next().await else {
        panic!("not a text")
    };
    let sid = open.split('"').nth(3).expect("a sid");
    for (transport, headers) in [("polling", &[][..]), ("websocket", UPGRADE)] {
        let target = format!("/socket.io/?EIO=4&transport={transport}&sid={sid}");
        request(&server, "GET", &target, headers).await;
    }
    let mismatch = |transport, previous_transport| ErrorContext::TransportMismatch {
        transport,
        previous_transport,
    };
    assert_eq!(
        *errors.lock().expect("no panic"),
        [
            (3, mismatch("websocket", "polling")),
            (3, ErrorContext::ProtocolMismatch(Some("3".to_owned()))),
            (4, ErrorContext::Origin("https://evil.example".to_owned())),
            (3, mismatch("polling", "websocket")),
            (3, mismatch("websocket", "websocket")),
        ]
    );
}

#[actix_web::test]
async fn a_panic_in_the_hook_for_errors_costs_nothing() {
    let hooks = builder(WebSocketMode::Handoff).on_connection_error(|_| panic!("in a hook"));
    let server = start(hooks);
    let answer = request(&server, "POST", POLLING, &[]).await;
    assert_eq!(
        answer.text(),
        r#"{"code":2,"message":"Bad handshake method"}"#
    );
    assert_eq!(server.hub().stats().panics, 1);
}

#[actix_web::test]
async fn what_a_proxy_says_of_the_client_is_believed_only_if_it_is_trusted() {
    let trusting = |trust: Option<TrustProxy>| {
        let seen = Arc::new(Mutex::new(None));
        let tell = Arc::clone(&seen);
        let check = async move |handshake: &Handshake, _: &HttpRequest| {
            let address = handshake.address().map(|address| address.to_string());
            *tell.lock().expect("no panic") = Some((address, handshake.is_secure()));
            Ok(())
        };
        let builder = builder(WebSocketMode::Handoff).allow_request(check);
        let builder = match trust {
            Some(trust) => builder.trust_proxy(trust),
            None => builder,
        };
        (start(builder), seen)
    };
    let said = [
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=203.0.113.10"),
    ];
    let headers = [UPGRADE, &said].concat();
    let loopback = || TrustProxy::networks(["127.0.0.0/8"]).expect("a network");
    let elsewhere = TrustProxy::networks(["10.0.0.0/8"]).expect("a network");
    for (trust, address) in [
        (Some(TrustProxy::hops(1)), Some(("203.0.113.9:0", true))),
        (Some(loopback()), Some(("203.0.113.9:0", true))),
        (
            Some(loopback().forwarded()),
            Some(("203.0.113.10:0", false)),
        ),
        (Some(elsewhere), None),
        (None, None),
    ] {
        let (server, seen) = trusting(trust);
        let opened = request(&server, "GET", WEBSOCKET, &headers).await;
        assert_eq!(opened.status, 101);
        let (found, secure) = seen.lock().expect("no panic").take().expect("it was asked");
        let found = found.expect("an address");
        match address {
            Some(address) => assert_eq!((found.as_str(), secure), address),
            None => assert!(found.starts_with("127.0.0.1:") && !secure, "{found}"),
        }
    }
}

#[actix_web::test]
async fn the_first_answer_of_a_polling_session_has_the_initial_headers_and_each_the_others() {
    let hooks = builder(WebSocketMode::Handoff)
        .initial_headers(setting("x-first", "first"))
        .headers(setting("x-each", "each"));
    let server = start(hooks);
    let opened = request(&server, "GET", POLLING, &[]).await;
    assert_eq!(opened.header("x-first"), Some("first GET"));
    assert_eq!(opened.header("x-each"), Some("each GET"));

    let client = Poller::open(&server).await;
    let posted = client.post("40").await;
    assert_eq!(posted.header("x-each"), Some("each POST"));
    let upgrade = format!("/socket.io/?{}", client.query("websocket"));
    let upgraded = request(&server, "GET", &upgrade, UPGRADE).await;
    assert_eq!(
        (upgraded.status, upgraded.header("x-each")),
        (101, Some("each GET"))
    );
    assert_eq!(
        posted.header("x-first").or(upgraded.header("x-first")),
        None
    );
}

#[actix_web::test]
async fn a_session_that_opens_by_polling_gets_its_cookie_once() {
    let strict = Cookie::named("my-cookie")
        .http_only(false)
        .same_site(Some(SameSite::Strict))
        .max_age(Duration::from_secs(86_400));
    for (cookie, name, rest) in [
        (Cookie::default(), "io", "Path=/; HttpOnly; SameSite=Lax"),
        (
            strict,
            "my-cookie",
            "Max-Age=86400; Path=/; SameSite=Strict",
        ),
    ] {
        let hub = builder(WebSocketMode::Handoff).cookie(cookie);
        let server = start(hub.initial_headers(|headers, _| {
            let set = headers.contains_key("set-cookie");
            assert!(set, "the hook may change the cookie");
        }));
        let opened = request(&server, "GET", POLLING, &[]).await;
        let sid = opened.text().split('"').nth(3).expect("a sid");
        let cookie = format!("{name}={sid}; {rest}");
        assert_eq!(
            opened.headers("set-cookie"),
            [("set-cookie".to_owned(), cookie.as_str())]
        );
        assert_eq!(server.hub().stats().panics, 0);

        let client = Poller::open(&server).await;
        assert_eq!(client.post("40").await.header("set-cookie"), None);
        assert_eq!(client.poll().await.header("set-cookie"), None);
        let websocket = request(&server, "GET", WEBSOCKET, UPGRADE).await;
        assert_eq!(
            (websocket.status, websocket.header("set-cookie")),
            (101, None)
        );
        let refused = request(&server, "POST", POLLING, &[]).await;
        assert_eq!((refused.status, refused.header("set-cookie")), (400, None));
    }
}

both! {
    the_affinity_cookie_names_the_node_with_the_newest_session,
}

async fn the_affinity_cookie_names_the_node_with_the_newest_session(mode: WebSocketMode) {
    const SET: &str = "node=node-1; Path=/; HttpOnly; SameSite=Lax";
    let hub = builder(mode).server_id("node-1");
    let server = start(hub.affinity_cookie(Cookie::named("node")));
    for (target, headers, status) in [(POLLING, &[][..], 200), (WEBSOCKET, UPGRADE, 101)] {
        let with = |cookies: &'static str| [headers, &[("Cookie", cookies)]].concat();
        for (headers, set) in [
            (headers.to_vec(), Some(SET)),
            (with("node=node-2"), Some(SET)),
            (with("other-node=node-1; node=; node=node-1"), Some(SET)),
            (with("theme=dark;  node=node-1"), None),
        ] {
            let opened = request(&server, "GET", target, &headers).await;
            assert_eq!(
                (opened.status, opened.header("set-cookie")),
                (status, set),
                "{headers:?}"
            );
        }
    }
    let client = Poller::open(&server).await;
    assert_eq!(client.post("40").await.header("set-cookie"), None);
    assert_eq!(client.poll().await.header("set-cookie"), None);
    let refused = request(&server, "POST", POLLING, &[]).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (400, None));
}

#[actix_web::test]
async fn the_affinity_cookie_is_secure_where_the_client_uses_tls() {
    let hub = |trust| {
        let hub = builder(WebSocketMode::Handoff).server_id("node-1");
        let hub = hub.affinity_cookie(Cookie::named("node"));
        match trust {
            true => hub.trust_proxy(TrustProxy::hops(1)),
            false => hub,
        }
    };
    let said = [
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-Proto", "https"),
    ];
    for (trust, attributes) in [
        (true, "Path=/; HttpOnly; Secure; SameSite=Lax"),
        (false, "Path=/; HttpOnly; SameSite=Lax"),
    ] {
        let server = start(hub(trust));
        let opened = request(&server, "GET", POLLING, &said).await;
        let set = format!("node=node-1; {attributes}");
        assert_eq!(opened.header("set-cookie"), Some(&*set));
    }
}
