//! The rooms of a socket, and what it emits to the others in them.

use std::borrow::Cow;

use super::Socket;
use crate::{
    error::EmitError,
    room::{Broadcast, reserved},
};

impl Socket {
    /// Joins a room. The socket receives what this task emits to the room afterwards, and nothing that
    /// it emitted before.
    ///
    /// The id of another socket is the name of its private room, and, as in Socket.IO, not refused: who
    /// joins it gets what is emitted to that id. Put a prefix before names that clients choose.
    ///
    /// # Errors
    /// [`EmitError::Disconnected`]; [`EmitError::ReservedRoom`]; on the thread of the socket's worker
    /// [`EmitError::TooManyRooms`]; on another thread [`EmitError::Overloaded`], and there a join beyond
    /// [`max_rooms_per_socket`](crate::HubBuilder::max_rooms_per_socket) is only counted.
    pub fn join(&self, room: impl AsRef<str>) -> Result<(), EmitError> {
        reserved::refuse(&room)?;
        if let Some(shard) = self.node().local()
            && shard.worker == self.0.slot.worker
            && !shard.may_join(self.0.slot, self.scope(), room.as_ref())
        {
            return Err(EmitError::TooManyRooms);
        }
        self.join_any(room)
    }

    /// Leaves a room; does nothing if the socket is not in it.
    ///
    /// # Errors
    /// [`EmitError::Disconnected`]; [`EmitError::ReservedRoom`]; [`EmitError::Overloaded`] if called on
    /// another thread than that of the socket's worker.
    pub fn leave(&self, room: impl AsRef<str>) -> Result<(), EmitError> {
        reserved::refuse(&room)?;
        self.leave_any(room)
    }

    /// The rooms that the socket is in, in no particular order and without its private room; after it
    /// was disconnected, the rooms that it was in. On another thread than that of the socket's worker,
    /// only the latter.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        let rooms = match self.0.last_rooms.get() {
            Some(rooms) => rooms.to_vec(),
            None => self
                .node()
                .local()
                .filter(|shard| shard.worker == self.0.slot.worker)
                .map(|shard| shard.rooms(self.0.slot, self.scope().id))
                .unwrap_or_default(),
        };
        let rooms = rooms.iter().filter(|room| !reserved::is_reserved(room));
        rooms.map(ToString::to_string).collect()
    }

    /// Addresses the members of a room, except this socket.
    pub fn to<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.broadcast().to(room)
    }

    /// Addresses all sockets of the namespace, except this one and the members of a room.
    pub fn except<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.broadcast().except(room)
    }

    /// Addresses all sockets of the namespace, except this one.
    pub fn broadcast<'a>(&self) -> Broadcast<'a> {
        Broadcast::new(self.node(), self.scope()).except_socket(self.address())
    }
}
