//! Events that no typed handler is listed for.

use super::{
    Session,
    handlers::plain,
    live::{LocalFuture, Outcome, refuse},
};
use crate::event::{RawEvent, Rejection, RejectionKind};

/// Starts [`Session::unhandled`].
pub(super) fn call<S: Session>(
    mut session: Box<S>,
    event: RawEvent,
    socket: S::Socket,
) -> LocalFuture<Outcome> {
    Box::pin(async move {
        let (name, ack) = (event.name.clone(), event.ack);
        let result = session.unhandled(event, &socket).await;
        let unhandled = |rejection: &Rejection| rejection.kind() == RejectionKind::Unhandled;
        if !result.as_ref().is_err_and(unhandled) {
            plain::<S>(&socket).metrics().events.add(1);
        }
        let reply = result.and_then(|reply| {
            let (Some(reply), Some(id)) = (reply, ack) else {
                return Ok(None);
            };
            let socket = plain::<S>(&socket);
            let nsp = socket.namespace_name();
            let frame = socket
                .node()
                .packet(|out| reply.encode(&name, nsp, id, out));
            frame.map(Some).map_err(Rejection::from)
        });
        let reply = reply
            .unwrap_or_else(|rejection| refuse(&mut *session, &name, &rejection, ack, &socket));
        Outcome { session, reply }
    })
}
