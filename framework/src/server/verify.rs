//! Whether the engine takes a request: section 3 of Engine.IO v4, in its order.

use actix_web::{
    HttpRequest,
    http::{Method, header},
};

use crate::{
    id::SessionId,
    namespace::Core,
    protocol::engine_io::{HandshakeError, Query},
};

/// Whether the request asks for a WebSocket.
pub(super) fn is_upgrade(req: &HttpRequest) -> bool {
    let upgrade = req.headers().get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Steps 1 to 5: everything before the application is asked whether it lets the client in.
pub(super) fn verify(
    core: &Core,
    req: &HttpRequest,
    query: &Query<'_>,
) -> Result<(), HandshakeError> {
    if query.transport.as_deref() != Some("websocket") {
        return Err(HandshakeError::TransportUnknown);
    }
    if let Some(sid) = &query.sid {
        let sessions = &core.node.directory.sessions;
        let known =
            SessionId::from_peer(sid).is_some_and(|session| sessions.contains_key(&session));
        // A session that began on WebSocket stays there.
        return Err(match known {
            true => HandshakeError::BadRequest,
            false => HandshakeError::UnknownSession,
        });
    }
    if req.method() != Method::GET {
        return Err(HandshakeError::BadMethod);
    }
    if !is_upgrade(req) {
        return Err(HandshakeError::BadRequest);
    }
    Ok(())
}
