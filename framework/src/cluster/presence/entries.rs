//! What this node says about its sockets, and what of it the store has still to hear.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use smallvec::SmallVec;

use super::store::{Topic, Write};
use crate::id::SocketId;

/// The entries of this node as they should be, each with whether the store knows. A change that
/// has not been written yet is replaced by the next one of the same entry, so that what waits is
/// never more than there are, and were when the store was heard of last.
pub(super) struct Entries {
    sockets: HashMap<SocketId, Entered>,
    /// Sockets with changes, and the number of the first of these; in their order.
    queue: VecDeque<(u64, SocketId)>,
    /// The number of the last change.
    asked: u64,
    /// The store has all changes up to this one.
    confirmed: u64,
    /// Entries that should be there.
    live: usize,
    max: usize,
}

#[derive(Default)]
struct Entered {
    slots: SmallVec<[Slot; 1]>,
    queued: bool,
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

/// The node has as many entries as it may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Entries {
    pub(super) fn new(max: usize) -> Self {
        Self {
            sockets: HashMap::new(),
            queue: VecDeque::new(),
            asked: 0,
            confirmed: 0,
            live: 0,
            max,
        }
    }

    /// Sets the one entry that the socket has in the topic.
    pub(super) fn put(
        &mut self,
        socket: SocketId,
        topic: &Topic,
        key: &Arc<str>,
        meta: &Arc<str>,
    ) -> Result<(), Full> {
        let had = self.key(socket, topic).is_some();
        if !had && self.live >= self.max {
            return Err(Full);
        }
        if self.key(socket, topic).is_some_and(|known| known != key) {
            self.remove(socket, topic);
        }
        let entered = self.sockets.entry(socket).or_default();
        let known = entered
            .slots
            .iter_mut()
            .find(|slot| slot.topic == *topic && slot.key == *key);
        match known {
            Some(slot) if slot.meta.as_ref() == Some(meta) => return Ok(()),
            Some(slot) => {
                self.live += usize::from(slot.meta.is_none());
                slot.meta = Some(Arc::clone(meta));
                slot.dirty = true;
            }
            None => {
                self.live += 1;
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
        Ok(())
    }

    /// Takes back what the socket has in the topic; whether it had anything.
    pub(super) fn remove(&mut self, socket: SocketId, topic: &Topic) -> bool {
        self.remove_where(socket, |slot| slot.topic == *topic)
    }

    pub(super) fn remove_all(&mut self, socket: SocketId) -> bool {
        self.remove_where(socket, |_| true)
    }

    fn remove_where(&mut self, socket: SocketId, mut concerned: impl FnMut(&Slot) -> bool) -> bool {
        let Some(entered) = self.sockets.get_mut(&socket) else {
            return false;
        };
        let mut removed = 0;
        entered.slots.retain(|slot| {
            if slot.meta.is_none() || !concerned(slot) {
                return true;
            }
            removed += 1;
            slot.meta = None;
            slot.dirty = true;
            // What the store never heard of, it need not forget.
            slot.written
        });
        let is_empty = entered.slots.is_empty();
        self.live -= removed;
        match removed {
            0 => return false,
            // Left in the queue, where it is skipped.
            _ if is_empty => drop(self.sockets.remove(&socket)),
            _ => self.enqueue(socket),
        }
        true
    }

    fn enqueue(&mut self, socket: SocketId) {
        self.asked += 1;
        if let Some(entered) = self.sockets.get_mut(&socket)
            && !entered.queued
        {
            entered.queued = true;
            self.queue.push_back((self.asked, socket));
        }
    }

    /// The key of the entry that the socket has in the topic.
    pub(super) fn key(&self, socket: SocketId, topic: &Topic) -> Option<&Arc<str>> {
        let slots = &self.sockets.get(&socket)?.slots;
        let mut slots = slots.iter();
        let slot = slots.find(|slot| slot.topic == *topic && slot.meta.is_some())?;
        Some(&slot.key)
    }

    /// The entries of the socket: topics, keys and what they say.
    pub(super) fn of(
        &self,
        socket: SocketId,
    ) -> impl Iterator<Item = (&Topic, &Arc<str>, &Arc<str>)> {
        let slots = self.sockets.get(&socket).map(|entered| &entered.slots);
        slots.into_iter().flatten().filter_map(|slot| {
            let meta = slot.meta.as_ref()?;
            Some((&slot.topic, &slot.key, meta))
        })
    }

    /// The oldest changes, about `limit`; the store may have them from now on.
    pub(super) fn take(&mut self, limit: usize) -> Vec<Write> {
        let mut writes = Vec::new();
        while writes.len() < limit
            && let Some((_, socket)) = self.queue.pop_front()
        {
            let Some(entered) = self.sockets.get_mut(&socket) else {
                continue;
            };
            entered.queued = false;
            for slot in entered.slots.iter_mut().filter(|slot| slot.dirty) {
                slot.dirty = false;
                slot.written = true;
                writes.push(slot.write(socket));
            }
        }
        writes
    }

    /// The store has these changes.
    pub(super) fn written(&mut self, writes: &[Write]) {
        self.confirmed = self.settled();
        for write in writes.iter().filter(|write| write.meta.is_none()) {
            let Some(entered) = self.sockets.get_mut(&write.socket) else {
                continue;
            };
            entered.slots.retain(|slot| {
                let done = slot.is(write) && slot.meta.is_none() && !slot.dirty;
                !done
            });
            if entered.slots.is_empty() {
                self.sockets.remove(&write.socket);
            }
        }
    }

    /// The store may not have these changes: they are the next ones again.
    pub(super) fn give_back(&mut self, writes: &[Write]) {
        for write in writes.iter().rev() {
            let Some(entered) = self.sockets.get_mut(&write.socket) else {
                continue;
            };
            if let Some(slot) = entered.slots.iter_mut().find(|slot| slot.is(write)) {
                slot.dirty = true;
            }
            if !entered.queued {
                entered.queued = true;
                self.queue.push_front((self.confirmed + 1, write.socket));
            }
        }
    }

    /// The store has nothing of this node any more: everything is to be written again.
    pub(super) fn lost(&mut self) {
        self.queue.clear();
        self.asked += 1;
        let (asked, queue) = (self.asked, &mut self.queue);
        self.sockets.retain(|socket, entered| {
            entered.slots.retain(|slot| {
                slot.written = false;
                slot.dirty = true;
                slot.meta.is_some()
            });
            entered.queued = !entered.slots.is_empty();
            if entered.queued {
                queue.push_back((asked, *socket));
            }
            entered.queued
        });
    }

    /// The store gets a part of the entries again, one of so many: what it has of them may have been
    /// lost. Nobody waits for that.
    pub(super) fn write_again(&mut self, part: usize, parts: usize) {
        let next = self.asked + 1;
        for (socket, entered) in &mut self.sockets {
            let bytes = socket.as_str().bytes();
            let sum = bytes.fold(0, |sum: usize, byte| sum + usize::from(byte));
            if sum % parts != part {
                continue;
            }
            for slot in entered.slots.iter_mut().filter(|slot| slot.meta.is_some()) {
                slot.dirty = true;
            }
            if !entered.queued {
                entered.queued = true;
                self.queue.push_back((next, *socket));
            }
        }
    }

    /// The number of the last change that was asked for.
    pub(super) fn asked(&self) -> u64 {
        self.asked
    }

    /// Up to which number the store has all changes, if it has those that were taken.
    pub(super) fn settled(&self) -> u64 {
        match self.queue.front() {
            Some((first, _)) => first.saturating_sub(1),
            None => self.asked,
        }
    }

    /// How many entries the store has of this node, where it has all changes.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    pub(super) fn is_settled(&self) -> bool {
        self.queue.is_empty()
    }
}

impl Slot {
    fn write(&self, socket: SocketId) -> Write {
        Write {
            topic: self.topic.clone(),
            key: Arc::clone(&self.key),
            socket,
            meta: self.meta.clone(),
        }
    }

    fn is(&self, write: &Write) -> bool {
        self.topic == write.topic && self.key == write.key
    }
}

#[cfg(test)]
mod tests;
