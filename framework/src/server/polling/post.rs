//! POSTs: each is answered when the session has taken all of it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use futures_util::{FutureExt, StreamExt};
use tokio::{sync::oneshot, time::timeout};

use super::{tell, uncached};
use crate::{
    namespace::Core,
    server::{http::Http, verify::was_polled_off},
    shard::directory::Requests,
    transport::poll::Request,
};

pub(super) async fn post(
    core: &Core,
    req: &HttpRequest,
    payload: web::Payload,
    session: Requests,
    sid: &str,
) -> HttpResponse {
    let refuse = || HttpResponse::BadRequest().force_close().finish();
    let content_type = req.headers().get(header::CONTENT_TYPE);
    if content_type.is_some_and(|value| value == "application/octet-stream") {
        let _ = session.to.send(Request::Violation("octet_stream")).await;
        return refuse();
    }
    let Some(permit) = session.permits.post() else {
        let _ = session.to.send(Request::Violation("second_post")).await;
        return refuse();
    };
    let mut posting = Posting {
        session: &session,
        received: false,
    };
    let body = match receive(core, payload, &session).await {
        Ok(body) => body,
        Err(Broken::Off) => return refuse(),
        Err(Broken::TooLarge) => {
            posting.received = true;
            // A session that drains waits for the body.
            tell(&session, Request::TooLarge);
            core.node.metrics.refused_packets.add("payload_too_large");
            tracing::debug!(
                peer = ?core.states.of::<Http>().client(req).address,
                reason = "payload_too_large",
                limit = core.node.config.max_http_buffer_size,
                "packet refused"
            );
            return HttpResponse::PayloadTooLarge().force_close().finish();
        }
    };
    posting.received = true;
    // As Node decodes it: what is not UTF-8 is replaced.
    let body = String::from_utf8(body)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    let (done, taken) = oneshot::channel();
    let sent = session.to.send(Request::Post { body, permit, done }).await;
    if (sent.is_err() || taken.await.is_err()) && !was_polled_off(core, sid) {
        return refuse();
    }
    ok(req)
}

fn ok(req: &HttpRequest) -> HttpResponse {
    uncached(req, StatusCode::OK, "text/html").body("ok")
}

/// Answers a POST that has crossed the close of a node that drains: like one that comes while its session
/// closes, it is taken, and nobody handles what is in it.
pub(in crate::server) async fn crossing(
    core: &Core,
    req: &HttpRequest,
    mut payload: web::Payload,
) -> HttpResponse {
    let read = async { while let Some(Ok(_)) = payload.next().await {} };
    let _ = timeout(core.node.config.close_timeout, read).await;
    ok(req)
}

/// Why there is no body.
enum Broken {
    /// The client has gone, or its session.
    Off,
    TooLarge,
}

async fn receive(
    core: &Core,
    mut payload: web::Payload,
    session: &Requests,
) -> Result<Vec<u8>, Broken> {
    let limit = core.node.config.max_http_buffer_size;
    let mut body = Vec::new();
    let mut ended = None;
    loop {
        let chunk = match payload.next().now_or_never() {
            Some(chunk) => chunk,
            None => {
                // Not for a body that is there at once, as most are.
                let ended = ended.get_or_insert_with(|| {
                    let (receiving, ended) = oneshot::channel();
                    tell(session, Request::Posting(receiving));
                    ended
                });
                tokio::select! {
                    chunk = payload.next() => chunk,
                    _ = ended => return Err(Broken::Off),
                }
            }
        };
        match chunk {
            None => return Ok(body),
            Some(Err(_)) => return Err(Broken::Off),
            Some(Ok(chunk)) if body.len() + chunk.len() > limit => return Err(Broken::TooLarge),
            Some(Ok(chunk)) => body.extend_from_slice(&chunk),
        }
    }
}

/// A POST under way. Dropped with the request before it was received whole, it tells the session.
struct Posting<'a> {
    session: &'a Requests,
    received: bool,
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        if !self.received {
            tell(self.session, Request::Violation("post_aborted"));
        }
    }
}
