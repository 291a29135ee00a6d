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
/// Cheap to clone, and usable from any thread; on the worker that owns the connection it is
/// fastest. What one task emits through it, and broadcasts, arrives in that order.
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

    /// Its public name: new for each connection and namespace, unless it was
    /// [recovered](Self::recovered), and the name of its private room.
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// Whether the client came back to it after its connection was lost, with its id, its rooms
    /// and all events that it missed; see
    /// [`connection_state_recovery`](crate::HubBuilder::connection_state_recovery).
    #[must_use]
    pub fn recovered(&self) -> bool {
        self.recoverable().is_some_and(|it| it.recovered)
    }

    /// The namespace it is in.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        Namespace::of(&self.0.core, &self.0.namespace)
    }

    /// The hub it belongs to.
    #[must_use]
    pub fn hub(&self) -> Hub {
        Hub {
            core: Arc::clone(&self.0.core),
        }
    }

    /// The request that opened its connection.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// What the client sent to connect to this namespace (`auth` in its options), as the JSON text
    /// of an object; `None` if it sent nothing. It is kept for as long as the socket, and costs its
    /// length, at most [`max_auth_bytes`](crate::HubBuilder::max_auth_bytes).
    ///
    /// With [`connection_state_recovery`](crate::HubBuilder::connection_state_recovery) it has no
    /// `pid` and no `offset`, here and wherever else auth is read: they are how a client comes back.
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

    /// What the name of its namespace says, if that is a
    /// [dynamic one](crate::NamespaceBuilder::matching).
    #[must_use]
    pub fn params(&self) -> &Params {
        self.0.namespace.params()
    }

    /// The values that it carries: what a [middleware](crate::NamespaceBuilder::middleware) has
    /// left for the session.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// Whether it is still connected, or connecting.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        !self.0.disconnected.load(Ordering::Acquire)
    }

    // ---- to the client

    /// Emits to the client.
    ///
    /// # Errors
    /// [`EmitError::Disconnected`] after the socket was disconnected; [`EmitError::Encode`] and
    /// [`EmitError::Reserved`]; [`EmitError::Overloaded`] from another thread than its worker's.
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

    /// Emits to the client and waits for its answer, at most
    /// [`ack_timeout`](crate::HubBuilder::ack_timeout); see [`timeout`](Self::timeout).
    ///
    /// A handler may wait for its own client: answers do not queue behind events.
    ///
    /// # Errors
    /// See [`AckError`].
    ///
    /// # Cancel safety
    /// Dropping the future gives the answer up; the event has been sent once it was polled.
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<E::Ack, AckError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        self.alone().emit_with_ack(event).await
    }

    /// Emits an untyped event, with arguments as for [`emit_raw`](Self::emit_raw), and waits for
    /// the answer as [`emit_with_ack`](Self::emit_with_ack) does.
    ///
    /// # Errors
    /// See [`AckError`]; whether the answer fits, [`RawAck::args`] tells.
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

    /// Emits that are dropped while the transport is not writable.
    pub fn volatile(&self) -> Unicast<'_> {
        self.alone().volatile()
    }

    /// Emits that may be compressed, or not.
    pub fn compress(&self, compress: bool) -> Unicast<'_> {
        self.alone().compress(compress)
    }

    /// Emits whose answer is waited for this long.
    pub fn timeout(&self, timeout: Duration) -> Unicast<'_> {
        self.alone().timeout(timeout)
    }

    fn alone(&self) -> Unicast<'_> {
        Unicast::new(self)
    }

    /// An address that sends events of one type to this socket: an event is an actix message.
    ///
    /// Must be called on a worker thread. The first message after the socket was disconnected is
    /// answered with [`EmitError::Disconnected`]; from then on the address is closed.
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

    /// Joins a room. What this task emits to the room afterwards reaches the socket, what it
    /// emitted before does not.
    ///
    /// # Errors
    /// [`EmitError::Disconnected`]; [`EmitError::ReservedRoom`]; [`EmitError::TooManyRooms`] on its
    /// worker's thread; [`EmitError::Overloaded`] from another, where a room too many is only counted.
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

    /// Leaves a room; nothing happens if it is not in it.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub fn leave(&self, room: impl AsRef<str>) -> Result<(), EmitError> {
        reserved::refuse(&room)?;
        self.leave_any(room)
    }

    /// The rooms it is in, in no order and without its private one; after it was disconnected,
    /// the rooms it was in. On another thread than its worker's: only those.
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

    /// The members of a room, without this socket.
    pub fn to<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.broadcast().to(room)
    }

    /// Everyone in the namespace but this socket and the members of a room.
    pub fn except<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.broadcast().except(room)
    }

    /// Everyone in the namespace but this socket.
    pub fn broadcast<'a>(&self) -> Broadcast<'a> {
        Broadcast::new(self.node(), self.scope()).except_socket(self.address())
    }

    /// Disconnects the client from the namespace, or with `close` from all its namespaces and the
    /// transport. What was emitted to it before is sent first; with recovery over Redis Streams events
    /// take a round trip, and those still on their way are not.
    ///
    /// The running handler goes on to its end; events that wait are dropped and counted.
    ///
    /// # Errors
    /// As [`join`](Self::join).
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
