//! Who is told what becomes of single sockets; the cluster layer provides it.

use std::sync::Arc;

use super::directory::RoomName;
use crate::id::SocketId;

/// Hears of the sockets that it has asked for with [`Action::Observe`](super::command::Action);
/// others cost nothing. Called on any worker while none of its state is borrowed, and must not
/// block.
pub(crate) trait Observer: Send + Sync {
    /// The socket has left a room of its namespace.
    fn left(&self, namespace: &Arc<str>, socket: SocketId, room: &RoomName);

    /// The socket has gone, or had when it was asked for.
    fn gone(&self, socket: SocketId);

    /// Does on this thread what it has to do in the background, unless another one does. Called on
    /// a worker.
    fn run_here(self: Arc<Self>);
}

/// What an observer is to be told.
pub(crate) struct Departure {
    pub(super) namespace: Arc<str>,
    pub(super) socket: SocketId,
    /// `None`: the socket has gone.
    pub(super) room: Option<RoomName>,
}

impl Departure {
    pub(super) fn tell(&self, observer: &dyn Observer) {
        match &self.room {
            Some(room) => observer.left(&self.namespace, self.socket, room),
            None => observer.gone(self.socket),
        }
    }
}
