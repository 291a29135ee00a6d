use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::{NamespaceInner, SessionState, Socket, extensions::Values};
use crate::{
    id::PrivateId,
    shard::{offset::Offset, retained::Saved},
};

/// What a socket leaves for the one that takes its place.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    pub(crate) state: Option<SessionState>,
    extensions: Values,
    data: Option<Arc<String>>,
    expiry: Option<Instant>,
    /// It is from another node, which had the middleware's values.
    elsewhere: bool,
    /// A dynamic namespace lives as long as anyone may come back to it.
    _child: Option<Arc<NamespaceInner>>,
}

impl Kept {
    pub(crate) fn of(socket: &Socket, state: Option<SessionState>) -> Self {
        let namespace = socket.namespace_inner();
        Self {
            state,
            extensions: socket.extensions().values(),
            data: socket.extras().data.json(),
            expiry: socket.expiry(),
            elsewhere: false,
            _child: namespace.is_child().then(|| Arc::clone(namespace)),
        }
    }

    /// Of a session that comes from another node.
    pub(crate) fn elsewhere(data: Option<Arc<String>>, expiry: Option<Instant>) -> Self {
        Self {
            data,
            expiry,
            elsewhere: true,
            ..Self::default()
        }
    }

    /// Gives it to the socket that has taken the place, and is there already.
    pub(crate) fn give(self, socket: &Socket) {
        socket.extensions().take_over(self.extensions);
        if let Some(data) = self.data
            && let Err(error) = socket.set_json(data)
        {
            tracing::debug!(%error, "the data of a restored socket was not set");
        }
        if self.expiry.is_some()
            && let Err(error) = socket.expire(self.expiry)
        {
            tracing::debug!(%error, "the expiry of a restored socket was not set");
        }
    }
}

/// What a socket needs for its client to come back to it (Socket.IO v5, section 8).
pub(crate) struct Recoverable {
    pub(crate) pid: PrivateId,
    /// The client came back to it.
    pub(crate) recovered: bool,
    /// What the session kept while the client was away.
    pub(crate) state: Option<SessionState>,
    /// What the middleware left for the session is there.
    pub(crate) extended: bool,
    /// The newest event when the socket got its place on this connection.
    pub(crate) live_from: Offset,
    /// How many events had been delivered outside of the log then.
    pub(crate) outside: u64,
    seen: Mutex<Seen>,
}

/// What the client has certainly seen. Without this, a client for which nothing came for longer
/// than events are kept could not come back: its offset would name one that is gone.
struct Seen {
    floor: Offset,
    /// The newest event when the last pong came: older than the ping that is answered next.
    at_last_pong: Offset,
}

impl Recoverable {
    /// `head` is the newest event, which the client will not get.
    pub(crate) fn fresh(pid: PrivateId, head: Offset, outside: u64) -> Self {
        Self {
            pid,
            recovered: false,
            state: None,
            extended: false,
            live_from: head,
            outside,
            seen: Mutex::new(Seen {
                floor: head,
                at_last_pong: head,
            }),
        }
    }

    /// `head` is the newest event now, all of which the client is sent.
    pub(crate) fn restored(session: &Saved, kept: &Kept, head: Offset, outside: u64) -> Self {
        Self {
            recovered: true,
            state: kept.state.clone(),
            extended: !kept.elsewhere,
            live_from: head,
            ..Self::fresh(session.pid, session.floor, outside)
        }
    }

    /// The client has answered a ping. Everything up to `head` has been handed to its outbox.
    pub(crate) fn pong(&self, head: Offset) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.floor = seen.at_last_pong;
        seen.at_last_pong = head;
    }

    pub(crate) fn floor(&self) -> Offset {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.floor
    }
}
