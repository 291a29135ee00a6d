//! The requests of polling sessions (Engine.IO v4, section 6). A session lives on one worker, its
//! requests come to any: they travel as messages, and are answered here.

use std::sync::atomic::Ordering;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        Method, StatusCode,
        header::{self, AcceptEncoding, CacheControl, CacheDirective, Encoding, Header},
    },
    web,
};
use futures_util::StreamExt;
use tokio::sync::oneshot;

use super::{
    compress,
    refused::{ErrorContext, Refused},
    verify::unknown_session,
};
use crate::{
    namespace::Core,
    protocol::engine_io::HandshakeError,
    shard::directory::Requests,
    transport::{
        handoff, handshake,
        poll::{Answer, Request},
    },
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
        Method::GET => poll(core, req, session, sid).await,
        Method::POST => Ok(post(core, req, payload, session).await),
        _ => Ok(HttpResponse::InternalServerError().finish()),
    }
}

async fn poll(
    core: &Core,
    req: &HttpRequest,
    session: Requests,
    sid: &str,
) -> Result<HttpResponse, Refused> {
    let mut waiting = Waiting {
        session: &session,
        answered: true,
    };
    // Dropped before `waiting`, whose message makes the session look whether anybody waits.
    let (answer, mut answered) = oneshot::channel();
    if session.to.send(Request::Poll(answer)).await.is_err() {
        return Err(unknown_session(sid));
    }
    waiting.answered = false;
    let answer = tokio::select! {
        biased;
        answer = &mut answered => answer,
        () = handoff::gone(req) => {
            return Err(Refused::new(HandshakeError::BadRequest, ErrorContext::Aborted));
        }
    };
    waiting.answered = true;
    match answer {
        Ok(Answer::Payload(body)) => Ok(payload(core, req, body)),
        Ok(Answer::Refused) => Ok(HttpResponse::BadRequest().finish()),
        Err(_) => Err(unknown_session(sid)),
    }
}

/// The answer to the GET that opens a session.
pub(super) async fn opened(
    core: &Core,
    req: &HttpRequest,
    answered: oneshot::Receiver<Answer>,
) -> Result<HttpResponse, Refused> {
    match answered.await {
        Ok(Answer::Payload(body)) => Ok(payload(core, req, body)),
        // Its worker ends.
        Ok(Answer::Refused) | Err(_) => Ok(HttpResponse::ServiceUnavailable().finish()),
    }
}

/// A GET that waits. Dropped before it is answered, it tells the session that its client has gone.
struct Waiting<'a> {
    session: &'a Requests,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            // Each clone of an address brings a slot of the mailbox with it.
            let _ = self.session.to.clone().try_send(Request::PollAborted);
        }
    }
}

fn payload(core: &Core, req: &HttpRequest, body: Vec<u8>) -> HttpResponse {
    let mut response = uncached(req, StatusCode::OK, "text/plain; charset=UTF-8");
    let threshold = core.node.config.http_compression;
    if threshold.is_some_and(|threshold| body.len() >= threshold)
        && let Ok(accepted) = AcceptEncoding::parse(req)
        && let Some(Encoding::Known(encoding)) = accepted.negotiate(compress::OFFERED.iter())
        && let Some(compressed) = compress::compress(encoding, &body)
    {
        return response
            .insert_header((header::CONTENT_ENCODING, encoding))
            .body(compressed);
    }
    response.body(body)
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

async fn post(
    core: &Core,
    req: &HttpRequest,
    mut payload: web::Payload,
    session: Requests,
) -> HttpResponse {
    let refuse = || HttpResponse::BadRequest().force_close().finish();
    let content_type = req.headers().get(header::CONTENT_TYPE);
    if content_type.is_some_and(|value| value == "application/octet-stream") {
        let _ = session.to.send(Request::Violation("octet_stream")).await;
        return refuse();
    }
    if session.posting.swap(true, Ordering::AcqRel) {
        let _ = session.to.send(Request::Violation("second_post")).await;
        return refuse();
    }
    let mut posting = Posting {
        session: &session,
        received: false,
    };
    let limit = core.node.config.max_http_buffer_size;
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let Ok(chunk) = chunk else {
            return refuse();
        };
        if body.len() + chunk.len() > limit {
            posting.received = true;
            core.node.metrics.refused_packets.add("payload_too_large");
            return HttpResponse::PayloadTooLarge().force_close().finish();
        }
        body.extend_from_slice(&chunk);
    }
    posting.received = true;
    // As Node decodes it: what is not UTF-8 is replaced.
    let body = String::from_utf8(body)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    let (done, taken) = oneshot::channel();
    let sent = session.to.send(Request::Post { body, done }).await;
    if sent.is_err() || taken.await.is_err() {
        return refuse();
    }
    uncached(req, StatusCode::OK, "text/html").body("ok")
}

/// A POST under way. Dropped with the request before it was received whole, it tells the session.
struct Posting<'a> {
    session: &'a Requests,
    received: bool,
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.session.posting.store(false, Ordering::Release);
        if !self.received {
            let broken = Request::Violation("post_aborted");
            let _ = self.session.to.clone().try_send(broken);
        }
    }
}

/// Hands a WebSocket that wants to take over to its session.
pub(super) fn upgrade(
    core: &Core,
    req: &HttpRequest,
    payload: web::Payload,
    session: Requests,
) -> HttpResponse {
    let mode = core.node.config.websocket_mode;
    let compression = core.node.config.per_message_deflate.as_ref();
    let start = move |io, early, deflate| {
        // A session that has just ended drops it, and the connection with it.
        let _ = session.to.try_send(Request::Upgrade { io, early, deflate });
    };
    let accepted = handshake::accept_for_another(req, payload, mode, compression, start);
    accepted.unwrap_or_else(|error| {
        core.node.metrics.refused_handshakes.add("websocket");
        error.error_response()
    })
}
