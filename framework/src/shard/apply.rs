//! What commands do to the state: membership changes, and emits on their way to the outboxes.

use std::sync::Arc;

use super::{
    command::{Action, Address, Command, Found, Selection},
    directory::{Report, RoomName, Scope, SharedRoom},
    membership::{Membership, RoomIndex},
    node::Node,
    pending::{Item, Merged, Pending, To, merge},
    slot::{Expected, Held, Notice, Seat},
    state::State,
};
use crate::{
    event::Collector,
    id::{NamespaceId, SlotKey, SocketId, WorkerId},
    transport::frame::Frame,
};

impl State {
    pub(crate) fn apply(&mut self, node: &Node, command: Command) {
        let Command {
            scope,
            to,
            action,
            done,
            announced,
        } = command;
        match action {
            Action::Emit { frame, ack } => self.emit(node, &scope, &to, frame, ack),
            Action::Join(names) => {
                for slot in self.select(&scope, &to) {
                    for name in &*names {
                        self.join(&scope, slot, Some(name));
                    }
                }
                if announced {
                    for name in &*names {
                        let joined = self.membership.find(scope.id, Some(name)).is_some();
                        scope.arrived(name, self.worker, joined);
                    }
                }
            }
            Action::Leave(names) => {
                for slot in self.select(&scope, &to) {
                    for name in &*names {
                        if let Some(room) = self.membership.find(scope.id, Some(name)) {
                            self.leave(slot, scope.id, room);
                        }
                    }
                }
            }
            Action::Disconnect { close } => {
                let notice = Notice::Disconnect {
                    namespace: scope.id,
                    close,
                };
                for slot in self.select(&scope, &to) {
                    if let Some(slot) = self.slots.get(slot as usize) {
                        slot.tell(notice);
                    }
                }
            }
            Action::Fetch => {
                let found = self.select(&scope, &to);
                let found = found
                    .into_iter()
                    .filter_map(|slot| self.found(slot, scope.id));
                if let Some(done) = done {
                    // It has room for one answer of each worker.
                    let _ = done.try_send(found.collect());
                }
            }
        }
    }

    // ---- emits

    fn emit(
        &mut self,
        node: &Node,
        scope: &Arc<Scope>,
        to: &Selection,
        frame: Frame,
        ack: Option<(u64, Arc<Collector>)>,
    ) {
        let (to, except) = self.resolve(scope, to);
        let Some(to) = to else {
            if let Some((_, collector)) = ack {
                collector.counted(0);
            }
            return;
        };
        let item = Item { frame, except, ack };
        match to {
            To::Slot(slot) if self.pending.is_empty() => {
                let queued = self.deliver(node, Some(scope.id), slot, &item);
                if let Some((_, collector)) = &item.ack {
                    collector.counted(usize::from(queued));
                }
            }
            to => {
                if let To::Room(room) = to
                    && let Some(room) = self.membership.room_mut(room)
                {
                    room.pending = true;
                }
                self.pending.push(Some(scope.id), to, item);
            }
        }
    }

    /// One frame to one slot, behind whatever is pending.
    pub(crate) fn send(
        &mut self,
        slot: u32,
        namespace: Option<NamespaceId>,
        frame: Frame,
        node: &Node,
    ) {
        if self.pending.is_empty() {
            self.push(
                slot,
                namespace,
                frame,
                1,
                node.config.max_outbox_bytes,
                &node.metrics,
            );
            return;
        }
        let item = Item {
            frame,
            except: None,
            ack: None,
        };
        self.pending.push(namespace, To::Slot(slot), item);
    }

    /// One item to one slot; whether its client will get it.
    fn deliver(
        &mut self,
        node: &Node,
        namespace: Option<NamespaceId>,
        slot: u32,
        item: &Item,
    ) -> bool {
        let limit = node.config.max_outbox_bytes;
        let queued = self.push(slot, namespace, item.frame.clone(), 1, limit, &node.metrics);
        if queued && let Some(ack) = &item.ack {
            self.expect(slot, namespace, ack);
        }
        queued
    }

    /// Hands everything pending to the outboxes.
    pub(crate) fn stage(&mut self, node: &Node) {
        while let Some(batch) = self.pending.pop() {
            let slots = match batch.to {
                To::Room(room) => {
                    let Some(room) = self.membership.room_mut(room) else {
                        continue;
                    };
                    room.pending = false;
                    room.members().collect()
                }
                To::Slots(slots) => slots,
                To::Slot(slot) => vec![slot],
            };
            self.stage_batch(node, batch.namespace, &slots, &batch.items);
        }
    }

    fn stage_batch(
        &mut self,
        node: &Node,
        namespace: Option<NamespaceId>,
        slots: &[u32],
        items: &[Item],
    ) {
        let limit = node.config.max_outbox_bytes;
        self.epoch += 1;
        let epoch = self.epoch;
        for except in items.iter().filter_map(|item| item.except) {
            if let Some(slot) = self.slots.get_mut(except as usize) {
                slot.mark = epoch;
            }
        }
        let merged = merge(items);
        let mut counted = vec![0; items.iter().filter(|item| item.ack.is_some()).count()];
        for &index in slots {
            let marked = self
                .slots
                .get(index as usize)
                .is_some_and(|slot| slot.mark == epoch);
            let mut acks = counted.iter_mut();
            if marked {
                // Not for it: some of the frames.
                for item in items {
                    let count = item.ack.as_ref().and_then(|_| acks.next());
                    if item.except != Some(index)
                        && self.deliver(node, namespace, index, item)
                        && let Some(count) = count
                    {
                        *count += 1;
                    }
                }
                continue;
            }
            for Merged {
                frame,
                carries,
                ack,
            } in &merged
            {
                let count = ack.and_then(|_| acks.next());
                let frame = frame.clone();
                let queued = self.push(index, namespace, frame, *carries, limit, &node.metrics);
                if queued && let (Some(ack), Some(count)) = (ack, count) {
                    self.expect(index, namespace, ack);
                    *count += 1;
                }
            }
        }
        let collectors = items.iter().filter_map(|item| item.ack.as_ref());
        for ((_, collector), counted) in collectors.zip(counted) {
            collector.counted(counted);
        }
    }

    /// Notes that the socket owes an ack.
    fn expect(
        &mut self,
        slot: u32,
        namespace: Option<NamespaceId>,
        (id, collector): &(u64, Arc<Collector>),
    ) {
        let (Some(slot), Some(namespace)) = (self.slots.get_mut(slot as usize), namespace) else {
            return;
        };
        // What nobody waits for any more must not gather, whatever the client does.
        if slot.acks.len() >= 32 && slot.acks.len().is_power_of_two() {
            slot.acks.retain(|ack| !ack.collector.closed());
        }
        slot.acks.push(Expected {
            namespace,
            id: *id,
            collector: Arc::clone(collector),
        });
    }

    // ---- selections

    /// Where an emit goes, and who of them does not get it. A single room stays a name, so that
    /// emits to it can gather; anything else becomes a list.
    fn resolve(&mut self, scope: &Scope, selection: &Selection) -> (Option<To>, Option<u32>) {
        let mut except = None;
        let mut excepts = 0;
        for socket in &selection.except_sockets {
            if self.lives(scope, socket) {
                except = Some(socket.slot.index);
                excepts += 1;
            }
        }
        let rooms = selection.rooms.len() + usize::from(selection.everyone);
        let simple = excepts <= 1 && selection.except_rooms.is_empty();
        match (rooms, &*selection.sockets) {
            (0, [socket]) if simple && except.is_none() => {
                let lives = self.lives(scope, socket);
                (lives.then_some(To::Slot(socket.slot.index)), None)
            }
            (1, []) if simple => {
                let name = selection
                    .rooms
                    .first()
                    .and_then(|room| room.name.as_deref());
                let room = self.membership.find(scope.id, name);
                if let (None, Some(shared)) = (room, selection.rooms.first()) {
                    // The members that were announced have not come.
                    scope.exit(shared, self.worker);
                }
                (room.map(To::Room), except)
            }
            _ => {
                let slots = self.select(scope, selection);
                ((!slots.is_empty()).then_some(To::Slots(slots)), None)
            }
        }
    }

    /// The slots that a selection names on this worker, each once.
    fn select(&mut self, scope: &Scope, selection: &Selection) -> Vec<u32> {
        self.epoch += 1;
        let epoch = self.epoch;
        let named = |room: &Arc<SharedRoom>| self.membership.find(scope.id, room.name.as_deref());
        let except_rooms: Vec<_> = selection.except_rooms.iter().filter_map(named).collect();
        let mut rooms: Vec<_> = selection.rooms.iter().filter_map(named).collect();
        if selection.everyone {
            rooms.extend(self.membership.find(scope.id, None));
        }
        for socket in &selection.except_sockets {
            if self.lives(scope, socket)
                && let Some(slot) = self.slot_mut(socket.slot)
            {
                slot.mark = epoch;
            }
        }
        for room in except_rooms {
            for slot in self
                .membership
                .room(room)
                .into_iter()
                .flat_map(|r| r.members())
            {
                if let Some(slot) = self.slots.get_mut(slot as usize) {
                    slot.mark = epoch;
                }
            }
        }
        let mut selected = Vec::new();
        for socket in &selection.sockets {
            if self.lives(scope, socket)
                && let Some(slot) = self.slot_mut(socket.slot)
                && slot.mark != epoch
            {
                slot.mark = epoch;
                selected.push(socket.slot.index);
            }
        }
        for room in rooms {
            for index in self
                .membership
                .room(room)
                .into_iter()
                .flat_map(|r| r.members())
            {
                if let Some(slot) = self.slots.get_mut(index as usize)
                    && slot.mark != epoch
                {
                    slot.mark = epoch;
                    selected.push(index);
                }
            }
        }
        selected
    }

    fn lives(&self, scope: &Scope, socket: &Address) -> bool {
        let slot = self.slot(socket.slot);
        let seat = slot.and_then(|slot| slot.seat(scope.id));
        seat.is_some_and(|seat| seat.id == socket.id)
    }

    fn found(&self, slot: u32, namespace: NamespaceId) -> Option<Found> {
        let seat = self.slots.get(slot as usize)?.seat(namespace)?;
        Some(Found {
            id: seat.id,
            rooms: self.room_names(seat),
        })
    }

    // ---- membership

    fn join(&mut self, scope: &Arc<Scope>, index: u32, name: Option<&str>) {
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
        self.changed(room);
    }

    fn leave(&mut self, index: u32, namespace: NamespaceId, room: RoomIndex) {
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
        membership.leave(room, index, &mut seat.rooms);
        match membership.close_if_empty(room) {
            Some(room) => {
                room.scope.exit(&room.shared, self.worker);
                self.reports.push((
                    room.shared,
                    Report {
                        worker: self.worker,
                        members: 0,
                    },
                ));
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
        let held = slot.held.take();
        let mut rest = Vec::new();
        let mut ours = Vec::new();
        for (namespace, frame) in held.into_iter().flat_map(|held| held.frames) {
            if namespace == scope.id {
                ours.push(frame);
            } else {
                rest.push((namespace, frame));
            }
        }
        if slot.sockets.iter().any(|seat| seat.connecting) {
            let bytes = rest.iter().map(|(_, frame)| frame.bytes.len()).sum();
            slot.held = Some(Box::new(Held {
                frames: rest,
                bytes,
            }));
        }
        node.metrics.sockets.up();
        self.join(scope, key.index, None);
        self.send(key.index, None, reply, node);
        for frame in ours {
            self.send(key.index, None, frame, node);
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
        if !slot.sockets.iter().any(|seat| seat.connecting) {
            slot.held = None;
        } else if let Some(held) = &mut slot.held {
            held.frames.retain(|(namespace, _)| *namespace != scope.id);
        }
        if !seat.connecting {
            node.metrics.sockets.down();
        }
        Some((seat.id, rooms))
    }

    pub(crate) fn rooms(&self, key: SlotKey, namespace: NamespaceId) -> Vec<RoomName> {
        self.slot(key)
            .and_then(|slot| slot.seat(namespace))
            .map(|seat| self.room_names(seat))
            .unwrap_or_default()
    }

    fn room_names(&self, seat: &Seat) -> Vec<RoomName> {
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

    pub(crate) fn has_work(&self) -> bool {
        !self.touched.is_empty()
            || !self.pending.is_empty()
            || !self.reports.is_empty()
            || !self.unreported.is_empty()
    }

    /// The worker ends: its members are gone for everyone.
    pub(crate) fn abandon(&mut self, node: &Node, worker: WorkerId) {
        let report = Report { worker, members: 0 };
        for room in self.membership.rooms() {
            room.scope.exit(&room.shared, worker);
            self.reports.push((Arc::clone(&room.shared), report));
        }
        for (room, report) in self.reports.drain(..) {
            if let Some(supervisor) = room.supervisor() {
                let _ = supervisor.try_send(report);
            }
        }
        for slot in self.slots.drain() {
            for expected in &slot.acks {
                expected.collector.gone();
            }
            for seat in &slot.sockets {
                node.directory.sockets.remove(&seat.id);
                if !seat.connecting {
                    node.metrics.sockets.down();
                }
            }
        }
    }
}
