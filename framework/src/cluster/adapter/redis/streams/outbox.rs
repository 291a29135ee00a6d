//! What waits to be added to streams, in its order, until Redis has answered; and what of that is to
//! be read back.

mod away;
mod echoes;
mod entry;
mod line;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use metrics::Histogram;
use tokio::sync::Notify;

pub(super) use entry::Waiting;
pub(super) use line::AtOnce;

use super::super::options::OutboxPolicy;
use crate::{
    id::EntryId,
    metrics::{delivery_duration, publish_duration},
};
use echoes::Echoes;
use line::Line;

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
    published: Histogram,
    delivered: Histogram,
}

#[derive(Default)]
struct Queue {
    entries: VecDeque<Arc<Waiting>>,
    bytes: usize,
    /// So many of the first were sent, and not answered yet.
    sent: usize,
    /// So many of the first make no room for others, as far as that is known.
    firm: usize,
    /// On which connection.
    peer: Option<Peer>,
    line: Line,
    streams: Vec<Echoes>,
    /// Since when nothing was acknowledged of what waits.
    stuck: Option<Instant>,
    /// Events that come are delivered on this node at once.
    away: bool,
    /// Nothing more is taken.
    closed: bool,
}

/// What became of an entry.
pub(super) struct Pushed {
    /// Those that had to make room, the oldest first.
    pub(super) evicted: Vec<Arc<Waiting>>,
    /// It is to be sent now, before anything else is done.
    pub(super) at_once: Option<AtOnce>,
    /// It is to be delivered on this node now.
    pub(super) here: bool,
}

/// Why an entry was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// There was no room.
    Full,
    Closed,
}

impl Queue {
    /// The first entry is in its stream: at this place, unless it has been trimmed already.
    fn forget_first(&mut self, id: Option<EntryId>) {
        let Some(entry) = self.entries.pop_front() else {
            return;
        };
        self.sent = self.sent.saturating_sub(1);
        self.firm = self.firm.saturating_sub(1);
        self.bytes -= entry.weight();
        if let Some(echoes) = self.streams.get_mut(entry.stream) {
            match id.or(entry.id()) {
                Some(id) => echoes.added(&entry, id),
                None => echoes.forget(&entry),
            }
        }
        self.stuck = Some(Instant::now());
        if self.entries.is_empty() {
            // A burst's buffer is not kept.
            self.entries = VecDeque::new();
            self.stuck = None;
        }
    }

    fn take_batch(
        &mut self,
        max_entries: usize,
        max_bytes: usize,
        max_expected: usize,
    ) -> Vec<Arc<Waiting>> {
        let mut bytes = 0;
        let mut batch = Vec::new();
        for entry in self.entries.iter().take(max_entries) {
            bytes += entry.weight();
            if bytes > max_bytes && !batch.is_empty() {
                break;
            }
            if let Some(echoes) = self.streams.get_mut(entry.stream) {
                echoes.expect(entry, max_expected);
            }
            batch.push(Arc::clone(entry));
        }
        self.sent = batch.len();
        self.line.sent();
        batch
    }

    /// Takes out what has waited longest of what may be dropped and certainly is not in its stream.
    fn evict(&mut self) -> Option<Arc<Waiting>> {
        // Nobody looks twice at those that stay: they may be many.
        let from = self.sent.max(self.firm).min(self.entries.len());
        let firm = self.entries.range(from..).take_while(|entry| entry.awaited);
        self.firm = from + firm.count();
        let gone = self.entries.remove(self.firm)?;
        self.bytes -= gone.weight();
        if let Some(echoes) = self.streams.get_mut(gone.stream) {
            echoes.forget(&gone);
        }
        Some(gone)
    }
}

impl Outbox {
    pub(super) fn new(streams: usize, max_bytes: usize, policy: OutboxPolicy) -> Self {
        Self {
            queue: Mutex::new(Queue {
                streams: (0..streams).map(|_| Echoes::default()).collect(),
                ..Queue::default()
            }),
            changed: Notify::new(),
            max_bytes,
            policy,
            published: publish_duration(),
            delivered: delivery_duration(),
        }
    }

    // Held for a few instructions.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an entry, if the bound allows it. One alone may be larger than the bound.
    pub(super) fn push(&self, entry: Waiting) -> Result<Pushed, Refused> {
        let mut queue = self.queue();
        if queue.closed {
            return Err(Refused::Closed);
        }
        let weight = entry.weight();
        let mut evicted = Vec::new();
        while !queue.entries.is_empty() && queue.bytes + weight > self.max_bytes {
            // What was sent may be there already, and stays.
            let gone = match self.policy {
                OutboxPolicy::DropOldest => queue.evict(),
                _ => None,
            };
            match gone {
                Some(gone) => evicted.push(gone),
                None if evicted.is_empty() => return Err(Refused::Full),
                None => break,
            }
        }
        let here = queue.away && entry.event;
        if here && let Some(echoes) = queue.streams.get_mut(entry.stream) {
            echoes.set_here(&entry);
        }
        queue.bytes += weight;
        queue.stuck.get_or_insert_with(Instant::now);
        queue.entries.push_back(Arc::new(entry));
        let at_once = queue.take_at_once(self.max_bytes);
        // Behind what is on its way, the answer to that is waited for.
        let due = queue.is_quiet();
        drop(queue);
        if due {
            self.changed.notify_one();
        }
        Ok(Pushed {
            evicted,
            at_once,
            here,
        })
    }

    /// What is to be sent next, at most so many entries and bytes, but one; it stays until it is
    /// [acknowledged](Self::acknowledge). Empty if nothing waits, or something is on its way.
    pub(super) fn send(&self, max_entries: usize, max_bytes: usize) -> Vec<Arc<Waiting>> {
        let mut queue = self.queue();
        match queue.is_quiet() {
            true => queue.take_batch(max_entries, max_bytes, self.max_bytes),
            false => Vec::new(),
        }
    }

    /// Forgets what was sent if it is there, all of it or nothing: `found` has the last of this
    /// node's entries in each stream behind the one [before](Self::before), at most as many as were
    /// sent. Otherwise it will be sent again. Whether it was there.
    pub(super) fn settle(&self, found: &[Vec<EntryId>]) -> bool {
        let mut queue = self.queue();
        let sent: Vec<_> = queue.entries.iter().take(queue.sent).cloned().collect();
        queue.sent = 0;
        queue.firm = 0;
        let there = sent.iter().any(|entry| entry.is_read());
        if !there && found.iter().all(Vec::is_empty) {
            return false;
        }
        for (index, entry) in sent.iter().enumerate() {
            let later = sent.iter().skip(index + 1);
            let later = later.filter(|later| later.stream == entry.stream).count();
            let ids = found.get(entry.stream);
            queue.forget_first(ids.and_then(|ids| ids.iter().nth_back(later).copied()));
        }
        true
    }

    /// The first that were sent are in their streams, with these ids. False if there are more ids than
    /// were sent.
    pub(super) fn acknowledge(&self, ids: &[EntryId]) -> bool {
        let mut queue = self.queue();
        if ids.len() > queue.sent {
            return false;
        }
        let waited = queue.line.waited();
        for id in ids {
            queue.forget_first(Some(*id));
        }
        drop(queue);
        if let Some(waited) = waited {
            self.published.record(waited);
        }
        true
    }

    /// What was sent on an earlier connection and not answered: the streams of the entries in their
    /// order, with the connection.
    pub(super) fn unanswered(&self) -> (Vec<usize>, Option<Peer>) {
        let queue = self.queue();
        let sent = queue.entries.iter().take(queue.sent);
        (sent.map(|entry| entry.stream).collect(), queue.peer.clone())
    }

    /// The last entry of a stream before those that wait; `None` if that has not been asked yet.
    pub(super) fn before(&self, stream: usize) -> Option<EntryId> {
        self.queue().streams.get(stream)?.before()
    }

    pub(super) fn set_before(&self, stream: usize, id: EntryId) {
        if let Some(echoes) = self.queue().streams.get_mut(stream) {
            echoes.set_before(id);
        }
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
        let echoes = queue.streams.get_mut(stream);
        echoes.map_or(marked, |echoes| {
            echoes.take_back(id, marked, nsp, data, &self.delivered)
        })
    }

    /// Bytes that wait, or are not answered yet.
    pub(super) fn bytes(&self) -> usize {
        self.queue().bytes
    }

    /// Takes nothing more. Whatever was taken is seen by who asks from now on whether anything waits.
    pub(super) fn close(&self) {
        self.queue().closed = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue().entries.is_empty()
    }
}

#[cfg(test)]
mod tests;
