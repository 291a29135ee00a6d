//! Handshakes for which there is no place, or no time: what their clients are told.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, http::header, web};
use tokio::{sync::OwnedSemaphorePermit, time::Duration};

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

/// Refuses a handshake, and counts it. A page cannot read why a WebSocket was not opened, so one for which only
/// the place is missing is opened and closed with a code; but only so many at one time, and others get an answer.
pub(super) fn refuse(
    core: &Core,
    req: &HttpRequest,
    payload: web::Payload,
    denied: Denied,
) -> HttpResponse {
    core.node.metrics.refused_handshakes.add(denied.reason());
    let (mut response, text) = match denied {
        Denied::Full => {
            if is_upgrade(req)
                && let Some(telling) = core.node.admission.turn_away()
            {
                return close(core, req, payload, telling);
            }
            (HttpResponse::ServiceUnavailable(), AT_CAPACITY)
        }
        Denied::Draining => (HttpResponse::ServiceUnavailable(), "shutting down"),
        Denied::AddressFull => (
            HttpResponse::TooManyRequests(),
            "too many connections from this address",
        ),
        Denied::TooOften { retry_after } => {
            let response = later(HttpResponse::ServiceUnavailable(), retry_after);
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
