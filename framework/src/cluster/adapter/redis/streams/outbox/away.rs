//! While Redis is away for longer than events wait for it.

use std::{sync::Arc, time::Duration};

use super::{Outbox, Waiting};
use crate::id::EntryId;

impl Outbox {
    /// For how long something has waited without any progress.
    pub(in super::super) fn stuck_for(&self) -> Duration {
        let stuck = self.queue().stuck;
        stuck.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// The next events, at most so many, that this node has not delivered: those of a stream in its
    /// order, then those that wait. The caller delivers them. Empty once there are none: what is
    /// published from then on is for this node at once, until [`come_back`](Self::come_back).
    pub(in super::super) fn go_away(&self, max: usize) -> Vec<Arc<Waiting>> {
        let mut queue = self.queue();
        let queue = &mut *queue;
        let mut missed = Vec::new();
        for echoes in &mut queue.streams {
            missed.extend(echoes.take_missed(max - missed.len()));
        }
        let waiting = queue.entries.iter().filter(|entry| entry.is_missed_here());
        for entry in waiting.take(max - missed.len()) {
            if let Some(echoes) = queue.streams.get_mut(entry.stream) {
                echoes.set_here(entry);
            }
            missed.push(Arc::clone(entry));
        }
        queue.away = missed.is_empty();
        missed
    }

    pub(in super::super) fn come_back(&self) {
        self.queue().away = false;
    }

    pub(in super::super) fn is_away(&self) -> bool {
        self.queue().away
    }

    /// A stream is another one, or an older state of it, that ends there.
    pub(in super::super) fn lost(&self, stream: usize, last: EntryId) {
        if let Some(echoes) = self.queue().streams.get_mut(stream) {
            echoes.lost(last);
        }
    }

    /// Whether all events of a stream have come back that this node had delivered before, if it has
    /// been read up to there.
    pub(in super::super) fn all_read_back(&self, stream: usize, read: EntryId) -> bool {
        let queue = self.queue();
        let echoes = queue.streams.get(stream);
        echoes.is_none_or(|echoes| echoes.is_complete(read))
    }
}
