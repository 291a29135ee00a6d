//! Handshakes for which there is no place, or no time: what their clients are told.

use std::net::SocketAddr;

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, http::header, web};
use tokio::{sync::OwnedSemaphorePermit, time::Duration};

use super::http::Http;
use crate::{
    namespace::Core,
    protocol::websocket::{Close, CloseCode},
    shard::admission::Denied,
    transport::{
        handshake::{self, is_upgrade},
        turn_away::turn_away,
    },
};

const AT_CAPACITY: &str = "Server at capacity";

/// Refuses a handshake, counts it and traces it. 503 is what proxies take to another node, and count against this one, so it
/// says that the node can serve nobody new; a rate, which has a turn again in a moment, is 429.
///
/// A page cannot read why a WebSocket was not opened, so one for which only the place is missing is opened and
/// closed with a code; but only so many at one time, and none that a proxy passed on, to which 101 is a success.
pub(super) fn refuse(
    core: &Core,
    http: &Http,
    req: &HttpRequest,
    payload: web::Payload,
    denied: Denied,
    address: Option<SocketAddr>,
) -> HttpResponse {
    let reason = denied.reason();
    core.node.metrics.refused_handshakes.add(reason);
    tracing::debug!(peer = ?address, reason, "handshake refused");
    let (mut response, text) = match denied {
        Denied::Full => {
            if is_upgrade(req)
                && !http.is_proxied(req)
                && let Some(telling) = core.node.admission.turn_away()
            {
                return close(core, req, payload, telling);
            }
            (HttpResponse::ServiceUnavailable(), AT_CAPACITY)
        }
        Denied::Draining => (HttpResponse::ServiceUnavailable(), "Server draining"),
        Denied::AddressFull => (
            HttpResponse::TooManyRequests(),
            "too many connections from this address",
        ),
        Denied::TooOften { retry_after } => {
            let response = later(HttpResponse::TooManyRequests(), retry_after);
            (response, "too many handshakes")
        }
        Denied::AddressTooOften { retry_after } => {
            let response = later(HttpResponse::TooManyRequests(), retry_after);
            (response, "too many handshakes from this address")
        }
    };
    response.force_close();
    response.content_type("text/html").body(text)
}

/// In whole seconds, as HTTP has it (RFC 9110 section 10.2.3): rounded up, lest it be too early.
fn later(mut response: HttpResponseBuilder, retry_after: Duration) -> HttpResponseBuilder {
    let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
    response.insert_header((header::RETRY_AFTER, seconds));
    response
}

/// Takes the handshake and closes with 1008. `telling` is held meanwhile.
fn close(
    core: &Core,
    req: &HttpRequest,
    payload: web::Payload,
    telling: OwnedSemaphorePermit,
) -> HttpResponse {
    let config = &core.node.config;
    let (mode, patience) = (config.websocket_mode, config.close_timeout);
    let close = Close {
        code: CloseCode::POLICY_VIOLATION,
        reason: AT_CAPACITY,
    };
    let accepted = handshake::accept(req, payload, mode, None, move |io, _, _| {
        actix_web::rt::spawn(async move {
            turn_away(io, close, patience).await;
            drop(telling);
        });
    });
    accepted.unwrap_or_else(|error| error.error_response())
}
