//! Users: who is behind a socket, and everything that is done to all sockets of one user.

use std::{sync::Arc, time::SystemTime};

use serde::{Serialize, de::DeserializeOwned};

use super::presence::{
    GUEST, Place, PresenceError, Registrar,
    store::{Entry, StoreError, Topic},
};
use crate::{
    error::EmitError,
    event::Event,
    namespace::{Hub, Namespace, Socket},
    room::{Acks, Applied, Broadcast, FetchedSockets, reserved},
    shard::{directory::Scope, node::Node},
};

/// Bytes that a user's id may have.
const MAX_ID: usize = 256;

impl Socket {
    /// Binds the socket to a user. It then receives what is emitted to the [user](crate::Hub::user) on any
    /// node, and the user is online, until the socket is disconnected or bound to another user. A socket
    /// has at most one user.
    ///
    /// Returns at once. On this node the binding is effective immediately, on other nodes a moment later. A
    /// client that [recovers](Self::recovered) its socket is bound to its user again, before
    /// [`Session::restore`](crate::Session::restore), and receives what was emitted to the user meanwhile;
    /// one that recovers from a Node.js server is not, since clients there may choose their rooms.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Deserialize)]
    /// struct Login {
    ///     token: String,
    /// }
    ///
    /// #[derive(EventHandlers)]
    /// #[handles()]
    /// struct Inbox;
    ///
    /// fn verify(token: &str) -> Result<String, &'static str> {
    ///     # let _ = token;
    ///     # Ok("ann".into())
    /// }
    ///
    /// impl Session for Inbox {
    ///     type Auth = Login;
    ///
    ///     async fn connect(auth: Login, socket: &Socket) -> Result<Self, Refusal> {
    ///         socket.bind_user(&verify(&auth.token)?)?;
    ///         Ok(Self)
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// See [`PresenceError`], above all
    /// [`TooManySockets`](PresenceError::TooManySockets); the socket then keeps its previous user.
    pub fn bind_user(&self, id: &str) -> Result<(), PresenceError> {
        if id.is_empty() || id.len() > MAX_ID || id.starts_with(GUEST) {
            return Err(PresenceError::UserId);
        }
        self.registrar().bind(Place::of(self)?, id)
    }

    /// Unbinds the socket from its user. Where it is [tracked](Self::track) it remains listed under the
    /// user's id, until it is bound again.
    ///
    /// # Errors
    /// [`PresenceError::Emit`]; the socket then keeps its user, or was disconnected.
    pub fn unbind_user(&self) -> Result<(), PresenceError> {
        self.registrar().unbind(Place::of(self)?)
    }

    /// The user that the socket is bound to.
    #[must_use]
    pub fn user_id(&self) -> Option<Arc<str>> {
        self.registrar().key(self.id(), &Topic::Users)
    }
}

impl Hub {
    /// Addresses a user: all sockets in the namespace `/` that are bound to it, on all nodes.
    pub fn user<'a>(&'a self, id: &str) -> User<'a> {
        let core = &self.core;
        User::new(
            &core.node,
            &core.main.scope,
            self.state::<Arc<Registrar>>(),
            id,
        )
    }
}

impl Namespace {
    /// Addresses a user: all sockets in this namespace that are bound to it, on all nodes.
    pub fn user<'a>(&'a self, id: &str) -> User<'a> {
        let registrar = self.states().of::<Arc<Registrar>>();
        User::new(self.node(), self.scope(), registrar, id)
    }
}

/// All sockets that are [bound](Socket::bind_user) to one user, on all nodes; from [`Hub::user`] and
/// [`Namespace::user`].
///
/// An emit to a user needs no lookup: the sockets are in the room `roomcast:user:<id>`, so it costs what a
/// broadcast costs, keeps the order of broadcasts, and can come from Node.js servers of the cluster
/// (`io.to("roomcast:user:ann")`). Names that begin with `roomcast:` are reserved: an application cannot
/// join such rooms, so a client that may name a room cannot get into another user's.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Serialize, Event)]
/// struct Mail<'a> {
///     subject: &'a str,
/// }
///
/// async fn notify(hub: &Hub) -> Result<(), Box<dyn std::error::Error>> {
///     let ann = hub.user("ann");
///     ann.emit(&Mail { subject: "hello" })?;
///     if !ann.online().await? {
///         println!("last seen {:?}", ann.last_seen().await?);
///     }
///     Ok(())
/// }
/// ```
#[must_use = "it does nothing yet"]
pub struct User<'a> {
    node: &'a Arc<Node>,
    scope: &'a Arc<Scope>,
    registrar: &'a Arc<Registrar>,
    id: Arc<str>,
    room: String,
}

impl<'a> User<'a> {
    fn new(
        node: &'a Arc<Node>,
        scope: &'a Arc<Scope>,
        registrar: &'a Arc<Registrar>,
        id: &str,
    ) -> Self {
        Self {
            node,
            scope,
            registrar,
            id: id.into(),
            room: reserved::of_user(id),
        }
    }

    /// Who it is.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The builder for everything else that concerns the user's sockets: exceptions, volatile
    /// events, timeouts.
    pub fn sockets(&self) -> Broadcast<'_> {
        Broadcast::new(self.node, self.scope).with_room(self.room.as_str())
    }

    /// Emits to every socket of the user.
    ///
    /// # Errors
    /// As [`Broadcast::emit`]. That the user is not there is none.
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.sockets().emit(event)
    }

    /// Emits an untyped event; `args` must serialize to a list.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError> {
        self.sockets().emit_raw(name, args)
    }

    /// Emits to every socket of the user and waits for the answers.
    ///
    /// # Errors
    /// As [`Broadcast::emit_with_ack`].
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up; the event has been sent once it was polled.
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<Acks<E::Ack>, EmitError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        self.sockets().emit_with_ack(event).await
    }

    /// The sockets of the user in this namespace, asked of every node.
    ///
    /// # Errors
    /// As [`Broadcast::fetch_sockets`].
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up.
    pub async fn fetch_sockets(&self) -> Result<FetchedSockets, EmitError> {
        self.sockets().fetch_sockets().await
    }

    /// Makes the user's sockets join rooms.
    pub fn join<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.sockets().join(rooms)
    }

    /// Makes them leave rooms.
    pub fn leave<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.sockets().leave(rooms)
    }

    /// Disconnects them from this namespace, or with `close` their whole connections.
    pub fn disconnect(&self, close: bool) -> Applied {
        self.sockets().disconnect(close)
    }

    /// In how many sockets the user is there, of all namespaces and nodes.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn connections(&self) -> Result<usize, StoreError> {
        Ok(self.entries().await?.len())
    }

    /// Whether the user is there in any socket, of any namespace.
    ///
    /// # Errors
    /// As [`connections`](Self::connections).
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn online(&self) -> Result<bool, StoreError> {
        Ok(!self.entries().await?.is_empty())
    }

    /// The nodes that the user is connected to, each once, by their [ids](crate::NodeInfo::id).
    ///
    /// # Errors
    /// As [`connections`](Self::connections).
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn nodes(&self) -> Result<Vec<Arc<str>>, StoreError> {
        let entries = self.entries().await?;
        let mut nodes: Vec<_> = entries.into_iter().map(|entry| entry.node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        Ok(nodes)
    }

    /// When the user's last connection ended, by the store's clock; now, if one is open. `None` if
    /// the user never had one, or that is longer ago than
    /// [`keep_last_seen`](crate::SharedState::keep_last_seen).
    ///
    /// # Errors
    /// As [`connections`](Self::connections).
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn last_seen(&self) -> Result<Option<SystemTime>, StoreError> {
        self.registrar.settled().await?;
        self.registrar.store().last_seen(&self.id).await
    }

    async fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        self.registrar.settled().await?;
        let store = self.registrar.store();
        store.entries(&Topic::Users, &self.id).await
    }
}

impl std::fmt::Debug for User<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("User").field(&self.id).finish()
    }
}
