//! What the layers around ask of a socket, and tell it.

use std::sync::{
    Arc, Mutex,
    atomic::{Ordering, fence},
};

use super::{
    super::{
        Limiter, NamespaceInner, Recoverable, SessionState, children::Children, extras::Extras,
        waiters::Waiters,
    },
    Inner, Socket,
};
use crate::{
    error::EmitError,
    id::SocketId,
    metrics::Metrics,
    room::names,
    shard::{
        command::{Action, Command, Selection},
        directory::{Address, RoomName, Scope},
        log::Audience,
        node::Node,
        uplink::Reach,
    },
    transport::frame::Frame,
};

impl Socket {
    pub(crate) fn address(&self) -> Address {
        Address {
            slot: self.0.slot,
            id: self.0.id,
        }
    }

    pub(in crate::namespace) fn command(&self, action: Action) -> Result<(), EmitError> {
        if !self.is_connected() {
            return Err(EmitError::Disconnected);
        }
        let to = Selection::socket(self.address());
        self.node().dispatch(Command::new(self.scope(), to, action))
    }

    /// Joins a room, a reserved one too.
    pub(crate) fn join_any(&self, room: impl AsRef<str>) -> Result<(), EmitError> {
        self.command(Action::Join(names([room])))
    }

    pub(crate) fn leave_any(&self, room: impl AsRef<str>) -> Result<(), EmitError> {
        self.command(Action::Leave(names([room])))
    }

    pub(in crate::namespace) fn send(&self, frame: Frame) -> Result<(), EmitError> {
        if !self.is_connected() {
            return Err(EmitError::Disconnected);
        }
        let (node, scope, id) = (self.node(), self.scope(), self.id());
        if let Some(uplink) = scope.uplink()
            && scope.shared_log().is_some()
        {
            let private = Reach {
                rooms: &[id.as_str().into()],
                except: &[],
                sender: None,
            };
            return uplink.emit(&frame, private);
        }
        let Some(store) = &scope.recovery else {
            return self.send_unlogged(frame);
        };
        store.emit(node, scope, frame, Audience::socket(id), || {
            // Where its client is that comes back elsewhere between the look above and the log's
            // lock; later ones find this handle disconnected.
            let address = node.directory.address(scope.id, id);
            address.map_or_else(Selection::default, Selection::socket)
        })
    }

    /// Sends what is no event, or an event where recovery is off.
    pub(in crate::namespace) fn send_unlogged(&self, frame: Frame) -> Result<(), EmitError> {
        if !self.is_connected() {
            return Err(EmitError::Disconnected);
        }
        match self.node().local() {
            Some(shard) if shard.worker == self.0.slot.worker => {
                shard.emit(self.0.slot, self.scope().id, frame);
                Ok(())
            }
            _ => self.command(Action::Emit { frame, ack: None }),
        }
    }

    pub(crate) fn has_left(&self, rooms: Vec<RoomName>) {
        let _ = self.0.last_rooms.set(rooms.into_boxed_slice());
        self.0.disconnected.store(true, Ordering::Release);
        // Either we see whoever begins to wait now, or it sees that the socket has gone.
        fence(Ordering::SeqCst);
        if let Some(waiters) = self.waiters() {
            self.metrics()
                .dropped_disconnected
                .add(waiters.close() as u64);
        }
    }

    pub(in crate::namespace) fn extras(&self) -> &Extras {
        self.0.extras.get_or_init(Box::default)
    }

    pub(in crate::namespace) fn known_extras(&self) -> Option<&Extras> {
        self.0.extras.get().map(AsRef::as_ref)
    }

    pub(crate) fn waiters(&self) -> Option<&Waiters> {
        self.known_extras().map(|extras| &extras.waiters)
    }

    /// From now on its events count, against this.
    pub(crate) fn limit_events(&self, limiter: &Arc<Mutex<Limiter>>) {
        let _ = self.extras().limiter.set(Arc::clone(limiter));
    }

    /// `None` where its namespace limits nothing.
    pub(crate) fn limiter(&self) -> Option<&Arc<Mutex<Limiter>>> {
        self.known_extras()?.limiter.get()
    }

    pub(crate) fn keep_auth(&self, auth: &str) {
        let _ = self.extras().auth.set(auth.into());
    }

    /// Nothing more goes to the client, or to its rooms in its name.
    pub(crate) fn leaves(&self) {
        self.0.disconnected.store(true, Ordering::Release);
    }

    pub(crate) fn recoverable(&self) -> Option<&Recoverable> {
        self.0.extras.get()?.recoverable.as_ref()
    }

    /// This socket's place for a session whose client has come back.
    pub(crate) fn restored(&self, id: SocketId, recoverable: Recoverable) -> Self {
        let Inner {
            slot,
            core,
            namespace,
            handshake,
            ..
        } = &*self.0;
        let restored = Self::new(id, *slot, core, namespace, handshake, Some(recoverable));
        restored.limit_events_like(self);
        restored
    }

    /// Takes the place of a socket of the same connection, with what that has left of its rates.
    pub(crate) fn limit_events_like(&self, other: &Self) {
        if let Some(limiter) = other.limiter() {
            self.limit_events(limiter);
        }
    }

    /// The rooms that it was in when it left.
    pub(crate) fn last_rooms(&self) -> Arc<[RoomName]> {
        let rooms = self.0.last_rooms.get();
        rooms
            .map(|rooms| rooms.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// Whether its client passed the middleware when it first came, which is enough.
    pub(in crate::namespace) fn skips_middlewares(&self) -> bool {
        let recovery = &self.node().config.connection_state_recovery;
        let extended = self.recoverable().is_some_and(|it| it.extended);
        extended && recovery.as_ref().is_some_and(|it| it.skip_middlewares)
    }

    pub(in crate::namespace) fn kept_state(&self) -> Option<SessionState> {
        self.recoverable()?.state.clone()
    }

    /// Its client will not come back to it.
    pub(crate) fn forget(&self) {
        if let (Some(it), Some(store)) = (self.recoverable(), &self.scope().recovery) {
            store.forget(it.pid, self.0.slot);
        }
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.0.core.node
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.core.node.metrics
    }

    pub(crate) fn scope(&self) -> &Arc<Scope> {
        &self.0.namespace.scope
    }

    pub(crate) fn namespace_inner(&self) -> &Arc<NamespaceInner> {
        &self.0.namespace
    }

    pub(in crate::namespace) fn children(&self) -> &Children {
        &self.0.core.children
    }

    pub(crate) fn is_in_child(&self) -> bool {
        self.0.namespace.is_child()
    }

    pub(crate) fn namespace_name(&self) -> &str {
        &self.scope().name
    }
}
