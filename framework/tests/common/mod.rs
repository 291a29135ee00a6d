//! What the integration tests share.
#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "no test crate uses all of it"
)]

pub(crate) mod clients;
pub(crate) mod http;
pub(crate) mod journal;
pub(crate) mod listener;
pub(crate) mod member;
pub(crate) mod polling;
pub(crate) mod redis;

pub(crate) use crate::waiting::{until, within};

use std::time::Duration;

use roomcast::{Hub, Session, WebSocketMode, testing::TestServer};

/// Long enough never to happen in a test.
pub(crate) const NEVER: Duration = Duration::from_secs(3600);

/// Runs each of these functions as a test on both transports. One that is not listed is dead code.
macro_rules! both {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use roomcast::WebSocketMode;

            #[actix_web::test]
            async fn handoff() {
                super::$name(WebSocketMode::Handoff).await;
            }

            #[actix_web::test]
            async fn body_stream() {
                super::$name(WebSocketMode::BodyStream).await;
            }
        }
    )*};
}
pub(crate) use both;

/// A server with sessions of one type in the namespace `/`.
pub(crate) fn serve<S: Session>(mode: WebSocketMode) -> TestServer {
    TestServer::start(hub::<S>(mode))
}

pub(crate) fn hub<S: Session>(mode: WebSocketMode) -> Hub {
    Hub::builder()
        .namespace::<S>("/")
        .websocket_mode(mode)
        .build()
        .expect("a hub")
}
