mod emitting;
mod internals;
mod rooms;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use super::{
    Core, Extensions, Handshake, Hub, Namespace, NamespaceInner, Params, Recoverable,
    extras::Extras,
};
use crate::{
    error::EmitError,
    id::{SlotKey, SocketId},
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
