//! The sockets of a worker's connections, from CONNECT until they leave.

use std::sync::Arc;

use super::Shard;
use crate::{
    event::Collector,
    id::{NamespaceId, SlotKey, SocketId},
    shard::{
        directory::{Place, RoomName, Scope},
        membership::RoomList,
        slot::Seat,
    },
    transport::frame::Frame,
};

impl Shard {
    /// A client connects to a namespace. It can be emitted to and join rooms from now on; what it
    /// is sent waits for [`accept`](Self::accept).
    pub(crate) fn seat(&self, key: SlotKey, scope: &Arc<Scope>, id: SocketId) {
        let mut state = self.state.borrow_mut();
        let Some(slot) = state.slot_mut(key) else {
            return;
        };
        slot.sockets.push(Seat {
            namespace: scope.id,
            id,
            rooms: RoomList::new(),
            data: None,
            connecting: true,
            observed: false,
            observed_in_rooms: false,
            settled: false,
        });
        slot.held.get_or_insert_default();
        drop(state);
        let place = Place {
            slot: key,
            namespace: scope.id,
        };
        self.node.directory.sockets.insert(id, place);
        scope.socket_changed(id);
    }

    /// A client comes back: its socket is in its rooms and belongs to everyone from now on. `missed`
    /// goes out before the CONNECT reply.
    pub(in crate::shard) fn reseat(
        &self,
        key: SlotKey,
        scope: &Arc<Scope>,
        id: SocketId,
        rooms: &[RoomName],
        missed: Vec<Frame>,
    ) {
        self.seat(key, scope, id);
        let mut state = self.state.borrow_mut();
        if let Some(held) = state.slot_mut(key).and_then(|slot| slot.held.as_mut()) {
            held.push_missed(scope.id, missed);
        }
        for room in rooms {
            state.join(scope, key.index, Some(room));
        }
        state.join(scope, key.index, None);
        self.settle(state);
    }

    /// What waits for the client, and what its sockets that are connecting have missed.
    pub(in crate::shard) fn unsent(&self, key: SlotKey) -> usize {
        let mut state = self.state.borrow_mut();
        // What this turn has not written yet does not make it slow.
        state.write_at_once(key, &self.node.metrics);
        state.slot(key).map_or(0, |slot| {
            let held = slot.held.as_ref();
            slot.outbox.bytes() + held.map_or(0, |held| held.missed())
        })
    }

    /// What a socket missed that has its place already; it goes out before the CONNECT reply.
    pub(crate) fn push_missed(&self, key: SlotKey, scope: &Scope, missed: Vec<Frame>) {
        let mut state = self.state.borrow_mut();
        if let Some(held) = state.slot_mut(key).and_then(|slot| slot.held.as_mut()) {
            held.push_missed(scope.id, missed);
        }
    }

    /// The socket is connected: it belongs to everyone, the reply goes out, then what was held.
    pub(crate) fn accept(&self, key: SlotKey, scope: &Arc<Scope>, reply: Frame) {
        let mut state = self.state.borrow_mut();
        state.accept(key, scope, reply, &self.node);
        self.settle(state);
    }

    /// The socket leaves all rooms and the node's directory; the rooms it was in.
    pub(crate) fn unseat(&self, key: SlotKey, scope: &Arc<Scope>) -> Vec<RoomName> {
        self.catch_up();
        let mut state = self.state.borrow_mut();
        let Some((id, rooms)) = state.unseat(key, scope, &self.node) else {
            return Vec::new();
        };
        self.settle(state);
        // Its client may have come back to it elsewhere already.
        let sockets = &self.node.directory.sockets;
        if sockets
            .remove_if(&id, |_, place| place.slot == key)
            .is_some()
        {
            scope.socket_changed(id);
        }
        rooms
    }

    pub(crate) fn rooms(&self, key: SlotKey, namespace: NamespaceId) -> Vec<RoomName> {
        self.state.borrow().rooms(key, namespace)
    }

    /// Takes the ack that the socket owes under this id.
    pub(crate) fn take_ack(
        &self,
        key: SlotKey,
        namespace: NamespaceId,
        id: u64,
    ) -> Option<Arc<Collector>> {
        let mut state = self.state.borrow_mut();
        let acks = &mut state.slot_mut(key)?.acks;
        let at = acks
            .iter()
            .position(|ack| ack.id == id && ack.namespace == namespace)?;
        Some(acks.swap_remove(at).collector)
    }
}
