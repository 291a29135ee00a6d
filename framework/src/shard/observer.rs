//! Who is told what becomes of single sockets; the cluster layer provides it.

use std::sync::Arc;

use super::directory::{Address, RoomName, Scope};
use crate::id::SocketId;

/// Hears of the sockets that it has asked for with [`Action::Observe`](super::command::Action);
/// others cost nothing. Called on any worker while none of its state is borrowed, and must not
/// block.
pub(crate) trait Observer: Send + Sync {
    /// The command that entered something about the socket and a room has been done.
    fn entered(&self, namespace: &Arc<str>, socket: SocketId, room: &RoomName);

    /// It has not: the socket is in as many rooms as it may be.
    fn refused(&self, namespace: &Arc<str>, socket: SocketId, room: &RoomName);

    /// The socket has left a room of its namespace, and is still there.
    fn left(&self, namespace: &Arc<str>, socket: SocketId, room: &RoomName);

    /// The socket has gone, or had when it was asked for.
    fn gone(&self, socket: SocketId);

    /// A client has come back to its socket, which is in these rooms again. Called for all sockets.
    fn restored(&self, scope: &Arc<Scope>, socket: Address, rooms: &[RoomName]);

    /// Does on this thread what it has to do in the background, unless another one does. Called on
    /// a worker.
    fn run_here(self: Arc<Self>);
}

/// What an observer is to be told.
pub(crate) struct News {
    pub(super) namespace: Arc<str>,
    pub(super) socket: SocketId,
    pub(super) what: What,
}

pub(crate) enum What {
    Entered(RoomName),
    Refused(RoomName),
    Left(RoomName),
    Gone,
}

impl News {
    pub(super) fn tell(&self, observer: &dyn Observer) {
        match &self.what {
            What::Entered(room) => observer.entered(&self.namespace, self.socket, room),
            What::Refused(room) => observer.refused(&self.namespace, self.socket, room),
            What::Left(room) => observer.left(&self.namespace, self.socket, room),
            What::Gone => observer.gone(self.socket),
        }
    }
}
