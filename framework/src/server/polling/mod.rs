//! The requests of polling sessions (Engine.IO v4, section 6). A session lives on one worker, its
//! requests come to any: they travel as messages, and are answered here.

mod get;
mod post;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        Method, StatusCode,
        header::{self, CacheControl, CacheDirective},
    },
    web,
};

pub(super) use self::{get::opened, post::crossing};
use super::refused::{self, ErrorContext, Refused};
use crate::{
    namespace::Core,
    protocol::engine_io::HandshakeError,
    shard::directory::Requests,
    transport::{handshake, poll::Request},
};

/// Answers a request that names a polling session.
pub(super) async fn answer(
    core: &Core,
    req: &HttpRequest,
    payload: web::Payload,
    session: Requests,
    sid: &str,
) -> Result<HttpResponse, Refused> {
    match *req.method() {
        Method::GET => get::poll(core, req, payload, session, sid).await,
        Method::POST => Ok(post::post(core, req, payload, session, sid).await),
        _ => Ok(HttpResponse::InternalServerError().finish()),
    }
}

/// Tells the session what it does not have to answer. An ended one needs to know nothing.
fn tell(session: &Requests, request: Request) {
    // Each clone of an address brings a slot of the mailbox with it.
    let _ = session.to.clone().try_send(request);
}

fn uncached(req: &HttpRequest, status: StatusCode, content_type: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .content_type(content_type)
        .insert_header(CacheControl(vec![CacheDirective::NoStore]));
    // Old Internet Explorers take a payload for an attack (engine.io does the same).
    let agent = req.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    if agent.is_some_and(|agent| agent.contains(";MSIE") || agent.contains("Trident/")) {
        response.insert_header(("X-XSS-Protection", "0"));
    }
    response
}

/// Hands a WebSocket that wants to take over to its session.
pub(super) fn upgrade(
    core: &Core,
    req: &HttpRequest,
    payload: web::Payload,
    session: Requests,
) -> Result<HttpResponse, Refused> {
    // Each attempt holds a socket that no limit counts.
    let Some(permit) = session.permits.upgrade() else {
        let context = ErrorContext::TransportMismatch {
            transport: "websocket",
            previous_transport: "polling",
        };
        return Err(Refused::new(HandshakeError::BadRequest, context));
    };
    let mode = core.node.config.websocket_mode;
    let compression = core.node.config.per_message_deflate.as_ref();
    let start = move |io, early, deflate| {
        // A session that has just ended drops it, and the connection with it.
        let upgrade = Request::Upgrade {
            io,
            early,
            deflate,
            permit,
        };
        tell(&session, upgrade);
    };
    let patience = core.node.config.close_timeout;
    let accepted = handshake::accept_for_another(req, payload, mode, compression, patience, start);
    Ok(accepted.unwrap_or_else(|error| refused::not_a_websocket(core, req, &error)))
}
