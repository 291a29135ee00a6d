//! What is asked of a shard, by its own worker or by another thread.

use std::sync::Arc;

use smallvec::SmallVec;
use tokio::{sync::mpsc, time::Instant};

use super::{
    directory::{Address, RoomName, Scope, SharedRoom},
    handshake::Handshake,
    node::Node,
    workers::Workers,
};
use crate::{
    event::Collector,
    id::{ClientId, SocketId},
    transport::frame::Frame,
};

/// One action on the sockets that a selection names.
#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) scope: Arc<Scope>,
    pub(crate) to: Selection,
    pub(crate) action: Action,
    /// Takes one answer of each worker; that all clones of it are gone tells that the command was
    /// applied everywhere.
    pub(crate) done: Option<Done>,
    /// The rooms of a join know that it is coming; set on its way to another worker.
    pub(crate) announced: bool,
}

impl Command {
    pub(crate) fn new(scope: &Arc<Scope>, to: Selection, action: Action) -> Self {
        Self {
            scope: Arc::clone(scope),
            to,
            action,
            done: None,
            announced: false,
        }
    }

    /// Bytes that the command keeps alive while it waits.
    pub(crate) fn weight(&self) -> usize {
        let named = |names: &[RoomName]| names.iter().map(|name| name.len()).sum();
        let action = match &self.action {
            Action::Emit { frame, .. } => frame.bytes.len(),
            Action::SetData(json) => json.len(),
            Action::Join(names) | Action::Leave(names) => named(names),
            Action::Observe(observe) => {
                named(observe.join.as_slice()) + named(observe.leave.as_slice())
            }
            _ => 0,
        };
        action + self.to.sockets.len() * size_of::<Address>()
    }
}

/// What a worker has found; dropped by all once they have done what they were told.
pub(crate) type Done = mpsc::Sender<Vec<Found>>;

#[derive(Clone)]
pub(crate) enum Action {
    Emit {
        frame: Frame,
        ack: Option<(u64, Arc<Collector>)>,
    },
    Join(Arc<[RoomName]>),
    Leave(Arc<[RoomName]>),
    Disconnect {
        close: bool,
    },
    /// The client has come back on another connection than this.
    TakeOver,
    /// Look whether what is queued is waited for.
    ServeWaiters,
    /// Keep this value with them, as JSON.
    SetData(Arc<String>),
    /// Let them stay until then, or for ever.
    Expire(Option<Instant>),
    /// Tell the observer what becomes of them from now on.
    Observe(Arc<Observe>),
    /// Tell who they are.
    Fetch,
}

impl Action {
    /// The rooms that sockets join with it.
    pub(super) fn joins(&self) -> &[RoomName] {
        match self {
            Self::Join(rooms) => rooms,
            Self::Observe(observe) => observe.join.as_slice(),
            _ => &[],
        }
    }
}

/// What becomes of a socket with what is entered about it: all of it or, if the worker refuses,
/// nothing.
#[derive(Debug, Default)]
pub(crate) struct Observe {
    pub(crate) leave: Option<RoomName>,
    pub(crate) join: Option<RoomName>,
    /// The room that was entered something about: the observer is told once all that came before
    /// has been done.
    pub(crate) about: Option<RoomName>,
}

/// A socket that a selection found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) id: SocketId,
    pub(crate) rooms: Vec<RoomName>,
    pub(crate) data: Option<Arc<String>>,
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) client: ClientId,
    /// What carries its connection.
    pub(crate) polling: bool,
}

impl Found {
    /// Engine.IO's name of what carries its connection.
    pub(crate) fn transport(&self) -> &'static str {
        match self.polling {
            true => "polling",
            false => "websocket",
        }
    }
}

/// Which sockets of a namespace: those named by id, those in any of the rooms, or everyone; each
/// once, and none that is excepted.
#[derive(Clone, Default)]
pub(crate) struct Selection {
    pub(crate) everyone: bool,
    pub(crate) rooms: SmallVec<[Arc<SharedRoom>; 1]>,
    pub(crate) sockets: SmallVec<[Address; 1]>,
    pub(crate) except_rooms: SmallVec<[Arc<SharedRoom>; 1]>,
    pub(crate) except_sockets: SmallVec<[Address; 1]>,
}

impl Selection {
    pub(crate) fn socket(socket: Address) -> Self {
        Self {
            sockets: SmallVec::from_iter([socket]),
            ..Self::default()
        }
    }

    /// The members of rooms, or everyone if there are none, without those of the excepted ones. A
    /// socket's id is the name of a room, too.
    pub(crate) fn named<'a>(
        node: &Node,
        scope: &Scope,
        rooms: impl ExactSizeIterator<Item = &'a str>,
        except: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut selection = Self {
            everyone: rooms.len() == 0,
            ..Self::default()
        };
        let private = |name: &str| node.directory.private_room(scope.id, name);
        for name in rooms {
            selection.rooms.extend(scope.room(name));
            selection.sockets.extend(private(name));
        }
        for name in except {
            selection.except_rooms.extend(scope.room(name));
            selection.except_sockets.extend(private(name));
        }
        selection
    }

    /// Whether its sockets are found by looking at many.
    pub(super) fn names_many(&self) -> bool {
        self.everyone || !self.rooms.is_empty()
    }

    /// The workers on which it can name anyone.
    pub(crate) fn workers(&self, scope: &Scope) -> Workers {
        let mut workers = Workers::default();
        if self.everyone {
            workers.union(scope.everyone.workers.snapshot());
        }
        for room in &self.rooms {
            workers.union(room.workers.snapshot());
        }
        for socket in &self.sockets {
            workers.add(socket.slot.worker);
        }
        workers
    }
}
