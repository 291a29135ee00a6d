//! The requests that the hub answers below its path.

use std::{
    any::Any,
    sync::{Arc, atomic::Ordering},
};

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Extensions,
    http::{Method, header},
    web::{self, ServiceConfig},
};

use super::client_js;
use crate::{
    connection::Connection,
    id::SessionId,
    namespace::{Core, Handshake, Hub},
    protocol::engine_io::{HandshakeError, Query},
    transport::{handoff, handshake},
};

impl Hub {
    /// Registers the hub's routes; for [`App::configure`](actix_web::App::configure), in a scope
    /// and behind middleware if you like.
    pub fn mount(&self) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
        let core = Arc::clone(&self.core);
        move |config| {
            let path = format!("{}/{{tail:.*}}", core.node.config.path);
            let answer = move |req: HttpRequest, payload: web::Payload| {
                let response = answer(&core, &req, payload);
                async move { response }
            };
            config.service(web::resource(path).to(answer));
        }
    }

    /// Keeps the sockets of new connections, so that WebSockets can be handed off; for
    /// [`HttpServer::on_connect`](actix_web::HttpServer::on_connect). Without it, over TLS and on
    /// other platforms than Unix, they are served behind the response body
    /// ([`WebSocketMode::BodyStream`](crate::WebSocketMode::BodyStream)).
    ///
    /// Each plain HTTP connection holds one more descriptor for as long as it lives.
    pub fn on_connect(&self) -> impl Fn(&dyn Any, &mut Extensions) + Send + Clone + use<> {
        handoff::keep_socket
    }
}

fn answer(core: &Arc<Core>, req: &HttpRequest, payload: web::Payload) -> HttpResponse {
    if req.match_info().query("tail") == "client.js" {
        return client_js::serve(req);
    }
    let upgrade = is_upgrade(req);
    match engine(core, req, upgrade, payload) {
        Ok(response) => response,
        Err(error) => {
            core.node.metrics.refused_handshakes.add(reason(error));
            tracing::debug!(peer = ?req.peer_addr(), %error, "handshake refused");
            refuse(error, upgrade)
        }
    }
}

fn is_upgrade(req: &HttpRequest) -> bool {
    let upgrade = req.headers().get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Section 3 of Engine.IO v4, in its order.
fn engine(
    core: &Arc<Core>,
    req: &HttpRequest,
    upgrade: bool,
    payload: web::Payload,
) -> Result<HttpResponse, HandshakeError> {
    let node = &core.node;
    let query = Query::parse(req.query_string());
    if query.transport.as_deref() != Some("websocket") {
        return Err(HandshakeError::TransportUnknown);
    }
    if let Some(sid) = &query.sid {
        let known = SessionId::from_peer(sid)
            .is_some_and(|session| node.directory.sessions.contains_key(&session));
        // A session that began on WebSocket stays there.
        return Err(match known {
            true => HandshakeError::BadRequest,
            false => HandshakeError::UnknownSession,
        });
    }
    if req.method() != Method::GET {
        return Err(HandshakeError::BadMethod);
    }
    if !upgrade {
        return Err(HandshakeError::BadRequest);
    }
    if !query.is_v4() {
        return Err(HandshakeError::UnsupportedVersion);
    }
    if let Some(busy) = unavailable(core) {
        return Ok(busy);
    }
    open(core, req, payload)
}

/// Whether the node takes no more connections, and the answer that says so.
fn unavailable(core: &Core) -> Option<HttpResponse> {
    let node = &core.node;
    let (reason, text) = if node.draining.load(Ordering::Acquire) {
        ("shutting_down", "shutting down")
    } else {
        let limit = node.config.max_connections?;
        let open = usize::try_from(node.metrics.connections.get()).unwrap_or(usize::MAX);
        if open < limit {
            return None;
        }
        ("max_connections", "too many connections")
    };
    node.metrics.refused_handshakes.add(reason);
    let mut response = HttpResponse::ServiceUnavailable();
    response.force_close();
    Some(response.content_type("text/html").body(text))
}

fn open(
    core: &Arc<Core>,
    req: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, HandshakeError> {
    let Some(shard) = core.node.local_or_start() else {
        tracing::error!("the hub has as many workers as it can");
        return Ok(HttpResponse::ServiceUnavailable().finish());
    };
    let session = SessionId::random().map_err(|error| {
        tracing::error!(%error, "the system's random source failed");
        HandshakeError::BadRequest
    })?;
    let mode = core.node.config.websocket_mode;
    let compression = core.node.config.per_message_deflate.as_ref();
    let headers = req.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let seen = Handshake::new(
        &req.uri().to_string(),
        headers,
        req.peer_addr(),
        req.app_config().secure(),
    );
    let started = Arc::clone(core);
    let accepted = handshake::accept(req, payload, mode, compression, move |io, early, agreed| {
        Connection::start(started, shard, session, seen, io, early, agreed);
    });
    accepted.or_else(|error| {
        core.node.metrics.refused_handshakes.add("websocket");
        Ok(error.error_response())
    })
}

fn reason(error: HandshakeError) -> &'static str {
    match error {
        HandshakeError::TransportUnknown => "transport_unknown",
        HandshakeError::UnknownSession => "session_id_unknown",
        HandshakeError::BadMethod => "bad_handshake_method",
        HandshakeError::BadRequest => "bad_request",
        HandshakeError::UnsupportedVersion => "unsupported_protocol_version",
    }
}

/// A plain request gets the code as JSON; an upgrade always 400 and the bare text (section 3).
fn refuse(error: HandshakeError, upgrade: bool) -> HttpResponse {
    if upgrade {
        let mut response = HttpResponse::BadRequest();
        response.force_close();
        return response.content_type("text/html").body(error.message());
    }
    HttpResponse::BadRequest()
        .content_type("application/json")
        .body(error.body())
}
