//! What a session leaves when it ends, so that its client may come back to it.

use std::sync::Arc;

use super::actor::Link;
use crate::{
    error::DisconnectReason,
    namespace::{Kept, Live, Socket},
    room::reserved,
    shard::{directory::RoomName, retained::Saved, ticket::Ticket},
    supervision::catch,
};

/// The rooms that the client is in when it comes back.
fn rooms_to_keep(socket: &Socket) -> Arc<[RoomName]> {
    let rooms = socket.last_rooms();
    match rooms.iter().any(|room| reserved::is_of_watchers(room)) {
        true => {
            let rooms = rooms.iter();
            let kept = rooms.filter(|room| !reserved::is_of_watchers(room));
            kept.cloned().collect()
        }
        false => rooms,
    }
}

/// Whether the client may come back to its session: after a shutdown to another node.
pub(super) fn may_come_back(socket: &Socket, reason: DisconnectReason) -> bool {
    let elsewhere = reason == DisconnectReason::ServerShuttingDown;
    reason.is_recoverable() || elsewhere && socket.scope().shared_log().is_some()
}

impl Link {
    /// What lets the client of a session that ends now come back to it, as soon as it is dropped.
    pub(super) fn ticket(
        &self,
        socket: &Socket,
        session: &dyn Live,
        reason: DisconnectReason,
    ) -> Option<Ticket> {
        let (it, store) = (socket.recoverable()?, socket.scope().recovery.as_ref()?);
        let lost = store.has_lost(self.key.worker, it.live_from) || store.outside() != it.outside;
        if !may_come_back(socket, reason) || lost {
            socket.forget();
            return None;
        }
        let state = match catch(|| session.save()) {
            Ok(state) => state,
            Err(panic) => {
                self.panicked("save", socket, &panic);
                return None;
            }
        };
        self.core.node.metrics.recovery_saved.add(1);
        let until = store.expiry();
        let session = Saved {
            pid: it.pid,
            id: socket.id(),
            rooms: rooms_to_keep(socket),
            floor: it.floor(),
            kept: Arc::new(Kept::of(socket, state)),
            data: socket.json(),
            // Nobody comes back to a socket that has expired.
            until: socket.expiry().map_or(until, |expiry| expiry.min(until)),
            copy: None,
            expires: socket.expiry(),
        };
        Some(Ticket::new(socket.node(), socket.scope(), session))
    }
}
