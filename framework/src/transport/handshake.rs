//! Answers the WebSocket opening handshake (RFC 6455 section 4.2) and chooses what carries the
//! connection afterwards.
//!
//! The only file that names `actix_web_actors`, which is used for this and nothing else.

use std::time::Duration;

use actix_web::{
    Error, HttpRequest, HttpResponse, HttpResponseBuilder,
    error::InternalError,
    http::{
        Version,
        header::{self, HeaderValue},
    },
    web,
};
use actix_web_actors::ws::{self, HandshakeError};
use bytes::Bytes;

use super::{body_stream, deflate, handoff, io::Io, poll::Travelling, relay};
use crate::{
    config::{PerMessageDeflate, WebSocketMode},
    protocol::websocket::deflate::WindowBits,
};

/// Answers a WebSocket handshake with the 101 and hands the connection to `start`, with the bytes that
/// the peer sent right behind its handshake: they are nowhere else, so decode them before the first read.
/// With `compression`, `start` also gets the window to deflate with, if the client offers permessage-deflate.
///
/// `start` runs once, within this call or within the HTTP dispatcher's poll, so it should only spawn the
/// connection's task. It does not run at all if the peer vanishes before the 101 is sent, or if a
/// middleware drops the response.
///
/// # Errors
///
/// 405 for another method than GET; 400 for a request that is not a WebSocket handshake of version 8 or
/// 13 over HTTP/1.1, or whose key is not 16 bytes in base64. `start` is dropped.
pub(crate) fn accept(
    req: &HttpRequest,
    payload: web::Payload,
    mode: WebSocketMode,
    compression: Option<&PerMessageDeflate>,
    start: impl FnOnce(Io, Bytes, Option<WindowBits>) + 'static,
) -> Result<HttpResponse, Error> {
    let (mut response, deflate) = answer(req, compression)?;

    let mut kept = handoff::take_socket(req);
    if mode == WebSocketMode::Handoff
        && let Some(socket) = kept.take()
    {
        match handoff::open(socket) {
            Ok(io) => {
                let body =
                    handoff::HandoffBody::new(payload, move |early| start(io, early, deflate));
                return Ok(response.body(body));
            }
            Err(error) => tracing::debug!(%error, "handoff impossible, using the response body"),
        }
    }
    let (io, body) = body_stream::pair(payload, kept, handoff::presence(req));
    start(io, Bytes::new(), deflate);
    Ok(response.body(body))
}

/// Answers a WebSocket handshake whose connection another worker may serve, and gives `start` what
/// can travel there, as [`accept`] does. `patience` is what the peer gets to take the rest once its
/// connection has ended.
///
/// # Errors
///
/// As [`accept`].
pub(crate) fn accept_for_another(
    req: &HttpRequest,
    payload: web::Payload,
    mode: WebSocketMode,
    compression: Option<&PerMessageDeflate>,
    patience: Duration,
    start: impl FnOnce(Travelling, Bytes, Option<WindowBits>) + 'static,
) -> Result<HttpResponse, Error> {
    let (mut response, deflate) = answer(req, compression)?;

    let mut kept = handoff::take_socket(req);
    if mode == WebSocketMode::Handoff
        && let Some(socket) = kept.take()
    {
        let body = handoff::HandoffBody::new(payload, move |early| {
            start(Travelling::Tcp(socket), early, deflate);
        });
        return Ok(response.body(body));
    }
    let (io, body) = body_stream::pair(payload, kept, handoff::presence(req));
    let io = Travelling::Relay(relay::start(io, patience));
    start(io, Bytes::new(), deflate);
    Ok(response.body(body))
}

/// The 101, and what it agrees to.
fn answer(
    req: &HttpRequest,
    compression: Option<&PerMessageDeflate>,
) -> Result<(HttpResponseBuilder, Option<WindowBits>), Error> {
    let mut response = ws::handshake(req).map_err(refuse)?;
    verify(req).map_err(refuse)?;
    let agreed = compression.and_then(|options| deflate::agree(req, options));
    if let Some(agreed) = agreed {
        response.insert_header((header::SEC_WEBSOCKET_EXTENSIONS, agreed.to_string()));
    }
    Ok((response, agreed.map(|agreed| agreed.server_window)))
}

/// Whether the request asks for a WebSocket, as actix-http sees it: only then does it treat what
/// follows as the upgraded stream; behind any other request it would parse the frames as more requests.
pub(crate) fn is_upgrade(req: &HttpRequest) -> bool {
    req.headers().get_all(header::UPGRADE).any(|value| {
        value
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"websocket")
    })
}

/// What `ws::handshake` lets pass.
fn verify(req: &HttpRequest) -> Result<(), HandshakeError> {
    // HTTP/2 has its own way (RFC 8441), and 1.0 no upgrades.
    if req.version() != Version::HTTP_11 {
        return Err(HandshakeError::NoConnectionUpgrade);
    }
    if !is_upgrade(req) || req.headers().contains_key(header::TRANSFER_ENCODING) {
        return Err(HandshakeError::NoWebsocketUpgrade);
    }
    // The drafts 8 to 12 call themselves version 8 and are the same on the wire; version 7 is not.
    let version = req.headers().get(header::SEC_WEBSOCKET_VERSION);
    if !version.is_some_and(|version| version == "13" || version == "8") {
        return Err(HandshakeError::UnsupportedVersion);
    }
    let key = req.headers().get(header::SEC_WEBSOCKET_KEY);
    if !key.is_some_and(is_base64_of_16_bytes) {
        return Err(HandshakeError::BadWebsocketKey);
    }
    Ok(())
}

/// RFC 6455 section 4.2.1, item 5.
fn is_base64_of_16_bytes(key: &HeaderValue) -> bool {
    key.as_bytes().strip_suffix(b"==").is_some_and(|digits| {
        digits.len() == 22
            && digits
                .iter()
                .all(|digit| digit.is_ascii_alphanumeric() || matches!(digit, b'+' | b'/'))
    })
}

/// The answer to a bad handshake. An unsupported version gets 400 rather than actix's 426, as engine.io
/// answers, and the versions that would do (RFC 6455 section 4.4).
fn refuse(error: HandshakeError) -> Error {
    match error {
        HandshakeError::UnsupportedVersion | HandshakeError::NoVersionHeader => {
            let response = HttpResponse::BadRequest()
                .insert_header((header::SEC_WEBSOCKET_VERSION, "13, 8"))
                .finish();
            InternalError::from_response(error, response).into()
        }
        error => error.into(),
    }
}
