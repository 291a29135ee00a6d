//! What waits to be added to streams, in its order, until Redis has answered.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::super::options::OutboxPolicy;
use crate::id::EntryId;

/// An entry on its way, for the stream with this index.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) stream: usize,
    pub(super) nsp: Box<str>,
    pub(super) kind: u8,
    pub(super) data: Vec<u8>,
}

impl Waiting {
    fn weight(&self) -> usize {
        size_of::<Self>() + self.nsp.len() + self.data.len()
    }
}

/// A connection to Redis as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peer {
    /// The process: another one has other connections.
    pub(super) run_id: String,
    pub(super) client: u64,
}

pub(super) struct Outbox {
    queue: Mutex<Queue>,
    changed: Notify,
    max_bytes: usize,
    policy: OutboxPolicy,
}

#[derive(Default)]
struct Queue {
    entries: VecDeque<Arc<Waiting>>,
    bytes: usize,
    /// So many of the first were sent, and not answered yet.
    sent: usize,
    /// On which connection.
    peer: Option<Peer>,
    /// The last entry in each stream before the first of ours that waits.
    before: Vec<Option<EntryId>>,
}

impl Queue {
    /// The entry is in its stream.
    fn forget(&mut self, entry: &Waiting, id: EntryId) {
        self.bytes -= entry.weight();
        if let Some(before) = self.before.get_mut(entry.stream) {
            *before = (*before).max(Some(id));
        }
    }
}

/// There was no room.
pub(super) struct Full;

impl Outbox {
    pub(super) fn new(streams: usize, max_bytes: usize, policy: OutboxPolicy) -> Self {
        Self {
            queue: Mutex::new(Queue {
                before: vec![None; streams],
                ..Queue::default()
            }),
            changed: Notify::new(),
            max_bytes,
            policy,
        }
    }

    // Held for a few instructions.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an entry, if the bound allows it; how many others had to make room. One alone may be
    /// larger than the bound.
    pub(super) fn push(&self, entry: Waiting) -> Result<usize, Full> {
        let mut queue = self.queue();
        let weight = entry.weight();
        let mut evicted = 0;
        while !queue.entries.is_empty() && queue.bytes + weight > self.max_bytes {
            let first = queue.sent;
            // What was sent may be there already.
            if self.policy != OutboxPolicy::DropOldest || first >= queue.entries.len() {
                return Err(Full);
            }
            let gone = queue.entries.remove(first);
            queue.bytes -= gone.map_or(0, |gone| gone.weight());
            evicted += 1;
        }
        queue.bytes += weight;
        queue.entries.push_back(Arc::new(entry));
        drop(queue);
        self.changed.notify_one();
        Ok(evicted)
    }

    /// What is to be sent next, at most so many entries and bytes, but one; it stays until it is
    /// [acknowledged](Self::acknowledge). Empty if nothing waits.
    pub(super) fn send(&self, max_entries: usize, max_bytes: usize) -> Vec<Arc<Waiting>> {
        let mut queue = self.queue();
        let mut bytes = 0;
        let mut batch = Vec::new();
        for entry in queue.entries.iter().take(max_entries) {
            bytes += entry.weight();
            if bytes > max_bytes && !batch.is_empty() {
                break;
            }
            batch.push(Arc::clone(entry));
        }
        queue.sent = batch.len();
        batch
    }

    /// Forgets those that were sent and are there: `found` gives the next id in a stream, if there
    /// is one. The others will be sent again.
    pub(super) fn settle(&self, mut found: impl FnMut(usize) -> Option<EntryId>) {
        let mut queue = self.queue();
        let sent = std::mem::take(&mut queue.sent).min(queue.entries.len());
        let rest = queue.entries.split_off(sent);
        let sent = std::mem::replace(&mut queue.entries, rest);
        let mut missing = Vec::new();
        for entry in sent {
            match found(entry.stream) {
                Some(id) => queue.forget(&entry, id),
                None => missing.push(entry),
            }
        }
        for entry in missing.into_iter().rev() {
            queue.entries.push_front(entry);
        }
    }

    /// The first that were sent are in their streams, with these ids.
    pub(super) fn acknowledge(&self, ids: &[EntryId]) {
        let mut queue = self.queue();
        for id in ids {
            let Some(entry) = queue.entries.pop_front() else {
                break;
            };
            queue.sent = queue.sent.saturating_sub(1);
            queue.forget(&entry, *id);
        }
        if queue.entries.is_empty() {
            // A burst's buffer is not kept.
            queue.entries = VecDeque::new();
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// What was sent on an earlier connection and not answered: the streams of the entries in their
    /// order, with the connection.
    pub(super) fn unanswered(&self) -> (Vec<usize>, Option<Peer>) {
        let queue = self.queue();
        let sent = queue.entries.iter().take(queue.sent);
        (sent.map(|entry| entry.stream).collect(), queue.peer.clone())
    }

    /// A connection is there on which the next ones are sent.
    pub(super) fn connected(&self, peer: Option<Peer>) {
        self.queue().peer = peer;
    }

    /// The last entry of a stream before those that wait; `None` if that has not been asked yet.
    pub(super) fn before(&self, stream: usize) -> Option<EntryId> {
        self.queue().before.get(stream).copied().flatten()
    }

    pub(super) fn set_before(&self, stream: usize, id: EntryId) {
        if let Some(before) = self.queue().before.get_mut(stream) {
            *before = Some(id);
        }
    }

    /// Waits until something is to be sent.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn filled(&self) {
        while self.queue().entries.is_empty() {
            self.changed.notified().await;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue().entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bytes: usize) -> Waiting {
        Waiting {
            stream: 0,
            nsp: "/".into(),
            kind: 3,
            data: vec![b'x'; bytes],
        }
    }

    fn outbox(policy: OutboxPolicy) -> Outbox {
        Outbox::new(1, 2 * entry(100).weight(), policy)
    }

    fn lengths(entries: &[Arc<Waiting>]) -> Vec<usize> {
        entries.iter().map(|entry| entry.data.len()).collect()
    }

    #[test]
    fn it_is_bounded_and_one_alone_may_be_larger() {
        let outbox = outbox(OutboxPolicy::DropNewest);
        assert!(outbox.push(entry(1000)).is_ok());
        assert!(outbox.push(entry(0)).is_err());
        outbox.send(10, 0);
        outbox.acknowledge(&[EntryId::default()]);
        assert!(outbox.push(entry(100)).is_ok());
        assert!(outbox.push(entry(100)).is_ok());
        assert!(outbox.push(entry(0)).is_err());
    }

    #[test]
    fn what_was_sent_does_not_make_room() {
        let outbox = outbox(OutboxPolicy::DropOldest);
        for bytes in [98, 99] {
            assert!(matches!(outbox.push(entry(bytes)), Ok(0)));
        }
        assert_eq!(lengths(&outbox.send(1, 1000)), [98]);
        assert!(matches!(outbox.push(entry(100)), Ok(1)));
        assert_eq!(lengths(&outbox.send(10, 1000)), [98, 100]);
        assert!(outbox.push(entry(1)).is_err());
    }

    #[test]
    fn what_is_not_acknowledged_is_sent_again() {
        let outbox = outbox(OutboxPolicy::DropNewest);
        for bytes in [1, 2, 3] {
            assert!(outbox.push(entry(bytes)).is_ok());
        }
        let id = EntryId::default().next();
        assert_eq!(lengths(&outbox.send(2, 1000)), [1, 2]);
        assert_eq!(outbox.unanswered().0, [0, 0]);
        outbox.acknowledge(&[id]);
        assert_eq!(outbox.before(0), Some(id));
        outbox.settle(|_| None);
        assert_eq!(lengths(&outbox.send(10, 1000)), [2, 3]);
        let mut there = [id.next()].into_iter();
        outbox.settle(|_| there.next());
        assert_eq!(outbox.before(0), Some(id.next()));
        assert_eq!(lengths(&outbox.send(10, 1000)), [3]);
        outbox.acknowledge(&[id]);
        assert_eq!(outbox.before(0), Some(id.next()));
        assert!(outbox.is_empty() && outbox.unanswered().0.is_empty());
    }
}
