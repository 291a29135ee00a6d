//! What all workers of a node share about namespaces, rooms and sockets.

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use actix::{Message, Recipient};
use dashmap::DashMap;

use super::{
    node::Node, recovery::RecoveryStore, shared_log::SharedLog, uplink::Uplink, workers::WorkerSet,
};
use crate::{
    id::{Lease, NamespaceId, SessionId, SlotKey, SocketId, WorkerId},
    transport::{permit::Permits, poll::Request},
};

/// The name of a room; any text, the empty one included.
pub(crate) type RoomName = Arc<str>;

/// Locks of the rooms of a dynamic namespace; dashmap's own number grows with the processors, and
/// takes kilobytes.
const CHILD_SHARDS: usize = 4;

/// A namespace as the workers see it.
pub(crate) struct Scope {
    pub(crate) id: NamespaceId,
    pub(crate) name: Arc<str>,
    /// Its rooms with members; a room leaves with its last one.
    pub(crate) rooms: DashMap<RoomName, Arc<SharedRoom>>,
    pub(crate) everyone: Arc<SharedRoom>,
    /// The id is free once nobody refers to the namespace any more.
    _lease: Option<Lease>,
    /// Ack ids are unique in a namespace, so that a broadcast has one for all (protocol section 3).
    ack_ids: AtomicU64,
    /// `None` where connection state recovery is off.
    pub(crate) recovery: Option<Box<RecoveryStore>>,
    /// Empty where the hub has no adapter.
    uplink: OnceLock<Box<dyn Uplink>>,
    /// Sockets here, in a figure that dynamic namespaces share with their like.
    sockets: OnceLock<metrics::Gauge>,
}

impl Scope {
    pub(crate) fn new(id: NamespaceId, name: Arc<str>) -> Self {
        Self::with(id, name, DashMap::new(), None)
    }

    /// One of many, which come and go: with a map of rooms that is small while it is empty.
    pub(crate) fn leased(lease: Lease, name: Arc<str>) -> Self {
        let rooms = DashMap::with_shard_amount(CHILD_SHARDS);
        Self::with(lease.id, name, rooms, Some(lease))
    }

    fn with(
        id: NamespaceId,
        name: Arc<str>,
        rooms: DashMap<RoomName, Arc<SharedRoom>>,
        lease: Option<Lease>,
    ) -> Self {
        Self {
            id,
            name,
            rooms,
            everyone: SharedRoom::new(id, None),
            _lease: lease,
            ack_ids: AtomicU64::new(0),
            recovery: None,
            uplink: OnceLock::new(),
            sockets: OnceLock::new(),
        }
    }

    /// Opens the way to the other nodes, if the hub has an adapter.
    pub(crate) fn linked(self, node: &Node) -> Self {
        if let Some(uplinks) = &node.uplinks {
            let _ = self.uplink.set(Arc::clone(uplinks).open(&self));
        }
        self
    }

    /// Counts its sockets under this name.
    pub(crate) fn counted_as(&self, name: &str) {
        let _ = self.sockets.set(crate::metrics::namespace_sockets(name));
    }

    pub(super) fn count_sockets(&self, more: f64) {
        if let Some(sockets) = self.sockets.get() {
            sockets.increment(more);
        }
    }

    /// The way to the other nodes; `None` if there are none.
    pub(crate) fn uplink(&self) -> Option<&dyn Uplink> {
        self.uplink.get().map(AsRef::as_ref)
    }

    /// The log that all nodes share, where connection state recovery rests on one.
    pub(crate) fn shared_log(&self) -> Option<&dyn SharedLog> {
        self.recovery.as_ref()?;
        self.uplink()?.shared_log()
    }

    /// The log of this node alone, where connection state recovery rests on that.
    pub(crate) fn own_log(&self) -> Option<&RecoveryStore> {
        let store = self.recovery.as_deref()?;
        self.shared_log().is_none().then_some(store)
    }

    /// Tells the other nodes' side, never under a guard, that a room has come or gone.
    fn room_changed(&self, changed: bool, room: &str) {
        if changed && let Some(uplink) = self.uplink() {
            uplink.room_changed(room);
        }
    }

    /// A socket is there, or has gone, and with it its private room.
    pub(crate) fn socket_changed(&self, id: SocketId) {
        if let Some(uplink) = self.uplink()
            && uplink.wants_private_rooms()
        {
            uplink.room_changed(id.as_str());
        }
    }

    pub(crate) fn recovering(self, recovery: Option<Box<RecoveryStore>>) -> Self {
        Self { recovery, ..self }
    }

    pub(crate) fn next_ack_id(&self) -> u64 {
        self.ack_ids.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn room(&self, name: &str) -> Option<Arc<SharedRoom>> {
        self.rooms.get(name).map(|room| Arc::clone(&room))
    }

    /// The room's shared state, with `worker` marked as having members. Marking happens under the
    /// guard of the entry, so that a room cannot be forgotten between the two.
    pub(crate) fn enter(&self, name: Option<&str>, worker: WorkerId) -> Arc<SharedRoom> {
        let Some(name) = name else {
            self.everyone.workers.insert(worker);
            return Arc::clone(&self.everyone);
        };
        let mut is_new = false;
        let room = self.rooms.entry(RoomName::from(name)).or_insert_with(|| {
            is_new = true;
            SharedRoom::new(self.id, Some(name.into()))
        });
        room.workers.insert(worker);
        let shared = Arc::clone(&room);
        drop(room);
        self.room_changed(is_new, name);
        shared
    }

    /// A command is on its way that lets sockets of `worker` join. The room counts it among its
    /// workers from now on, so that what is emitted next follows the command there.
    pub(crate) fn announce(&self, name: &str, worker: WorkerId) {
        let mut is_new = false;
        let room = self.rooms.entry(RoomName::from(name)).or_insert_with(|| {
            is_new = true;
            SharedRoom::new(self.id, Some(name.into()))
        });
        room.announced().push(worker);
        room.workers.insert(worker);
        drop(room);
        self.room_changed(is_new, name);
    }

    /// An announced command has come; `joined` tells whether the room has members there now. If it
    /// has not, the room, whose supervisor may have waited for them.
    pub(crate) fn arrived(
        &self,
        name: &str,
        worker: WorkerId,
        joined: bool,
    ) -> Option<Arc<SharedRoom>> {
        let mut vacated = None;
        let removed = self.rooms.remove_if(name, |_, room| {
            let mut announced = room.announced();
            if let Some(at) = announced.iter().position(|known| *known == worker) {
                announced.swap_remove(at);
            }
            drop(announced);
            if joined {
                return false;
            }
            vacated = Some(Arc::clone(room));
            room.vacated(worker)
        });
        self.room_changed(removed.is_some(), name);
        vacated
    }

    /// `worker` has no members left; the room is forgotten if no worker has.
    pub(crate) fn exit(&self, room: &SharedRoom, worker: WorkerId) {
        match &room.name {
            None => room.workers.remove(worker),
            Some(name) => {
                let removed = self.rooms.remove_if(name, |_, room| room.vacated(worker));
                self.room_changed(removed.is_some(), name);
            }
        }
    }
}

/// What is known of a room on every worker.
pub(crate) struct SharedRoom {
    pub(crate) namespace: NamespaceId,
    /// `None` for everyone in the namespace.
    pub(crate) name: Option<RoomName>,
    pub(crate) workers: WorkerSet,
    /// Members on all workers, as the supervisor last counted.
    pub(crate) members: AtomicUsize,
    /// Workers to which a command that lets sockets join is on its way, once for each command.
    announced: Mutex<Vec<WorkerId>>,
    /// Someone supervises it, or is about to.
    pub(crate) claimed: AtomicBool,
    supervisor: Mutex<Option<Recipient<Report>>>,
}

impl SharedRoom {
    pub(crate) fn new(namespace: NamespaceId, name: Option<RoomName>) -> Arc<Self> {
        Arc::new(Self {
            namespace,
            name,
            workers: WorkerSet::default(),
            members: AtomicUsize::new(0),
            announced: Mutex::default(),
            claimed: AtomicBool::new(false),
            supervisor: Mutex::new(None),
        })
    }

    // Held for a few instructions, under the guard of the room's entry.
    fn announced(&self) -> MutexGuard<'_, Vec<WorkerId>> {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out a worker without members, unless some are about to join; whether none is left.
    fn vacated(&self, worker: WorkerId) -> bool {
        if !self.announced().contains(&worker) {
            self.workers.remove(worker);
        }
        self.workers.is_empty()
    }

    /// The address of the actor that supervises the room, while it lives.
    pub(crate) fn supervisor(&self) -> Option<Recipient<Report>> {
        let supervisor = self.supervisor.lock();
        let supervisor = supervisor.unwrap_or_else(PoisonError::into_inner);
        supervisor.as_ref().filter(|addr| addr.connected()).cloned()
    }

    pub(crate) fn supervised_by(&self, address: Recipient<Report>) {
        *self
            .supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(address);
    }
}

/// A worker tells a room's supervisor how many members it has. Absolute, so that a report that is
/// lost or comes twice does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub(crate) struct Report {
    pub(crate) worker: WorkerId,
    pub(crate) members: usize,
}

/// Where a socket lives, and in which namespace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) slot: SlotKey,
    pub(crate) namespace: NamespaceId,
}

/// A socket and where it lives. A connection that leaves a namespace and comes back has another
/// socket in the same slot, which is not meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    pub(crate) slot: SlotKey,
    pub(crate) id: SocketId,
}

/// A transport session of the node, for requests that name it.
pub(crate) struct SessionPlace {
    /// Where requests go while the session is polling. Boxed, as most sessions are not.
    pub(crate) requests: Option<Box<Requests>>,
}

/// The way to a polling session from any worker.
#[derive(Clone)]
pub(crate) struct Requests {
    pub(crate) to: Recipient<Request>,
    pub(crate) permits: Arc<Permits>,
}

impl Requests {
    pub(crate) fn new(to: Recipient<Request>) -> Self {
        Self {
            to,
            permits: Arc::default(),
        }
    }
}

/// Sessions and sockets of the node by their ids.
#[derive(Default)]
pub(crate) struct Directory {
    pub(crate) sessions: DashMap<SessionId, SessionPlace>,
    pub(crate) sockets: DashMap<SocketId, Place>,
}

impl Directory {
    /// Where a socket of the namespace is now.
    pub(crate) fn address(&self, namespace: NamespaceId, id: SocketId) -> Option<Address> {
        let place = *self.sockets.get(&id)?;
        let slot = place.slot;
        (place.namespace == namespace).then_some(Address { slot, id })
    }

    /// The private rooms of a namespace: all its sockets here.
    pub(crate) fn private_rooms(&self, namespace: NamespaceId) -> Vec<RoomName> {
        let sockets = self.sockets.iter();
        let sockets = sockets.filter(|socket| socket.namespace == namespace);
        sockets.map(|socket| socket.key().as_str().into()).collect()
    }

    /// The socket whose private room `name` is.
    pub(crate) fn private_room(&self, namespace: NamespaceId, name: &str) -> Option<Address> {
        self.address(namespace, name.parse().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: WorkerId = WorkerId(3);
    const B: WorkerId = WorkerId(200);

    #[test]
    fn a_room_is_known_as_long_as_one_worker_has_members() {
        let scope = Scope::new(NamespaceId(0), "/".into());
        let room = scope.enter(Some("lobby"), A);
        scope.enter(Some("lobby"), B);
        scope.exit(&room, A);
        assert_eq!(room.workers.snapshot().iter().collect::<Vec<_>>(), [B]);
        assert!(scope.room("lobby").is_some());
        scope.exit(&room, B);
        assert!(scope.room("lobby").is_none());
    }

    #[test]
    fn a_room_waits_for_members_that_are_announced() {
        let scope = Scope::new(NamespaceId(0), "/".into());
        scope.announce("lobby", A);
        scope.announce("lobby", A);
        scope.arrived("lobby", A, false);
        assert!(scope.room("lobby").is_some(), "one more is on its way");
        let room = scope.enter(Some("lobby"), A);
        scope.exit(&room, A);
        assert!(scope.room("lobby").is_some(), "still");
        scope.arrived("lobby", A, false);
        assert!(scope.room("lobby").is_none());
    }

    /// The small concurrent part: workers that enter and leave one room at any moment, while others
    /// announce members to it. What was announced arrives on the worker itself.
    #[test]
    fn a_room_is_known_while_anyone_is_in_it_and_forgotten_afterwards() {
        let scope = Scope::new(NamespaceId(0), "/".into());
        let mailboxes: [AtomicUsize; 4] = Default::default();
        let handle = |worker: u16| {
            for _ in 0..mailboxes[usize::from(worker)].swap(0, Ordering::AcqRel) {
                scope.arrived("lobby", WorkerId(worker), false);
            }
        };
        std::thread::scope(|threads| {
            for worker in 0..4_u16 {
                let (scope, mailboxes, handle) = (&scope, &mailboxes, &handle);
                threads.spawn(move || {
                    let (here, other) = (WorkerId(worker), worker ^ 1);
                    for _ in 0..20_000 {
                        let room = scope.enter(Some("lobby"), here);
                        scope.announce("lobby", WorkerId(other));
                        mailboxes[usize::from(other)].fetch_add(1, Ordering::AcqRel);
                        let known = scope.room("lobby");
                        assert!(known.is_some_and(|known| known.workers.snapshot().has(here)));
                        scope.exit(&room, here);
                        handle(worker);
                    }
                });
            }
        });
        for worker in 0..4 {
            handle(worker);
        }
        assert!(scope.room("lobby").is_none());
    }
}
