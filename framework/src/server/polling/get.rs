//! GETs: each waits until there is something to fetch.

use std::convert::Infallible;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, AcceptEncoding, Encoding, Header},
    },
    web,
};
use tokio::{sync::oneshot, time::sleep};

use super::{tell, uncached};
use crate::{
    config::WebSocketMode,
    namespace::Core,
    server::{compress, refused::Refused, verify::unknown_session},
    shard::directory::Requests,
    transport::{
        handoff, long_answer,
        parked::Parked,
        poll::{Answer, Request},
    },
};

const TEXT: &str = "text/plain; charset=UTF-8";

pub(super) async fn poll(
    core: &Core,
    req: &HttpRequest,
    body: web::Payload,
    session: Requests,
    sid: &str,
) -> Result<HttpResponse, Refused> {
    // Dropped before `waiting`, whose message makes the session look whether anybody waits.
    let waiting = Waiting {
        session: session.clone(),
        answered: false,
    };
    let (answer, mut answered) = oneshot::channel();
    if session.to.send(Request::Poll(answer)).await.is_err() {
        return Err(unknown_session(sid));
    }
    let answer = tokio::select! {
        biased;
        answer = &mut answered => answer,
        // Nobody is left to read this.
        () = handoff::gone(req) => return Ok(HttpResponse::BadRequest().force_close().finish()),
        never = park(core, req, &session) => match never {},
    };
    if let Ok(Answer::Parked(packet)) = answer {
        let patience = core.node.config.close_timeout;
        let head = uncached(req, StatusCode::OK, TEXT);
        // Should it never start, `packet` is dropped before `waiting`, as it is captured before.
        return Ok(Parked::respond(req, body, head, move |parked| {
            actix_web::rt::spawn(async move {
                if parked.answer(packet, patience).await {
                    waiting.ended();
                }
            });
        }));
    }
    waiting.ended();
    match answer {
        Ok(Answer::Payload { body, compress }) => Ok(payload(core, req, body, compress)),
        Ok(_) => Ok(HttpResponse::BadRequest().finish()),
        Err(_) => Err(unknown_session(sid)),
    }
}

/// Asks the session to let go of the HTTP dispatcher once the GET has waited for long.
async fn park(core: &Core, req: &HttpRequest, session: &Requests) -> Infallible {
    let config = &core.node.config;
    if config.websocket_mode == WebSocketMode::Handoff && Parked::is_possible(req) {
        sleep(config.park_polls_after).await;
        tell(session, Request::Park);
    }
    std::future::pending().await
}

/// The answer to the GET that opens a session.
pub(in crate::server) async fn opened(
    core: &Core,
    req: &HttpRequest,
    answered: oneshot::Receiver<Answer>,
) -> Result<HttpResponse, Refused> {
    match answered.await {
        Ok(Answer::Payload { body, compress }) => Ok(payload(core, req, body, compress)),
        // Its worker ends.
        Ok(_) | Err(_) => Ok(HttpResponse::ServiceUnavailable().finish()),
    }
}

/// A GET that waits. Dropped before it is answered, it tells the session that its client has gone.
struct Waiting {
    session: Requests,
    answered: bool,
}

impl Waiting {
    fn ended(mut self) {
        self.answered = true;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.answered {
            tell(&self.session, Request::PollAborted);
        }
    }
}

fn payload(core: &Core, req: &HttpRequest, body: Vec<u8>, compress: bool) -> HttpResponse {
    let mut response = uncached(req, StatusCode::OK, TEXT);
    let metrics = &core.node.metrics;
    let patience = core.node.config.close_timeout;
    let threshold = core.node.config.http_compression;
    if compress
        && threshold.is_some_and(|threshold| body.len() >= threshold)
        && let Ok(accepted) = AcceptEncoding::parse(req)
        && let Some(Encoding::Known(encoding)) = accepted.negotiate(compress::OFFERED.iter())
        && let Some(compressed) = compress::compress(encoding, &body)
    {
        response.insert_header((header::CONTENT_ENCODING, encoding));
        return response.body(long_answer::body(req, compressed, patience, metrics));
    }
    response.body(long_answer::body(req, body, patience, metrics))
}
