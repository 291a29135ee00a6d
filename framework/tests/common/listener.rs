//! A hub whose sessions do nothing, for what happens before there is one.

use actix_web::HttpRequest;
use roomcast::{Forbidden, Handshake, HubBuilder, WebSocketMode, prelude::*, testing::TestServer};

#[derive(EventHandlers)]
#[handles()]
pub(crate) struct Listener;

impl Session for Listener {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

pub(crate) fn builder(mode: WebSocketMode) -> HubBuilder {
    Hub::builder()
        .namespace::<Listener>("/")
        .websocket_mode(mode)
}

pub(crate) fn start(builder: HubBuilder) -> TestServer {
    TestServer::start(builder.build().expect("a hub"))
}

/// For `allow_request`: refuses with the text of the parameter `msg`, or without one; panics at
/// `panic`.
pub(crate) async fn moody(handshake: &Handshake, _: &HttpRequest) -> Result<(), Forbidden> {
    assert!(!handshake.query().contains("panic"), "asked to");
    match handshake.query().rsplit_once("msg=") {
        Some((_, "come-in")) => Ok(()),
        Some((_, text)) => Err(Forbidden::new(text.to_owned())),
        None => Err(Forbidden::default()),
    }
}
