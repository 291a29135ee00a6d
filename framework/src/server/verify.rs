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
    namespace::Core,
    protocol::engine_io::{HandshakeError, Query},
};

/// Whether the request asks for a WebSocket.
pub(super) fn is_upgrade(req: &HttpRequest) -> bool {
    let upgrade = req.headers().get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Steps 1 to 5: everything before the application is asked whether it lets the client in. (Step 3,
/// an illegal character in `Origin`, is a 400 of actix-web's parser, as it is of Node's.)
pub(super) fn verify(
    core: &Core,
    http: &Http,
    req: &HttpRequest,
    query: &Query<'_>,
) -> Result<(), Refused> {
    if query.transport.as_deref() != Some("websocket") {
        let named = query.transport.as_deref().map(ToOwned::to_owned);
        let context = ErrorContext::Transport(named);
        return Err(Refused::new(HandshakeError::TransportUnknown, context));
    }
    if let Some(allowed) = &http.check_origin {
        verify_origin(allowed, req)?;
    }
    if let Some(sid) = &query.sid {
        let sessions = &core.node.directory.sessions;
        let known =
            SessionId::from_peer(sid).is_some_and(|session| sessions.contains_key(&session));
        // A session that began on WebSocket stays there.
        return Err(match known {
            true => Refused::new(
                HandshakeError::BadRequest,
                ErrorContext::TransportMismatch("websocket".to_owned()),
            ),
            false => Refused::new(
                HandshakeError::UnknownSession,
                ErrorContext::Sid(sid.clone().into_owned()),
            ),
        });
    }
    if req.method() != Method::GET {
        let context = ErrorContext::Method(req.method().to_string());
        return Err(Refused::new(HandshakeError::BadMethod, context));
    }
    if !is_upgrade(req) {
        let context = ErrorContext::TransportHandshake;
        return Err(Refused::new(HandshakeError::BadRequest, context));
    }
    Ok(())
}

/// CORS keeps no page from opening a WebSocket.
fn verify_origin(allowed: &Origins, req: &HttpRequest) -> Result<(), Refused> {
    let origin = req.headers().get(header::ORIGIN);
    let Some(origin) = origin.filter(|_| is_upgrade(req)) else {
        return Ok(());
    };
    let origin = String::from_utf8_lossy(origin.as_bytes());
    match allowed.accept(&origin) {
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
