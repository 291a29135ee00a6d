//! What all workers of a node share about namespaces, rooms and sockets.

mod places;
mod polled_off;
mod room;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use dashmap::DashMap;

pub(crate) use places::{Address, Place, Requests, SessionPlace};
use polled_off::PolledOff;
pub(crate) use room::{Report, SharedRoom};

use super::{node::Node, recovery::RecoveryStore, shared_log::SharedLog, uplink::Uplink};
use crate::id::{Lease, NamespaceId, SessionId, SocketId, WorkerId};

/// The name of a room; any text, the empty one included.
pub(crate) type RoomName = Arc<str>;

/// What the names of rooms begin with that the hub keeps for itself. Applications cannot join, leave
/// or name them: a client that names rooms itself must not get into another user's, or reach that user.
pub(crate) const RESERVED: &str = "roomcast:";

pub(crate) fn is_reserved(room: &str) -> bool {
    room.starts_with(RESERVED)
}

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
    /// The same for this namespace alone.
    members: AtomicUsize,
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
            members: AtomicUsize::new(0),
        }
    }

    /// Opens the way to the other nodes, if the hub has an adapter.
    pub(crate) fn linked(self, node: &Node) -> Self {
        if let Some(uplinks) = &node.uplinks {
            let uplink = Arc::clone(uplinks).open(&self, node.slow_consumer(&self));
            let _ = self.uplink.set(uplink);
        }
        self
    }

    /// Counts its sockets under this name.
    pub(crate) fn counted_as(&self, name: &str) {
        let _ = self.sockets.set(crate::metrics::namespace_sockets(name));
    }

    pub(super) fn socket_came(&self) {
        self.members.fetch_add(1, Ordering::Relaxed);
        if let Some(sockets) = self.sockets.get() {
            sockets.increment(1.0);
        }
    }

    pub(super) fn sockets_went(&self, count: usize) {
        self.members.fetch_sub(count, Ordering::Relaxed);
        if let Some(sockets) = self.sockets.get() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "descriptors end long before 2^53"
            )]
            sockets.decrement(count as f64);
        }
    }

    /// Sockets of this node that are in the namespace.
    #[cfg(feature = "admin")]
    pub(crate) fn sockets(&self) -> usize {
        self.members.load(Ordering::Relaxed)
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

/// Sessions and sockets of the node by their ids.
#[derive(Default)]
pub(crate) struct Directory {
    pub(crate) sessions: DashMap<SessionId, SessionPlace>,
    pub(crate) sockets: DashMap<SocketId, Place>,
    pub(crate) polled_off: PolledOff,
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
mod tests;
