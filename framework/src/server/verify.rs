//! Whether the engine takes a request: section 3 of Engine.IO v4, in its order.

use actix_web::{
    HttpRequest,
    http::{Method, header},
};

use super::{
    http::Http,
    origins::Origins,
    refused::{ErrorContext, Refused},
};
use crate::{
    id::SessionId,
    metrics::Metrics,
    namespace::Core,
    protocol::engine_io::{HandshakeError, Query},
    shard::directory::Requests,
    transport::handshake::is_upgrade,
};

/// What a request that may go on is about.
pub(super) enum Wanted {
    /// A new session.
    Session { websocket: bool },
    /// A request of this polling session.
    Request(Requests),
    /// A WebSocket for it.
    Upgrade(Requests),
    /// A POST of a session whose close its client has just fetched.
    Crossing,
}

/// Steps 1 to 5: everything before the application is asked whether it lets the client in. (Step 3,
/// an illegal character in `Origin`, is a 400 of actix-web's parser, as it is of Node's.)
pub(super) fn verify(
    core: &Core,
    http: &Http,
    req: &HttpRequest,
    query: &Query<'_>,
) -> Result<Wanted, Refused> {
    let config = &core.node.config;
    let upgrade = is_upgrade(req);
    let websocket = match query.transport.as_deref() {
        Some("websocket") if config.allows_websocket() => true,
        Some("polling") if config.allows_polling() && !upgrade => false,
        named => {
            let context = ErrorContext::Transport(named.map(ToOwned::to_owned));
            return Err(Refused::new(HandshakeError::TransportUnknown, context));
        }
    };
    if let Some(allowed) = &http.check_origin {
        verify_origin(allowed, req, &core.node.metrics)?;
    }
    if let Some(sid) = &query.sid {
        let session = match find(core, sid) {
            Err(_) if *req.method() == Method::POST && was_polled_off(core, sid) => {
                return Ok(Wanted::Crossing);
            }
            found => found?,
        };
        let named = |websocket| if websocket { "websocket" } else { "polling" };
        let previous_transport = named(session.is_none());
        let bad_request = |context| Err(Refused::new(HandshakeError::BadRequest, context));
        // A session that is on WebSocket stays there, and one that polls changes by an upgrade.
        let Some(session) =
            session.filter(|_| websocket == upgrade && (!upgrade || config.allows_upgrades()))
        else {
            return bad_request(ErrorContext::TransportMismatch {
                transport: named(websocket),
                previous_transport,
            });
        };
        if !query.is_v4() {
            let eio = query.eio.as_deref().map(ToOwned::to_owned);
            return bad_request(ErrorContext::ProtocolMismatch(eio));
        }
        return Ok(match upgrade {
            true => Wanted::Upgrade(session),
            false => Wanted::Request(session),
        });
    }
    if req.method() != Method::GET {
        let context = ErrorContext::Method(req.method().to_string());
        return Err(Refused::new(HandshakeError::BadMethod, context));
    }
    if websocket != upgrade {
        let context = ErrorContext::TransportHandshake;
        return Err(Refused::new(HandshakeError::BadRequest, context));
    }
    Ok(Wanted::Session { websocket })
}

/// The way to the session of this id, if it is polling.
fn find(core: &Core, sid: &str) -> Result<Option<Requests>, Refused> {
    let sessions = &core.node.directory.sessions;
    let session = SessionId::from_peer(sid).and_then(|session| sessions.get(&session));
    match session {
        Some(place) => Ok(place.requests.as_deref().cloned()),
        None => Err(unknown_session(sid)),
    }
}

/// Whether the node drains and this client has fetched the close.
pub(super) fn was_polled_off(core: &Core, sid: &str) -> bool {
    let session = SessionId::from_peer(sid);
    session.is_some_and(|session| core.node.directory.polled_off.contains(session))
}

pub(super) fn unknown_session(sid: &str) -> Refused {
    let context = ErrorContext::Sid(sid.to_owned());
    Refused::new(HandshakeError::UnknownSession, context)
}

/// CORS keeps no page from opening a WebSocket.
fn verify_origin(allowed: &Origins, req: &HttpRequest, metrics: &Metrics) -> Result<(), Refused> {
    let origin = req.headers().get(header::ORIGIN);
    let Some(origin) = origin.filter(|_| is_upgrade(req)) else {
        return Ok(());
    };
    let origin = String::from_utf8_lossy(origin.as_bytes());
    match allowed.accept(&origin, metrics) {
        true => Ok(()),
        false => {
            let context = ErrorContext::Origin(origin.into_owned());
            Err(Refused::new(HandshakeError::Forbidden, context))
        }
    }
}

/// Step 6, once the application has let the client in.
pub(super) fn verify_version(query: &Query<'_>) -> Result<(), Refused> {
    if query.is_v4() {
        return Ok(());
    }
    let context = ErrorContext::Protocol(query.eio.as_deref().map(ToOwned::to_owned));
    Err(Refused::new(HandshakeError::UnsupportedVersion, context))
}
