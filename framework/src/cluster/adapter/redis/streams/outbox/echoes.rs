use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
};

use metrics::Histogram;

use super::Waiting;
use crate::id::EntryId;

/// What is to come back from one stream.
#[derive(Default)]
pub(super) struct Echoes {
    /// Events of this node that are in the stream, or may be, in their order there, and do not say
    /// themselves whether they were delivered here.
    expected: VecDeque<Arc<Waiting>>,
    bytes: usize,
    /// The last entry before the first of ours whose place is not known; `None` if that has not been
    /// asked yet.
    before: Option<EntryId>,
    /// So many of the events that were delivered here may not be in the stream yet.
    here: u64,
    /// The last of those that are.
    last_here: EntryId,
}

impl Echoes {
    /// An entry is on its way into the stream.
    pub(super) fn expect(&mut self, entry: &Arc<Waiting>, max_bytes: usize) {
        // Sent again, it is among them already.
        if !entry.event || entry.is_here() || entry.unmarked.swap(true, Ordering::Relaxed) {
            return;
        }
        self.bytes += entry.weight();
        self.expected.push_back(Arc::clone(entry));
        // Those that are forgotten are delivered when they come back, however late that is.
        while self.bytes > max_bytes
            && let Some(index) = self.expected.iter().position(|entry| !entry.is_here())
        {
            self.remove(index);
        }
    }

    fn remove(&mut self, index: usize) -> Option<Arc<Waiting>> {
        let entry = self.expected.remove(index)?;
        self.bytes -= entry.weight();
        if self.expected.is_empty() {
            // A burst's buffer is not kept.
            self.expected = VecDeque::new();
        }
        Some(entry)
    }

    /// An entry that waited is in the stream.
    pub(super) fn added(&mut self, entry: &Waiting, id: EntryId) {
        entry.set_id(id);
        self.before = self.before.max(Some(id));
        if entry.is_here() {
            self.here -= 1;
            self.last_here = self.last_here.max(id);
        }
    }

    /// An entry that waited will not come back.
    pub(super) fn forget(&mut self, entry: &Arc<Waiting>) {
        let is_it = |known: &Arc<Waiting>| Arc::ptr_eq(known, entry);
        // What was not sent is not among them, and they are many.
        if entry.unmarked.load(Ordering::Relaxed)
            && let Some(index) = self.expected.iter().position(is_it)
        {
            self.remove(index);
        }
        self.here -= u64::from(entry.is_here());
    }

    /// The last of our own, or what was there before the first.
    pub(super) fn before(&self) -> Option<EntryId> {
        self.before
    }

    pub(super) fn set_before(&mut self, id: EntryId) {
        self.before = Some(id);
    }

    /// An event that waits is delivered on this node.
    pub(super) fn set_here(&mut self, entry: &Waiting) {
        entry.set_here();
        self.here += 1;
    }

    /// Those that may be in the stream and have not been delivered on this node, but are now: at
    /// most so many.
    pub(super) fn take_missed(&mut self, max: usize) -> Vec<Arc<Waiting>> {
        let missed = self.expected.iter().filter(|entry| entry.is_missed_here());
        let missed: Vec<_> = missed.take(max).cloned().collect();
        for entry in &missed {
            match entry.id() {
                Some(id) => {
                    entry.set_here();
                    self.last_here = self.last_here.max(id);
                }
                None => self.set_here(entry),
            }
        }
        missed
    }

    /// One of ours has come back, which says itself whether it was delivered on this node; whether it
    /// was.
    pub(super) fn take_back(
        &mut self,
        id: EntryId,
        marked: bool,
        nsp: &str,
        data: &[u8],
        delivered: &Histogram,
    ) -> bool {
        // Whatever was older and has not come will not.
        while let Some(first) = self.expected.front()
            && first.id().is_some_and(|known| known < id)
        {
            self.remove(0);
        }
        let is_it = |entry: &&Arc<Waiting>| match entry.id() {
            Some(known) => known == id,
            // They come back in their order, and with the same content they are the same to everyone.
            None => Some(id) > self.before && *entry.nsp == *nsp && entry.data == data,
        };
        if self.expected.front().is_some_and(|entry| is_it(&entry))
            && let Some(entry) = self.remove(0)
        {
            entry.set_read(id);
            let was_here = marked || entry.is_here();
            if !was_here {
                delivered.record(entry.at.elapsed());
            }
            return was_here;
        }
        marked
    }

    /// The stream is another one, or an older state of it: what was behind this entry will not come
    /// back.
    pub(super) fn lost(&mut self, last: EntryId) {
        let is_there = |entry: &Arc<Waiting>| entry.id().is_none_or(|id| id <= last);
        self.expected.retain(is_there);
        self.bytes = self.expected.iter().map(|entry| entry.weight()).sum();
        self.last_here = self.last_here.min(last);
    }

    /// Whether all that was delivered here has come back, if everything up to there has.
    pub(super) fn is_complete(&self, read: EntryId) -> bool {
        self.here == 0 && self.last_here <= read
    }
}
