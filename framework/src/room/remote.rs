use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use super::broadcast::{Applied, Broadcast};
use crate::{
    error::EmitError,
    event::Event,
    id::SocketId,
    shard::{
        directory::{RoomName, Scope},
        node::Node,
    },
};

/// A socket that [`Broadcast::fetch_sockets`] found: its id, its rooms and data at that
/// moment, and the way to it.
#[derive(Clone)]
pub struct RemoteSocket {
    pub(super) node: Arc<Node>,
    pub(super) scope: Arc<Scope>,
    pub(super) id: SocketId,
    pub(super) rooms: Vec<RoomName>,
    pub(super) data: Option<Arc<String>>,
}

impl RemoteSocket {
    /// The socket's id.
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The rooms it was in, without its private one; in no order.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        self.rooms.iter().map(AsRef::as_ref)
    }

    /// The value that [`Socket::set_data`](crate::Socket::set_data) had given it; `None` if none.
    ///
    /// # Errors
    /// If it does not fit the type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        let data = self.data.as_deref();
        data.map(|json| serde_json::from_str(json)).transpose()
    }

    /// Emits to it.
    ///
    /// # Errors
    /// As [`Broadcast::emit`]. A socket that has gone is none: nobody gets the event.
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.alone().emit(event)
    }

    /// Makes it join rooms.
    pub fn join<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.alone().join(rooms)
    }

    /// Makes it leave rooms.
    pub fn leave<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.alone().leave(rooms)
    }

    /// Disconnects it, or with `close` its whole connection.
    pub fn disconnect(&self, close: bool) -> Applied {
        self.alone().disconnect(close)
    }

    fn alone(&self) -> Broadcast<'_> {
        Broadcast::new(&self.node, &self.scope).to(self.id)
    }
}

impl std::fmt::Debug for RemoteSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteSocket")
            .field("id", &self.id)
            .field("rooms", &self.rooms)
            .finish_non_exhaustive()
    }
}
