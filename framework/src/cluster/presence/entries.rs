//! What this node says about its sockets, and what of it the store has still to hear.

mod again;
mod per_user;
mod under_way;
mod writing;

use std::{collections::BTreeSet, sync::Arc};

use indexmap::IndexMap;
use per_user::PerUser;
use smallvec::SmallVec;
use under_way::UnderWay;

use super::store::Topic;
use crate::{id::SocketId, metrics::Metrics};

/// The entries of this node as they should be, each with whether the store knows. A change that
/// has not been written yet is replaced by the next one of the same entry, so that what waits is
/// never more than there are, and were when the store was heard of last.
pub(super) struct Entries {
    sockets: IndexMap<SocketId, Entered>,
    /// Sockets with changes, by the number of the first of these.
    queue: BTreeSet<(u64, SocketId)>,
    /// The number of the last change.
    asked: u64,
    /// The store has all changes up to this one.
    confirmed: u64,
    /// The sockets before this place are written again next.
    next_again: usize,
    /// Entries that should be there, and those of them in rooms.
    live: usize,
    in_rooms: usize,
    per_user: PerUser,
    limits: Limits,
    metrics: Arc<Metrics>,
    pub(super) under_way: UnderWay,
}

/// How many entries there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Of the node, in rooms: of users there is one for each socket, and rooms that clients name are not to keep
    /// them out.
    pub(super) entries: usize,
    /// Rooms of one socket.
    pub(super) rooms: usize,
    /// Sockets of one user.
    pub(super) sockets_per_user: Option<usize>,
}

#[derive(Default)]
struct Entered {
    slots: SmallVec<[Slot; 1]>,
    /// Where it is in the queue.
    queued: Option<u64>,
}

struct Slot {
    topic: Topic,
    key: Arc<str>,
    /// `None`: it should not be there.
    meta: Option<Arc<str>>,
    /// The store may have it.
    written: bool,
    dirty: bool,
}

/// Why nothing is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// The node has as many entries as it may have.
    Node,
    /// The socket is tracked in as many rooms as this.
    Rooms(usize),
    /// The user has as many sockets as this.
    Sockets(usize),
    /// It watches as many rooms as this.
    Watches(usize),
}

impl Entries {
    pub(super) fn new(limits: Limits, metrics: &Arc<Metrics>) -> Self {
        Self {
            sockets: IndexMap::new(),
            queue: BTreeSet::new(),
            asked: 0,
            confirmed: 0,
            next_again: 0,
            live: 0,
            in_rooms: 0,
            per_user: PerUser::new(limits.sockets_per_user),
            limits,
            metrics: Arc::clone(metrics),
            under_way: UnderWay::default(),
        }
    }

    /// Whether the socket may have an entry in the topic.
    pub(super) fn admits(&self, socket: SocketId, topic: &Topic) -> Result<(), Excess> {
        if self.key(socket, topic).is_some() {
            return Ok(());
        }
        if *topic == Topic::Users {
            return Ok(());
        }
        if self.in_rooms >= self.limits.entries {
            return Err(Excess::Node);
        }
        let rooms = self.of(socket).filter(|(topic, _)| **topic != Topic::Users);
        match rooms.count() < self.limits.rooms {
            true => Ok(()),
            false => Err(Excess::Rooms(self.limits.rooms)),
        }
    }

    /// Whether the socket may get this user, which is not the one that it has.
    pub(super) fn admits_user(&self, socket: SocketId, user: &str) -> Result<(), Excess> {
        if let Some(max) = self.per_user.exhausted(user) {
            return Err(Excess::Sockets(max));
        }
        self.admits(socket, &Topic::Users)
    }

    /// Sets the one entry that the socket has in the topic.
    pub(super) fn put(&mut self, socket: SocketId, topic: &Topic, key: &Arc<str>, meta: &Arc<str>) {
        if self.key(socket, topic).is_some_and(|known| known != key) {
            self.remove(socket, topic);
        }
        let entered = self.sockets.entry(socket).or_default();
        let known = entered
            .slots
            .iter_mut()
            .find(|slot| slot.topic == *topic && slot.key == *key);
        match known {
            Some(slot) if slot.meta.as_ref() == Some(meta) => return,
            Some(slot) => {
                if slot.meta.is_none() {
                    self.live += 1;
                    self.in_rooms += usize::from(*topic != Topic::Users);
                    self.per_user.came(topic, key);
                    self.metrics.presence_entries.up();
                }
                slot.meta = Some(Arc::clone(meta));
                slot.dirty = true;
            }
            None => {
                self.live += 1;
                self.in_rooms += usize::from(*topic != Topic::Users);
                self.per_user.came(topic, key);
                self.metrics.presence_entries.up();
                entered.slots.push(Slot {
                    topic: topic.clone(),
                    key: Arc::clone(key),
                    meta: Some(Arc::clone(meta)),
                    written: false,
                    dirty: true,
                });
            }
        }
        self.enqueue(socket);
    }

    /// Gives the socket a user, under whom it is from now on wherever it is present.
    pub(super) fn bind(&mut self, socket: SocketId, user: &Arc<str>, meta: &Arc<str>) {
        self.put(socket, &Topic::Users, user, meta);
        let rooms = self.of(socket).filter(|(topic, _)| **topic != Topic::Users);
        let rooms: Vec<_> = rooms
            .map(|(topic, meta)| (topic.clone(), Arc::clone(meta)))
            .collect();
        for (topic, meta) in rooms {
            self.put(socket, &topic, user, &meta);
        }
    }

    /// Takes back what the socket has in the topic; whether it had anything.
    pub(super) fn remove(&mut self, socket: SocketId, topic: &Topic) -> bool {
        self.remove_where(socket, |slot| slot.topic == *topic)
    }

    pub(super) fn remove_all(&mut self, socket: SocketId) -> bool {
        self.under_way.forget(socket);
        self.remove_where(socket, |_| true)
    }

    fn remove_where(&mut self, socket: SocketId, mut concerned: impl FnMut(&Slot) -> bool) -> bool {
        let Some(entered) = self.sockets.get_mut(&socket) else {
            return false;
        };
        let (metrics, per_user) = (&self.metrics, &mut self.per_user);
        let (mut removed, mut of_rooms) = (0, 0);
        entered.slots.retain(|slot| {
            if slot.meta.is_none() || !concerned(slot) {
                return true;
            }
            removed += 1;
            of_rooms += usize::from(slot.topic != Topic::Users);
            per_user.went(&slot.topic, &slot.key);
            metrics.presence_entries.down();
            slot.meta = None;
            slot.dirty = true;
            // What the store never heard of, it need not forget.
            slot.written
        });
        self.live -= removed;
        self.in_rooms -= of_rooms;
        if removed == 0 {
            return false;
        }
        match entered.slots.is_empty() {
            true => self.drop_socket(socket),
            false => self.enqueue(socket),
        }
        true
    }

    /// The key of the entry that the socket has in the topic.
    pub(super) fn key(&self, socket: SocketId, topic: &Topic) -> Option<&Arc<str>> {
        let slots = &self.sockets.get(&socket)?.slots;
        let mut slots = slots.iter();
        let slot = slots.find(|slot| slot.topic == *topic && slot.meta.is_some())?;
        Some(&slot.key)
    }

    /// The entries of the socket: topics, and what they say.
    fn of(&self, socket: SocketId) -> impl Iterator<Item = (&Topic, &Arc<str>)> {
        let slots = self.sockets.get(&socket).map(|entered| &entered.slots);
        let slots = slots.into_iter().flatten();
        slots.filter_map(|slot| Some((&slot.topic, slot.meta.as_ref()?)))
    }

    /// How many entries there are; so many has the store of this node, where it has all changes.
    pub(super) fn live(&self) -> usize {
        self.live
    }
}

#[cfg(test)]
mod tests;
