mod internals;

use std::{
    borrow::Cow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix::{Message, Recipient};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Core, Extensions, Handshake, Hub, Namespace, NamespaceInner, Params, Recoverable, Unicast,
    extras::Extras, recipient,
};
use crate::{
    error::{AckError, EmitError},
    event::{Event, RawAck},
    id::{SlotKey, SocketId},
    room::{Broadcast, reserved},
    shard::{command::Action, directory::RoomName},
};

/// One client in one namespace.
///
/// Cheap to clone, and usable from any thread; calls are fastest on the worker thread that owns the
/// connection. Events that one task emits arrive in the order in which it emitted them, whether to
/// this socket or as broadcasts.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Serialize, Event)]
/// struct Joined<'a> {
///     nick: &'a str,
/// }
///
/// fn enter(socket: &Socket, nick: &str) -> Result<(), EmitError> {
///     socket.join("lobby")?;
///     socket.to("lobby").emit(&Joined { nick })?; // the others
///     socket.emit_raw("welcome", &(nick,)) // this client
/// }
/// ```
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    id: SocketId,
    slot: SlotKey,
    core: Arc<Core>,
    namespace: Arc<NamespaceInner>,
    handshake: Arc<Handshake>,
    disconnected: AtomicBool,
    last_rooms: OnceLock<Box<[RoomName]>>,
    extensions: Extensions,
    extras: OnceLock<Box<Extras>>,
}

impl Socket {
    pub(crate) fn new(
        id: SocketId,
        slot: SlotKey,
        core: &Arc<Core>,
        namespace: &Arc<NamespaceInner>,
        handshake: &Arc<Handshake>,
        recoverable: Option<Recoverable>,
    ) -> Self {
        Self(Arc::new(Inner {
            id,
            slot,
            core: Arc::clone(core),
            namespace: Arc::clone(namespace),
            handshake: Arc::clone(handshake),
            disconnected: AtomicBool::new(false),
            last_rooms: OnceLock::new(),
            extensions: Extensions::default(),
            extras: Extras::of(recoverable),
        }))
    }

    /// The socket's id, which is also the name of its private room. It is new for each connection and
    /// namespace, unless the socket was [recovered](Self::recovered).
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// Whether the client reconnected to this socket after its connection was lost, and has its old
    /// id, its rooms, and all events that it missed; see
    /// [`connection_state_recovery`](crate::HubBuilder::connection_state_recovery).
    #[must_use]
    pub fn recovered(&self) -> bool {
        self.recoverable().is_some_and(|it| it.recovered)
    }

    /// The namespace of the socket.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        Namespace::of(&self.0.core, &self.0.namespace)
    }

    /// The hub that the socket belongs to.
    #[must_use]
    pub fn hub(&self) -> Hub {
        Hub {
            core: Arc::clone(&self.0.core),
        }
    }

    /// The HTTP request that opened the connection.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// What the client sent to connect to this namespace (`auth` in its options), as the JSON text
    /// of an object; `None` if it sent nothing. It is kept in memory as long as the socket; its length
    /// is limited by [`max_auth_bytes`](crate::HubBuilder::max_auth_bytes).
    ///
    /// With [`connection_state_recovery`](crate::HubBuilder::connection_state_recovery) the fields
    /// `pid` and `offset`, by which clients recover, are removed from it.
    #[must_use]
    pub fn auth(&self) -> Option<&str> {
        self.known_extras()?.auth.get().map(AsRef::as_ref)
    }

    /// The application's value of this type, given to
    /// [`HubBuilder::state`](crate::HubBuilder::state).
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(&self) -> &T {
        self.0.core.states.of()
    }

    /// The parameters in the name of the socket's namespace, if that is a
    /// [dynamic one](crate::NamespaceBuilder::matching).
    #[must_use]
    pub fn params(&self) -> &Params {
        self.0.namespace.params()
    }

    /// Values attached to the socket, for instance by a
    /// [middleware](crate::NamespaceBuilder::middleware) for the session.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// Whether the socket is connected, or [`Session::connect`](crate::Session::connect) still runs.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        !self.0.disconnected.load(Ordering::Acquire)
    }

    // ---- to the client

    /// Emits an event to this client. It queues the event and returns without waiting for delivery.
    ///
    /// # Errors
    /// [`EmitError::Disconnected`] after the socket was disconnected; [`EmitError::Encode`],
    /// [`EmitError::Reserved`] and [`EmitError::Parser`]; [`EmitError::Overloaded`] if called on
    /// another thread than that of the socket's worker; with recovery over Redis Streams
    /// [`EmitError::Publish`].
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.alone().emit(event)
    }

    /// Emits an untyped event; `args` must serialize to a list (a tuple, an array, a `Vec`) or be `()`.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError> {
        self.alone().emit_raw(name, args)
    }

    /// Emits an event to this client and waits for its ack, for at most
    /// [`ack_timeout`](crate::HubBuilder::ack_timeout); [`timeout`](Self::timeout) sets another time.
    ///
    /// A handler may wait for an ack of its own client: acks do not queue behind events. With
    /// [`max_queued_events`](crate::HubBuilder::max_queued_events) others queued in any namespace of the
    /// connection, or [`max_http_buffer_size`](crate::HubBuilder::max_http_buffer_size) bytes of them, the
    /// connection is not read until there is room, and no ack arrives. Where a client may send that many
    /// meanwhile, wait in a task of its own.
    ///
    /// # Errors
    /// See [`AckError`].
    ///
    /// # Cancel safety
    /// The event is sent when the future is first polled. Dropping the future afterwards discards the
    /// ack.
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<E::Ack, AckError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        self.alone().emit_with_ack(event).await
    }

    /// Emits an untyped event, with arguments as for [`emit_raw`](Self::emit_raw), and waits for
    /// the ack as [`emit_with_ack`](Self::emit_with_ack) does.
    ///
    /// # Errors
    /// See [`AckError`]. The ack is not decoded here: [`RawAck::args`] fails if it does not fit.
    ///
    /// # Cancel safety
    /// As [`emit_with_ack`](Self::emit_with_ack).
    pub async fn emit_raw_with_ack<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> Result<RawAck, AckError> {
        self.alone().emit_raw_with_ack(name, args).await
    }

    /// For a volatile emit, which is dropped if the transport is not writable at that moment.
    pub fn volatile(&self) -> Unicast<'_> {
        self.alone().volatile()
    }

    /// For an emit that is compressed, or not, where the hub has compression. Default: it is.
    pub fn compress(&self, compress: bool) -> Unicast<'_> {
        self.alone().compress(compress)
    }

    /// For an emit with ack that waits for this long.
    pub fn timeout(&self, timeout: Duration) -> Unicast<'_> {
        self.alone().timeout(timeout)
    }

    fn alone(&self) -> Unicast<'_> {
        Unicast::new(self)
    }

    /// An actix [`Recipient`] that emits each message that it is sent, an event of type `E`, to this
    /// socket.
    ///
    /// Must be called on a worker thread. The first message after the socket was disconnected is
    /// answered with [`EmitError::Disconnected`]; from then on the recipient is closed.
    ///
    /// ```
    /// use actix::Recipient;
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Serialize, Event)]
    /// struct Tick {
    ///     at: u64,
    /// }
    ///
    /// struct Clock {
    ///     listeners: Vec<Recipient<Tick>>,
    /// }
    ///
    /// fn listen(clock: &mut Clock, socket: &Socket) {
    ///     clock.listeners.push(socket.recipient());
    /// }
    /// ```
    #[must_use]
    pub fn recipient<E>(&self) -> Recipient<E>
    where
        E: Event + Serialize + Message<Result = Result<(), EmitError>> + Send + 'static,
    {
        recipient::start(self.clone())
    }

    // ---- rooms

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

    /// Disconnects the client from the namespace, or, with `close`, from all its namespaces, and closes
    /// the transport. Events that were emitted before are sent first, except, with recovery over Redis
    /// Streams, those whose round trip to Redis has not ended.
    ///
    /// A handler that runs is not interrupted. No other of this socket begins: events of the client that
    /// are queued, or come because it does not know yet, are dropped and counted. Its sockets in other
    /// namespaces go on, with `close` until the connection's turn comes. Of the namespaces of a connection the
    /// last 16 that the server has left are known; what comes for one before closes the connection. Nobody
    /// comes back to the socket, even if its client goes before it knows.
    ///
    /// # Errors
    /// [`EmitError::Disconnected`]; [`EmitError::Overloaded`] if called on another thread than that of
    /// the socket's worker.
    pub fn disconnect(&self, close: bool) -> Result<(), EmitError> {
        self.command(Action::Disconnect { close })?;
        // What is emitted from here on would follow the DISCONNECT packet.
        self.0.disconnected.store(true, Ordering::Release);
        Ok(())
    }
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.0.id)
            .field("namespace", &self.namespace_name())
            .finish_non_exhaustive()
    }
}
