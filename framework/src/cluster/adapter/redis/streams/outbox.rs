//! What waits to be added to streams, in its order, until Redis has answered.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::super::options::OutboxPolicy;
use crate::{cluster::wire::entry::Fields, id::EntryId};

/// An entry on its way, for the stream with this index.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) stream: usize,
    pub(super) nsp: Box<str>,
    pub(super) kind: u8,
    pub(super) data: Vec<u8>,
    /// Of an event for clients that is not delivered before it is read back.
    event: bool,
    /// Delivered on this node all the same, since Redis was away.
    here: AtomicBool,
    /// It has come back from its stream, though Redis has not answered yet.
    read: AtomicBool,
}

impl Waiting {
    pub(super) fn new(
        stream: usize,
        nsp: &str,
        Fields { kind, data }: Fields,
        event: bool,
    ) -> Self {
        Self {
            stream,
            nsp: nsp.into(),
            kind,
            data,
            event,
            here: AtomicBool::new(false),
            read: AtomicBool::new(false),
        }
    }

    pub(super) fn is_here(&self) -> bool {
        self.here.load(Ordering::Relaxed)
    }

    /// Nobody on this node has it, or will read it back, if it is not added to its stream.
    pub(super) fn is_missed_here(&self) -> bool {
        self.event && !self.is_here()
    }

    fn is_read(&self) -> bool {
        self.read.load(Ordering::Relaxed)
    }

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
    /// Since when nothing was acknowledged of what waits.
    stuck: Option<Instant>,
    /// Events that come are delivered on this node at once.
    away: bool,
    /// So many of those have not been read back.
    here: u64,
    /// Those of them that had been sent by then, and may be in their stream without saying so.
    unmarked: VecDeque<Arc<Waiting>>,
}

/// What became of an entry.
#[derive(Debug)]
pub(super) struct Pushed {
    /// Those that had to make room, the oldest first.
    pub(super) evicted: Vec<Arc<Waiting>>,
    /// It is to be delivered on this node now.
    pub(super) here: bool,
}

impl Queue {
    /// The first entry is in its stream, and no entry of ours behind this id is that was sent
    /// before it.
    fn forget_first(&mut self, id: impl FnOnce(usize) -> Option<EntryId>) {
        let Some(entry) = self.entries.pop_front() else {
            return;
        };
        self.sent = self.sent.saturating_sub(1);
        self.bytes -= entry.weight();
        if let Some(before) = self.before.get_mut(entry.stream) {
            *before = (*before).max(id(entry.stream));
        }
        self.stuck = Some(Instant::now());
        if self.entries.is_empty() {
            // A burst's buffer is not kept.
            self.entries = VecDeque::new();
            self.stuck = None;
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

    /// Takes an entry, if the bound allows it. One alone may be larger than the bound.
    pub(super) fn push(&self, entry: Waiting) -> Result<Pushed, Full> {
        let mut queue = self.queue();
        let weight = entry.weight();
        let mut evicted = Vec::new();
        while !queue.entries.is_empty() && queue.bytes + weight > self.max_bytes {
            let first = queue.sent;
            // What was sent may be there already.
            if self.policy != OutboxPolicy::DropOldest || first >= queue.entries.len() {
                return Err(Full);
            }
            if let Some(gone) = queue.entries.remove(first) {
                queue.bytes -= gone.weight();
                queue.here -= u64::from(gone.is_here());
                queue.unmarked.retain(|entry| !Arc::ptr_eq(entry, &gone));
                evicted.push(gone);
            }
        }
        let here = queue.away && entry.event;
        entry.here.store(here, Ordering::Relaxed);
        queue.here += u64::from(here);
        queue.bytes += weight;
        queue.stuck.get_or_insert_with(Instant::now);
        queue.entries.push_back(Arc::new(entry));
        drop(queue);
        self.changed.notify_one();
        Ok(Pushed { evicted, here })
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

    /// Forgets what was sent if it is there, all of it or nothing: `found` gives the last entry of
    /// this node in a stream, if there is one behind the entry [before](Self::before). Otherwise it
    /// will be sent again. Whether it was there.
    pub(super) fn settle(&self, found: &[Option<EntryId>]) -> bool {
        let mut queue = self.queue();
        let sent = queue.sent.min(queue.entries.len());
        let was_read = queue.entries.iter().take(sent).any(|entry| entry.is_read());
        let there = was_read || found.iter().any(Option::is_some);
        if there {
            for _ in 0..sent {
                queue.forget_first(|stream| found.get(stream).copied().flatten());
            }
        }
        queue.sent = 0;
        there
    }

    /// The first that were sent are in their streams, with these ids.
    pub(super) fn acknowledge(&self, ids: &[EntryId]) {
        let mut queue = self.queue();
        for id in ids {
            queue.forget_first(|_| Some(*id));
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

    /// For how long something has waited without any progress.
    pub(super) fn stuck_for(&self) -> Duration {
        let stuck = self.queue().stuck;
        stuck.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// What is published from now on is for this node at once: until [`come_back`](Self::come_back).
    /// So is what waits already, which is returned.
    pub(super) fn go_away(&self) -> Vec<Arc<Waiting>> {
        let mut queue = self.queue();
        queue.away = true;
        let queue = &mut *queue;
        let mut waiting = Vec::new();
        for (index, entry) in queue.entries.iter().enumerate() {
            if entry.is_missed_here() && !entry.is_read() {
                entry.here.store(true, Ordering::Relaxed);
                waiting.push(Arc::clone(entry));
                if index < queue.sent {
                    queue.unmarked.push_back(Arc::clone(entry));
                }
            }
        }
        queue.here += waiting.len() as u64;
        waiting
    }

    pub(super) fn come_back(&self) {
        self.queue().away = false;
    }

    pub(super) fn is_away(&self) -> bool {
        self.queue().away
    }

    /// One of ours has come back from its stream, which says itself whether it was delivered on this
    /// node; whether it was.
    pub(super) fn read_back(
        &self,
        (stream, id): (usize, EntryId),
        marked: bool,
        nsp: &str,
        data: &[u8],
    ) -> bool {
        let mut queue = self.queue();
        // With the same content, the ones before were acknowledged.
        if queue
            .before
            .get(stream)
            .is_some_and(|before| Some(id) > *before)
        {
            let mut sent = queue.entries.iter().take(queue.sent);
            let same = |entry: &&Arc<Waiting>| {
                !entry.is_read()
                    && entry.stream == stream
                    && *entry.nsp == *nsp
                    && entry.data == data
            };
            if let Some(entry) = sent.find(same) {
                entry.read.store(true, Ordering::Relaxed);
            }
        }
        // They come back in their order, and with the same content they are the same to everyone.
        let first = queue
            .unmarked
            .iter()
            .position(|entry| entry.stream == stream);
        let first = first.filter(|first| {
            let entry = queue.unmarked.get(*first);
            entry.is_some_and(|entry| *entry.nsp == *nsp && entry.data == data)
        });
        if let Some(first) = first {
            queue.unmarked.remove(first);
        }
        let here = marked || first.is_some();
        queue.here = queue.here.saturating_sub(here.into());
        here
    }

    /// Those that have not will not: the stream is another one.
    pub(super) fn lost(&self) {
        let mut queue = self.queue();
        let waiting = queue.entries.iter().filter(|entry| entry.is_here());
        queue.here = waiting.count() as u64;
        queue.unmarked.clear();
    }

    /// Whether all of them have.
    pub(super) fn all_read_back(&self) -> bool {
        self.queue().here == 0
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
        let data = vec![b'x'; bytes];
        Waiting::new(0, "/", Fields { kind: 3, data }, true)
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
            assert!(matches!(
                outbox.push(entry(bytes)),
                Ok(Pushed { evicted, .. }) if evicted.is_empty()
            ));
        }
        assert_eq!(lengths(&outbox.send(1, 1000)), [98]);
        assert!(matches!(
            outbox.push(entry(100)),
            Ok(Pushed { evicted, .. }) if lengths(&evicted) == [99] && evicted[0].is_missed_here()
        ));
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
        assert!(!outbox.settle(&[None]));
        assert_eq!(lengths(&outbox.send(1, 1000)), [2]);
        assert!(outbox.settle(&[Some(id.next())]));
        assert_eq!(outbox.before(0), Some(id.next()));
        assert_eq!(lengths(&outbox.send(10, 1000)), [3]);
        outbox.acknowledge(&[id]);
        assert_eq!(outbox.before(0), Some(id.next()));
        assert!(outbox.is_empty() && outbox.unanswered().0.is_empty());
    }

    #[test]
    fn nothing_is_stuck_when_all_that_was_sent_is_there() {
        let outbox = Outbox::new(1, 10_000, OutboxPolicy::DropNewest);
        for bytes in [1, 2] {
            assert!(outbox.push(entry(bytes)).is_ok());
        }
        outbox.send(10, 1000);
        // Of a transaction, all is there or nothing, though the oldest may be trimmed.
        assert!(outbox.settle(&[Some(EntryId::default().next())]));
        assert!(outbox.is_empty() && outbox.queue().stuck.is_none());
    }

    #[test]
    fn what_was_read_back_before_it_was_acknowledged_is_there() {
        let outbox = Outbox::new(1, 10_000, OutboxPolicy::DropNewest);
        let first = EntryId::default().next();
        let back = |id| outbox.read_back((0, id), false, "/", b"x");
        assert!(outbox.push(entry(1)).is_ok());
        outbox.set_before(0, EntryId::default());
        outbox.send(10, 1000);
        outbox.acknowledge(&[first]);
        assert!(outbox.push(entry(1)).is_ok());
        outbox.send(10, 1000);
        assert!(!back(first), "the earlier one, with the same content");
        assert_eq!(outbox.unanswered().0, [0]);
        assert!(!back(first.next()));
        assert!(outbox.go_away().is_empty() && outbox.all_read_back());
        assert!(outbox.settle(&[None]) && outbox.is_empty());
    }

    #[test]
    fn while_redis_is_away_what_may_not_be_there_yet_is_for_this_node() {
        let outbox = Outbox::new(1, 10_000, OutboxPolicy::DropNewest);
        for bytes in [1, 2, 3] {
            assert!(matches!(
                outbox.push(entry(bytes)),
                Ok(Pushed { here: false, .. })
            ));
        }
        outbox.send(1, 1000);
        assert_eq!(lengths(&outbox.go_away()), [1, 2, 3]);
        assert!(matches!(
            outbox.push(entry(4)),
            Ok(Pushed { here: true, .. })
        ));
        outbox.come_back();
        assert!(matches!(
            outbox.push(entry(5)),
            Ok(Pushed { here: false, .. })
        ));
        let here: Vec<_> = outbox
            .send(10, 1000)
            .iter()
            .map(|entry| entry.is_here())
            .collect();
        assert_eq!(here, [true, true, true, true, false]);
        let id = EntryId::default().next();
        let back = |marked, bytes| outbox.read_back((0, id), marked, "/", &vec![b'x'; bytes]);
        assert!(!back(false, 7), "acknowledged before");
        assert!(back(false, 1), "sent before it was marked");
        assert!(!back(false, 1), "once");
        for bytes in [2, 3, 4] {
            assert!(!outbox.all_read_back());
            assert!(back(true, bytes));
        }
        assert!(outbox.all_read_back() && !back(false, 5));
    }
}
