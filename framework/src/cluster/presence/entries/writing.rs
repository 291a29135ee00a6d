//! What of the entries is still to be written.

use std::sync::Arc;

use super::{Entries, Slot};
use crate::{cluster::presence::store::Write, id::SocketId};

impl Entries {
    pub(super) fn enqueue(&mut self, socket: SocketId) {
        self.asked += 1;
        if let Some(entered) = self.sockets.get_mut(&socket)
            && entered.queued.is_none()
        {
            entered.queued = Some(self.asked);
            self.queue.insert((self.asked, socket));
        }
    }

    /// Nothing of the socket is to be written, or kept.
    pub(super) fn drop_socket(&mut self, socket: SocketId) {
        let entered = self.sockets.swap_remove(&socket);
        if let Some(number) = entered.and_then(|entered| entered.queued) {
            self.queue.remove(&(number, socket));
        }
    }

    /// The oldest changes, about `limit`; the store may have them from now on.
    pub(in super::super) fn take(&mut self, limit: usize) -> Vec<Write> {
        let mut writes = Vec::new();
        while writes.len() < limit
            && let Some((_, socket)) = self.queue.pop_first()
        {
            let Some(entered) = self.sockets.get_mut(&socket) else {
                continue;
            };
            entered.queued = None;
            for slot in entered.slots.iter_mut().filter(|slot| slot.dirty) {
                slot.dirty = false;
                slot.written = true;
                writes.push(slot.write(socket));
            }
        }
        writes
    }

    /// The store has these changes.
    pub(in super::super) fn written(&mut self, writes: &[Write]) {
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
                self.drop_socket(write.socket);
            }
        }
    }

    /// The store may not have these changes: they are the next ones again.
    pub(in super::super) fn give_back(&mut self, writes: &[Write]) {
        let first = self.confirmed + 1;
        for write in writes {
            let Some(entered) = self.sockets.get_mut(&write.socket) else {
                continue;
            };
            if let Some(slot) = entered.slots.iter_mut().find(|slot| slot.is(write)) {
                slot.dirty = true;
            }
            if let Some(number) = entered.queued.replace(first) {
                self.queue.remove(&(number, write.socket));
            }
            self.queue.insert((first, write.socket));
        }
    }

    /// The store has nothing of this node any more: everything is to be written again.
    pub(in super::super) fn lost(&mut self) {
        self.queue.clear();
        self.asked += 1;
        let (asked, queue) = (self.asked, &mut self.queue);
        self.sockets.retain(|socket, entered| {
            entered.slots.retain(|slot| {
                slot.written = false;
                slot.dirty = true;
                slot.meta.is_some()
            });
            let stays = !entered.slots.is_empty();
            entered.queued = stays.then_some(asked);
            if stays {
                queue.insert((asked, *socket));
            }
            stays
        });
    }

    /// The number of the last change that was asked for.
    pub(in super::super) fn asked(&self) -> u64 {
        self.asked
    }

    /// Up to which number the store has all changes, if it has those that were taken.
    pub(in super::super) fn settled(&self) -> u64 {
        match self.queue.first() {
            Some((first, _)) => first.saturating_sub(1),
            None => self.asked,
        }
    }

    pub(in super::super) fn is_settled(&self) -> bool {
        self.queue.is_empty()
    }
}

impl Slot {
    pub(super) fn write(&self, socket: SocketId) -> Write {
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
