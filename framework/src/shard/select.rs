//! Whom a selection names on this worker.

use std::sync::Arc;

use super::{
    command::{Found, Selection},
    directory::{Address, Scope, SharedRoom},
    pending::To,
    state::State,
};
use crate::{id::NamespaceId, transport::io::Io};

impl State {
    /// Where an emit goes, and who of them does not get it. A single room stays a name, so that
    /// emits to it can gather; anything else becomes a list.
    pub(super) fn resolve(
        &mut self,
        scope: &Scope,
        selection: &Selection,
    ) -> (Option<To>, Option<u32>) {
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
                    self.report_empty(Arc::clone(shared));
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
    pub(super) fn select(&mut self, scope: &Scope, selection: &Selection) -> Vec<u32> {
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

    pub(super) fn found(&self, slot: u32, namespace: NamespaceId) -> Option<Found> {
        let slot = self.slots.get(slot as usize)?;
        let seat = slot.seat(namespace)?;
        Some(Found {
            id: seat.id,
            rooms: self.room_names(seat),
            data: seat.data.clone(),
            handshake: Arc::clone(&slot.handshake),
            client: slot.client,
            polling: matches!(slot.io, Io::Poll(_)),
        })
    }
}
