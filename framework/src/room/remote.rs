#[cfg(feature = "admin")]
use std::borrow::Cow;
use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    broadcast::{Applied, Broadcast},
    reserved,
};
use crate::{
    error::{AckError, EmitError},
    event::{Event, RawAck},
    id::{ClientId, SocketId},
    shard::{
        directory::{RoomName, Scope},
        handshake::Handshake,
        node::Node,
        uplink::ClientElsewhere,
    },
};

/// A socket found by [`Broadcast::fetch_sockets`], on this node or another: its id, its rooms and its
/// data at that time. It can be emitted to, moved between rooms and disconnected.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Serialize, Event)]
/// struct Notice(&'static str);
///
/// async fn warn(hub: &Hub) -> Result<(), EmitError> {
///     for remote in hub.to("idle").fetch_sockets().await? {
///         remote.emit(&Notice("are you still there?"))?;
///         remote.leave(["players"]).await?;
///     }
///     Ok(())
/// }
/// ```
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
#[cfg_attr(
    not(feature = "admin"),
    allow(dead_code, reason = "clients are shown on the admin page only")
)]
pub(super) enum Opened {
    Here {
        handshake: Arc<Handshake>,
        client: ClientId,
        transport: &'static str,
    },
    Elsewhere {
        /// In Socket.IO's form.
        handshake: Arc<str>,
        client: Option<Arc<ClientElsewhere>>,
    },
}

impl RemoteSocket {
    /// The socket's id.
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The rooms that it was in, without its private room, in no particular order.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        let rooms = self.rooms.iter().map(AsRef::as_ref);
        rooms.filter(|room| !reserved::is_reserved(room))
    }

    /// The value set by [`Socket::set_data`](crate::Socket::set_data), or `None`. Of a socket on a server of
    /// Node it is `socket.data`, in which binary is what JSON makes of a `Buffer`:
    /// `{"type":"Buffer","data":[1,2]}`.
    ///
    /// # Errors
    /// If it does not fit the type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        let data = self.data.as_deref();
        data.map(|json| serde_json::from_str(json)).transpose()
    }

    /// The request that opened its connection, in Socket.IO's form: `headers`, `time`, `address`,
    /// `xdomain`, `secure`, `issued`, `url`, `query`, `auth`; deserialized into a type with the fields
    /// that you need. Nodes of roomcast leave `auth` empty, since it holds credentials.
    ///
    /// # Errors
    /// If it does not fit the type.
    pub fn handshake<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match &self.opened {
            Opened::Here { handshake, .. } => serde_json::from_str(&handshake.json()),
            Opened::Elsewhere { handshake, .. } => serde_json::from_str(handshake),
        }
    }

    /// Whether it is a socket of this node.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.is_there()
    }

    /// Emits an event to the socket.
    ///
    /// With recovery over Redis Streams it goes through the stream, which takes a round trip to Redis.
    /// [`emit_with_ack`](Self::emit_with_ack) and [`disconnect`](Self::disconnect) of a socket of this node do
    /// not, and overtake it: what has to arrive before a disconnect is sent with `emit_with_ack`, and the
    /// answer awaited.
    ///
    /// # Errors
    /// As [`Broadcast::emit`]. It is no error if the socket has disconnected.
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.logged().emit(event)
    }

    /// Emits an untyped event; `args` must serialize to a list.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError> {
        self.logged().emit_raw(name, args)
    }

    /// Emits to it and waits for its answer, at most
    /// [`ack_timeout`](crate::HubBuilder::ack_timeout); for another time, use its id as a room. It may overtake
    /// what [`emit`](Self::emit) has sent before.
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

    /// Disconnects it, or with `close` its whole connection. Events that were emitted to it before are sent
    /// first, except, with recovery over Redis Streams, those to a socket of this node that have not come back
    /// from Redis.
    pub fn disconnect(&self, close: bool) -> Applied {
        self.alone().disconnect(close)
    }

    fn is_there(&self) -> bool {
        let place = self.node.directory.address(self.scope.id, self.id);
        place.is_some()
    }

    fn alone(&self) -> Broadcast<'_> {
        match self.is_there() {
            true => self.anywhere().local(),
            false => self.anywhere(),
        }
    }

    /// For what its client gets when it comes back: that goes through the log which all nodes share, if
    /// there is one.
    fn logged(&self) -> Broadcast<'_> {
        match self.scope.shared_log() {
            Some(_) => self.anywhere(),
            None => self.alone(),
        }
    }

    fn anywhere(&self) -> Broadcast<'_> {
        Broadcast::new(&self.node, &self.scope).to(self.id).single()
    }
}

#[cfg(feature = "admin")]
impl RemoteSocket {
    /// The value that goes with it, as JSON.
    pub(crate) fn json(&self) -> Option<&str> {
        self.data.as_deref().map(String::as_str)
    }

    /// As [`handshake`](Self::handshake), as JSON.
    pub(crate) fn handshake_json(&self) -> Cow<'_, str> {
        match &self.opened {
            Opened::Here { handshake, .. } => handshake.json().into(),
            Opened::Elsewhere { handshake, .. } => (&**handshake).into(),
        }
    }

    /// The beginning of the id of its connection's session, and what carries that; `None` where its
    /// node does not tell.
    pub(crate) fn client(&self) -> Option<(&str, &str)> {
        match &self.opened {
            Opened::Here {
                client, transport, ..
            } => Some((client.as_str(), transport)),
            Opened::Elsewhere { client, .. } => {
                let client = client.as_ref()?;
                Some((&client.id, &client.transport))
            }
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
