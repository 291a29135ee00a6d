//! Who is in which room on this worker: publish/subscribe with no socket in it.
//!
//! Join, leave and "is a member" are O(1). A member remembers its rooms in a list of its own, a
//! room remembers for each member where in that list it stands, so that leaving one or all rooms
//! never searches.

use std::{collections::HashMap, sync::Arc};

use indexmap::IndexMap;
use slab::Slab;
use smallvec::SmallVec;

use super::directory::{RoomName, Scope, SharedRoom};
use crate::id::NamespaceId;

/// Index of a room in this worker's [`Membership`]. Used again once the room is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoomIndex(u32);

/// The rooms of one member, in no order. As large as a `Vec`, but a member of few rooms needs no
/// allocation.
pub(crate) type RoomList = SmallVec<[RoomIndex; 4]>;

#[derive(Default)]
pub(crate) struct Membership {
    rooms: Slab<Room>,
    namespaces: Vec<Names>,
}

#[derive(Default)]
struct Names {
    everyone: Option<RoomIndex>,
    named: HashMap<RoomName, RoomIndex>,
}

pub(crate) struct Room {
    pub(crate) scope: Arc<Scope>,
    pub(crate) shared: Arc<SharedRoom>,
    /// Slot of the member → place of this room in the member's list.
    members: IndexMap<u32, u32>,
    /// Frames for the members of this very moment wait in the pending list.
    pub(crate) pending: bool,
    /// The count changed since the room's supervisor was told.
    pub(crate) unreported: bool,
}

impl Room {
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = u32> + '_ {
        self.members.keys().copied()
    }

    pub(crate) fn contains(&self, slot: u32) -> bool {
        self.members.contains_key(&slot)
    }
}

impl Membership {
    pub(crate) fn room(&self, index: RoomIndex) -> Option<&Room> {
        self.rooms.get(index.0 as usize)
    }

    pub(crate) fn room_mut(&mut self, index: RoomIndex) -> Option<&mut Room> {
        self.rooms.get_mut(index.0 as usize)
    }

    /// The room of this name; `None` as a name means everyone in the namespace.
    pub(crate) fn find(&self, namespace: NamespaceId, name: Option<&str>) -> Option<RoomIndex> {
        let names = self.namespaces.get(namespace.0 as usize)?;
        match name {
            None => names.everyone,
            Some(name) => names.named.get(name).copied(),
        }
    }

    /// The room of this name, made with `shared` if this is its first member here.
    pub(crate) fn open(
        &mut self,
        scope: &Arc<Scope>,
        name: Option<&str>,
        shared: impl FnOnce() -> Arc<SharedRoom>,
    ) -> RoomIndex {
        let namespace = scope.id;
        if let Some(index) = self.find(namespace, name) {
            return index;
        }
        let shared = shared();
        let room = Room {
            scope: Arc::clone(scope),
            shared: Arc::clone(&shared),
            members: IndexMap::new(),
            pending: false,
            unreported: false,
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "2^32 rooms do not fit in memory"
        )]
        let index = RoomIndex(self.rooms.insert(room) as u32);
        let place = namespace.0 as usize;
        if self.namespaces.len() <= place {
            self.namespaces.resize_with(place + 1, Names::default);
        }
        let names = &mut self.namespaces[place];
        match &shared.name {
            None => names.everyone = Some(index),
            Some(name) => {
                names.named.insert(Arc::clone(name), index);
            }
        }
        index
    }

    /// Whether `slot` was not a member before.
    pub(crate) fn join(&mut self, index: RoomIndex, slot: u32, list: &mut RoomList) -> bool {
        let Some(room) = self.room_mut(index) else {
            return false;
        };
        if room.contains(slot) {
            return false;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "2^32 rooms do not fit in memory"
        )]
        room.members.insert(slot, list.len() as u32);
        list.push(index);
        true
    }

    /// Whether `slot` was a member.
    pub(crate) fn leave(&mut self, index: RoomIndex, slot: u32, list: &mut RoomList) -> bool {
        let Some(room) = self.room_mut(index) else {
            return false;
        };
        let Some(place) = room.members.swap_remove(&slot) else {
            return false;
        };
        list.swap_remove(place as usize);
        // The last room of the list took the place.
        if let Some(moved) = list.get(place as usize).copied()
            && let Some(moved) = self.room_mut(moved)
            && let Some(back) = moved.members.get_mut(&slot)
        {
            *back = place;
        }
        true
    }

    /// Forgets the room if nobody is left in it, and gives it back.
    pub(crate) fn close_if_empty(&mut self, index: RoomIndex) -> Option<Room> {
        if self.room(index)?.len() > 0 {
            return None;
        }
        let room = self.rooms.try_remove(index.0 as usize)?;
        let names = self.namespaces.get_mut(room.scope.id.0 as usize)?;
        match &room.shared.name {
            None => names.everyone = None,
            Some(name) => {
                names.named.remove(name);
            }
        }
        if names.everyone.is_none() && names.named.is_empty() {
            // The next namespace of this id starts without the capacity that this one needed.
            *names = Names::default();
        }
        Some(room)
    }

    /// Every room with members here.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &Room> {
        self.rooms.iter().map(|(_, room)| room)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const NSP: NamespaceId = NamespaceId(0);

    fn open(membership: &mut Membership, name: Option<&str>) -> RoomIndex {
        let scope = Arc::new(Scope::new(NSP, "/".into()));
        membership.open(&scope, name, || SharedRoom::new(NSP, name.map(Into::into)))
    }

    #[test]
    fn leaving_keeps_the_places_of_the_other_rooms_right() {
        let mut membership = Membership::default();
        let mut list = RoomList::new();
        let rooms: Vec<_> = ["a", "b", "c", "d"]
            .map(|name| open(&mut membership, Some(name)))
            .into();
        for room in &rooms {
            assert!(membership.join(*room, 7, &mut list));
            assert!(
                !membership.join(*room, 7, &mut list),
                "joining twice is once"
            );
        }
        // Out of order, so that places move.
        for room in [1, 0, 3, 2] {
            assert!(membership.leave(rooms[room], 7, &mut list));
            assert!(!membership.leave(rooms[room], 7, &mut list));
        }
        assert!(list.is_empty());
        assert!(
            rooms
                .iter()
                .all(|r| membership.room(*r).unwrap().len() == 0)
        );
    }

    #[test]
    fn a_room_is_forgotten_with_its_last_member() {
        let mut membership = Membership::default();
        let (mut one, mut two) = (RoomList::new(), RoomList::new());
        let room = open(&mut membership, Some("a"));
        membership.join(room, 1, &mut one);
        membership.join(room, 2, &mut two);
        membership.leave(room, 1, &mut one);
        assert!(membership.close_if_empty(room).is_none());
        membership.leave(room, 2, &mut two);
        assert!(membership.close_if_empty(room).is_some());
        assert_eq!(membership.find(NSP, Some("a")), None);
    }

    #[test]
    fn everyone_and_a_room_with_an_empty_name_are_two() {
        let mut membership = Membership::default();
        let everyone = open(&mut membership, None);
        let named = open(&mut membership, Some(""));
        assert_ne!(everyone, named);
    }
}
