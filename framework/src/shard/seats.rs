//! Sockets that come, join rooms, leave them and go.

use std::sync::Arc;

use super::{
    directory::{Report, RoomName, Scope, SharedRoom, is_reserved},
    held::{Taken, Waiting},
    membership::{Membership, RoomIndex},
    monitor::notice::What,
    node::Node,
    observer::{self, News},
    pending::Pending,
    slot::Seat,
    state::State,
};
use crate::{
    id::{NamespaceId, SlotKey, SocketId, WorkerId},
    transport::frame::Frame,
};

impl State {
    pub(super) fn join(&mut self, scope: &Arc<Scope>, index: u32, name: Option<&str>) {
        let Self {
            slots, membership, ..
        } = self;
        let Some(seat) = slots
            .get_mut(index as usize)
            .and_then(|slot| slot.seat_mut(scope.id))
        else {
            return;
        };
        let worker = self.worker;
        let room = membership.open(scope, name, || scope.enter(name, worker));
        if membership
            .room(room)
            .is_some_and(|room| room.contains(index))
        {
            return;
        }
        Self::seal(membership, &mut self.pending, room);
        membership.join(room, index, &mut seat.rooms);
        self.tell_room(index, room, What::Joined);
        self.changed(room);
    }

    /// Whether there is a room left that the socket may be in; counted if not.
    pub(super) fn may_join(&self, scope: &Scope, index: u32, name: &str, node: &Node) -> bool {
        let seat = self.slots.get(index as usize);
        let Some(seat) = seat.and_then(|slot| slot.seat(scope.id)) else {
            return true;
        };
        let limit = node.config.max_rooms_per_socket;
        // The list has the hub's own rooms too, which are few.
        if seat.rooms.len() < limit || is_reserved(name) {
            return true;
        }
        let known = self.membership.find(scope.id, Some(name));
        if known
            .and_then(|room| self.membership.room(room))
            .is_some_and(|room| room.contains(index))
        {
            return true;
        }
        // By reference: workers share the counts of these names.
        let name = |room: &RoomIndex| self.membership.room(*room)?.shared.name.as_deref();
        let rooms = seat.rooms.iter().filter_map(name);
        let may = rooms.filter(|room| !is_reserved(room)).take(limit).count() < limit;
        node.metrics.refused_joins.add(u64::from(!may));
        may
    }

    pub(super) fn leave(&mut self, index: u32, namespace: NamespaceId, room: RoomIndex) {
        let Self {
            slots, membership, ..
        } = self;
        let Some(seat) = slots
            .get_mut(index as usize)
            .and_then(|slot| slot.seat_mut(namespace))
        else {
            return;
        };
        if !membership
            .room(room)
            .is_some_and(|room| room.contains(index))
        {
            return;
        }
        Self::seal(membership, &mut self.pending, room);
        if seat.observed_in_rooms
            && let Some(left) = membership.room(room)
            && let Some(name) = &left.shared.name
        {
            self.news.push(News {
                namespace: Arc::clone(&left.scope.name),
                socket: seat.id,
                what: observer::What::Left(Arc::clone(name)),
            });
        }
        membership.leave(room, index, &mut seat.rooms);
        self.tell_room(index, room, What::Left);
        match self.membership.close_if_empty(room) {
            Some(room) => {
                // First, as an adapter that is told of the room may panic.
                self.report_empty(Arc::clone(&room.shared));
                room.scope.exit(&room.shared, self.worker);
            }
            None => self.changed(room),
        }
    }

    /// What was emitted to the room so far is for its members of now.
    fn seal(membership: &mut Membership, pending: &mut Pending, index: RoomIndex) {
        if let Some(room) = membership.room_mut(index)
            && room.pending
        {
            room.pending = false;
            pending.seal(index, room);
        }
    }

    /// The worker has no members of the room any more.
    pub(super) fn report_empty(&mut self, room: Arc<SharedRoom>) {
        let report = Report {
            worker: self.worker,
            members: 0,
        };
        self.reports.push((room, report));
    }

    fn changed(&mut self, index: RoomIndex) {
        if let Some(room) = self.membership.room_mut(index)
            && !room.unreported
        {
            room.unreported = true;
            self.unreported.push(index);
        }
    }

    /// See [`Shard::accept`](super::local::Shard::accept).
    pub(crate) fn accept(&mut self, key: SlotKey, scope: &Arc<Scope>, reply: Frame, node: &Node) {
        // What is pending for the socket was emitted while it was connecting.
        self.stage(node);
        let Some(slot) = self.slot_mut(key) else {
            return;
        };
        let Some(seat) = slot.seat_mut(scope.id) else {
            return;
        };
        seat.connecting = false;
        seat.settled = true;
        let held = slot.held.as_mut().map(|held| held.take(scope.id));
        let Taken { before, behind } = held.unwrap_or_default();
        slot.hold_no_longer();
        node.metrics.sockets.up();
        scope.socket_came();
        self.join(scope, key.index, None);
        self.tell_connected(scope, key.index, &behind);
        for frame in before.into_iter().chain([reply]) {
            self.send(key.index, None, frame, node);
        }
        for Waiting { frame, carries } in behind {
            self.send_told(key.index, None, frame, carries, node);
        }
    }

    /// Removes the socket from its rooms and its connection.
    pub(crate) fn unseat(
        &mut self,
        key: SlotKey,
        scope: &Scope,
        node: &Node,
    ) -> Option<(SocketId, Vec<RoomName>)> {
        // What is pending is for this socket, not for the next one of the connection.
        self.stage(node);
        let seat = self.slot_mut(key)?.seat_mut(scope.id)?;
        // That it goes says more than each room that it leaves.
        seat.observed_in_rooms = false;
        seat.settled = false;
        let seat = self.slot(key)?.seat(scope.id)?;
        let rooms = self.room_names(seat);
        for room in seat.rooms.clone() {
            self.leave(key.index, scope.id, room);
        }
        let slot = self.slot_mut(key)?;
        let at = slot
            .sockets
            .iter()
            .position(|seat| seat.namespace == scope.id)?;
        let seat = slot.sockets.remove(at);
        slot.acks.retain(|ack| {
            let gone = ack.namespace == scope.id;
            if gone {
                ack.collector.gone();
            }
            !gone
        });
        if let Some(held) = &mut slot.held {
            let dropped = held.take(scope.id).packets();
            node.metrics.dropped_closed.add(dropped);
        }
        slot.hold_no_longer();
        if !seat.connecting {
            node.metrics.sockets.down();
            scope.sockets_went(1);
        }
        self.expiries.remove(seat.id);
        if seat.observed {
            self.tell_observer(scope, seat.id, observer::What::Gone);
        }
        Some((seat.id, rooms))
    }

    pub(crate) fn rooms(&self, key: SlotKey, namespace: NamespaceId) -> Vec<RoomName> {
        self.slot(key)
            .and_then(|slot| slot.seat(namespace))
            .map(|seat| self.room_names(seat))
            .unwrap_or_default()
    }

    pub(super) fn room_names(&self, seat: &Seat) -> Vec<RoomName> {
        seat.rooms
            .iter()
            .filter_map(|room| self.membership.room(*room)?.shared.name.clone())
            .collect()
    }

    pub(crate) fn report_again(&mut self, namespace: NamespaceId, name: Option<&str>) {
        if let Some(room) = self.membership.find(namespace, name) {
            self.changed(room);
        }
    }

    /// The worker ends: its members are gone for everyone.
    pub(crate) fn abandon(&mut self, node: &Node, worker: WorkerId) {
        let report = Report { worker, members: 0 };
        for room in self.membership.rooms() {
            if room.shared.name.is_none() {
                room.scope.sockets_went(room.len());
            }
            room.scope.exit(&room.shared, worker);
            self.reports.push((Arc::clone(&room.shared), report));
        }
        for (room, report) in self.reports.drain(..) {
            if let Some(supervisor) = room.supervisor() {
                let _ = supervisor.try_send(report);
            }
        }
        self.tell_abandoned();
        for slot in self.slots.drain() {
            for expected in &slot.acks {
                expected.collector.gone();
            }
            for seat in &slot.sockets {
                node.directory.sockets.remove(&seat.id);
                if seat.observed
                    && let Some(observer) = node.observer.get()
                {
                    observer.gone(seat.id);
                }
                if !seat.connecting {
                    node.metrics.sockets.down();
                }
            }
        }
    }
}
