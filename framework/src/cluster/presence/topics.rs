//! The topics of which this node has a copy, because someone here watches them.

mod audience;
mod queue;
mod watching;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Weak},
    time::Duration,
};

pub(super) use audience::{Beginners, Portion};
use indexmap::IndexMap;
use queue::Queue;
use tokio::{sync::oneshot, time::Instant};

use super::{
    change::{PresenceChange, Present},
    store::{Diff, Moment, Page, Topic},
    view::View,
    watchers::{Changes, Watcher},
};
use crate::{id::SocketId, metrics::Metrics, shard::directory::Scope};

pub(super) struct Topics {
    watched: IndexMap<Topic, Watched>,
    /// They are to be read.
    stale: Queue,
    /// Someone has come who waits to be told how they are.
    awaited: Queue,
    /// What sockets watch, each so many topics at most.
    sockets: HashMap<SocketId, Vec<Topic>>,
    max: usize,
    metrics: Arc<Metrics>,
    /// Which life of the store these are of.
    epoch: Option<Arc<str>>,
    /// The number of the last change that was heard of, since everything has been told.
    last: Option<u64>,
    /// When the store began another life, and the nodes to write everything again.
    lost_at: Option<Instant>,
    /// Whether this node's own entries are there is to be asked before topics are read again.
    doubtful: bool,
    /// The hub has left: there is nothing to watch any more.
    closed: bool,
}

#[derive(Default)]
pub(super) struct Watched {
    view: View,
    watchers: Vec<Watcher>,
    waiting: Vec<oneshot::Sender<Watching>>,
    /// Sockets whose clients are told, and those that have not been told the beginning.
    sockets: HashSet<SocketId>,
    newcomers: HashSet<SocketId>,
    /// Those that could not be told something, which are given time.
    behind: HashSet<SocketId>,
    /// Where they are.
    scope: Option<Weak<Scope>>,
}

/// What a watcher of the application's starts from.
pub(super) struct Watching {
    pub(super) present: Arc<[Present]>,
    pub(super) changes: Changes,
}

impl Topics {
    pub(super) fn new(max: usize, metrics: &Arc<Metrics>) -> Self {
        Self {
            watched: IndexMap::new(),
            stale: Queue::default(),
            awaited: Queue::default(),
            sockets: HashMap::new(),
            max,
            metrics: Arc::clone(metrics),
            epoch: None,
            last: None,
            lost_at: None,
            doubtful: false,
            closed: false,
        }
    }

    /// Takes a change in: what it changes, and whether any may have been missed before it.
    pub(super) fn apply(&mut self, diff: Diff) -> (Vec<PresenceChange>, bool) {
        let missed = self.follow(&diff.moment);
        if missed {
            self.all_stale();
        }
        let watched = self.watched.get_mut(&diff.topic);
        let changes = watched.map(|watched| watched.view.apply(diff));
        (changes.unwrap_or_default(), missed)
    }

    pub(super) fn is_watched(&self, topic: &Topic) -> bool {
        self.watched.contains_key(topic)
    }

    /// Takes a page in.
    pub(super) fn page(&mut self, topic: &Topic, page: Page) -> Vec<PresenceChange> {
        let watched = self.watched.get(topic);
        if !watched.is_some_and(|watched| watched.view.is_being_read()) {
            // It was asked for before all views were reset.
            return Vec::new();
        }
        self.enter(&page.moment);
        self.last.get_or_insert(page.moment.number);
        let is_filling = self.lost_at.is_some();
        let Some(watched) = self.watched.get_mut(topic) else {
            return Vec::new();
        };
        if is_filling && watched.view.is_complete() {
            watched.view.interrupt();
            return Vec::new();
        }
        watched.view.page(page)
    }

    /// Whether changes are missing between this one and the last. The first one since everything is
    /// told follows upon whatever was before; one that is older than the first page that was read
    /// comes late.
    fn follow(&mut self, moment: &Moment) -> bool {
        let is_reborn = self.enter(moment);
        let last = *self.last.get_or_insert(moment.number);
        self.last = Some(last.max(moment.number));
        is_reborn || moment.number > last.saturating_add(1)
    }

    /// Notes when the store begins another life; whether it has.
    fn enter(&mut self, moment: &Moment) -> bool {
        let before = self.epoch.replace(Arc::clone(&moment.epoch));
        let is_reborn = before.is_some_and(|before| before != moment.epoch);
        if is_reborn {
            self.last = None;
            self.lost_at = Some(Instant::now());
            self.all_stale();
        }
        is_reborn
    }

    /// From now on everything is told; of what was before, some may have been missed, and been
    /// undone by a store that has lost it.
    pub(super) fn reset(&mut self) {
        self.last = None;
        self.all_stale();
        for watched in self.watched.values_mut() {
            watched.view.reset();
            // Whoever was to remind of them may have ended with its thread: they are told when it has been read.
            watched.newcomers.extend(watched.behind.drain());
        }
    }

    /// Some changes may have been missed.
    pub(super) fn all_stale(&mut self) {
        self.doubtful = true;
        for topic in self.watched.keys() {
            self.stale.push(topic);
        }
    }

    /// Whether it is to be asked if this node's entries are there; once.
    pub(super) fn take_doubt(&mut self) -> bool {
        std::mem::take(&mut self.doubtful)
    }

    /// Reading has failed.
    pub(super) fn interrupt(&mut self, topic: &Topic) {
        self.doubtful = true;
        if let Some(watched) = self.watched.get_mut(topic) {
            watched.view.interrupt();
            // Behind others, which can be read perhaps.
            self.stale.push(topic);
        }
    }

    /// All pages have been read: what has changed with that.
    pub(super) fn finish(&mut self, topic: &Topic) -> Vec<PresenceChange> {
        let watched = self.watched.get_mut(topic);
        watched
            .map(|watched| watched.view.finish())
            .unwrap_or_default()
    }

    /// The next topic to be read. What a store says that is being filled again is less than the
    /// truth, or more, and only for those who know nothing yet.
    pub(super) fn begin(&mut self) -> Option<Topic> {
        let is_filling = self.lost_at.is_some();
        loop {
            let topic = self.stale.pop()?;
            // All are stale again when it is filled.
            if let Some(watched) = self.watched.get_mut(&topic)
                && !(is_filling && watched.view.is_complete())
            {
                watched.view.begin();
                return Some(topic);
            }
        }
    }

    /// How long nodes are still given to write again what the store has lost.
    pub(super) fn filled_in(&self, lease: Duration) -> Option<Duration> {
        Some(lease.saturating_sub(self.lost_at?.elapsed()))
    }

    /// They have written it: what it says is how it is.
    pub(super) fn is_filled(&mut self) {
        self.lost_at = None;
        self.all_stale();
    }
}

#[cfg(test)]
mod tests;
