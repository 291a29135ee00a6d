//! What an application can set about the hub's HTTP responses, and ask before a session is opened.

mod common;

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, HeaderName, HeaderValue},
};
use common::{
    both,
    http::{UPGRADE, request},
};
use roomcast::{HubBuilder, WebSocketMode, prelude::*, testing::TestServer};

#[derive(EventHandlers)]
#[handles()]
struct Listener;

impl Session for Listener {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=websocket";

fn builder(mode: WebSocketMode) -> HubBuilder {
    Hub::builder()
        .namespace::<Listener>("/")
        .websocket_mode(mode)
}

fn serve(builder: HubBuilder) -> TestServer {
    TestServer::start(builder.build().expect("a hub"))
}

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
    let hooks = builder(mode)
        .initial_headers(setting("x-both", "initial"))
        .initial_headers(setting("x-first", "first"))
        .headers(setting("x-both", "each"));
    let server = serve(hooks);

    let opened = request(&server, "GET", HANDSHAKE, UPGRADE).await;
    assert_eq!(opened.status, 101);
    assert_eq!(
        opened.header("x-first"),
        Some("first GET"),
        "the last one set"
    );
    assert_eq!(opened.header("x-both"), Some("each GET"), "runs last");

    for (method, target, status) in [
        ("POST", HANDSHAKE, 400),
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
    let server = serve(hooks);
    let opened = request(&server, "GET", HANDSHAKE, UPGRADE).await;
    assert_eq!(opened.status, 101);
    assert_eq!(opened.header("x-each"), Some("each GET"));
    assert_eq!(server.hub().stats().panics, 1);
}
