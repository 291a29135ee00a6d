use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    broadcast::{Applied, Broadcast},
    reserved,
};
use crate::{
    error::{AckError, EmitError},
    event::{Event, RawAck},
    id::SocketId,
    shard::{
        directory::{RoomName, Scope},
        handshake::Handshake,
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
    pub(super) opened: Opened,
}

/// The request that opened a connection.
#[derive(Clone)]
pub(super) enum Opened {
    Here(Arc<Handshake>),
    /// In Socket.IO's form.
    Elsewhere(Arc<str>),
}

impl RemoteSocket {
    /// The socket's id.
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The rooms it was in, without its private one; in no order.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        let rooms = self.rooms.iter().map(AsRef::as_ref);
        rooms.filter(|room| !reserved::is_reserved(room))
    }

    /// The value that [`Socket::set_data`](crate::Socket::set_data) had given it; `None` if none.
    ///
    /// # Errors
    /// If it does not fit the type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        let data = self.data.as_deref();
        data.map(|json| serde_json::from_str(json)).transpose()
    }

    /// The request that opened its connection, in Socket.IO's form: `headers`, `time`, `address`,
    /// `xdomain`, `secure`, `issued`, `url`, `query`, `auth`; read as whatever you need of it. A node
    /// of roomcast leaves `auth` empty: it holds what clients prove themselves with.
    ///
    /// # Errors
    /// If it does not fit the type.
    pub fn handshake<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match &self.opened {
            Opened::Here(handshake) => serde_json::from_str(&handshake.json()),
            Opened::Elsewhere(json) => serde_json::from_str(json),
        }
    }

    /// Whether it is a socket of this node.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.is_there()
    }

    /// Emits to it.
    ///
    /// # Errors
    /// As [`Broadcast::emit`]. A socket that has gone is none: nobody gets the event.
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.alone().emit(event)
    }

    /// Emits an untyped event; `args` must serialize to a list.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError> {
        self.alone().emit_raw(name, args)
    }

    /// Emits to it and waits for its answer, at most
    /// [`ack_timeout`](crate::HubBuilder::ack_timeout); for another time, use its id as a room.
    ///
    /// ```
    /// use roomcast::{AckError, RemoteSocket, prelude::*};
    ///
    /// #[derive(Serialize, Event)]
    /// #[event(ack = bool)]
    /// struct StillThere;
    ///
    /// async fn is_idle(remote: &RemoteSocket) -> bool {
    ///     let answer = remote.emit_with_ack(&StillThere).await;
    ///     matches!(answer, Err(AckError::Timeout))
    /// }
    /// ```
    ///
    /// # Errors
    /// See [`AckError`]; [`AckError::Disconnected`] if it has gone.
    ///
    /// # Cancel safety
    /// Dropping the future gives the answer up; the event has been sent once it was polled.
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<E::Ack, AckError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        self.alone().ask_for(event)?.one(|| self.is_there()).await
    }

    /// The same with an untyped event; `args` must serialize to a list.
    ///
    /// # Errors
    /// As [`emit_with_ack`](Self::emit_with_ack); whether the answer fits, [`RawAck::args`] tells.
    ///
    /// # Cancel safety
    /// As [`emit_with_ack`](Self::emit_with_ack).
    pub async fn emit_raw_with_ack<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> Result<RawAck, AckError> {
        let asked = self.alone().ask_for_raw(name, args)?;
        asked.one(|| self.is_there()).await
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

    fn is_there(&self) -> bool {
        let place = self.node.directory.address(self.scope.id, self.id);
        place.is_some()
    }

    fn alone(&self) -> Broadcast<'_> {
        let alone = Broadcast::new(&self.node, &self.scope).to(self.id).single();
        match self.is_there() {
            true => alone.local(),
            false => alone,
        }
    }
}

impl std::fmt::Debug for RemoteSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteSocket")
            .field("id", &self.id)
            .field("rooms", &self.rooms().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
