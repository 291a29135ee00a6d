//! The topics of which this node has a copy, because someone here watches them.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use tokio::sync::{broadcast, oneshot};

use super::{
    change::{PresenceChange, Present},
    store::{Diff, Moment, Page, Topic},
    view::View,
};
use crate::{id::SocketId, shard::directory::Scope};

/// Changes that a watcher of the application's may be behind.
const MAX_BEHIND: usize = 1024;

/// Users that a client is told of at first; it asks the application for the others, page by page.
const MAX_STATE: usize = 1000;

#[derive(Default)]
pub(super) struct Topics {
    watched: HashMap<Topic, Watched>,
    /// What sockets watch.
    sockets: HashMap<SocketId, Vec<Topic>>,
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

pub(super) struct Watched {
    view: View,
    /// It is to be read.
    stale: bool,
    changes: broadcast::Sender<PresenceChange>,
    waiting: Vec<oneshot::Sender<Watching>>,
    /// Sockets whose clients are told, and those that have not been told the beginning.
    sockets: HashSet<SocketId>,
    newcomers: Vec<SocketId>,
    /// Where they are.
    scope: Option<Weak<Scope>>,
}

/// What a watcher of the application's starts from.
pub(super) struct Watching {
    pub(super) present: Vec<Present>,
    pub(super) changes: broadcast::Receiver<PresenceChange>,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            view: View::default(),
            stale: true,
            changes: broadcast::Sender::new(MAX_BEHIND),
            waiting: Vec::new(),
            sockets: HashSet::new(),
            newcomers: Vec::new(),
            scope: None,
        }
    }
}

impl Topics {
    /// A watcher of the application's, once the topic has been read.
    pub(super) fn watch(&mut self, topic: &Topic) -> oneshot::Receiver<Watching> {
        let (ready, waiting) = oneshot::channel();
        if self.closed {
            return waiting;
        }
        let watched = self.watched.entry(topic.clone()).or_default();
        watched.waiting.push(ready);
        waiting
    }

    /// A client watches.
    pub(super) fn watch_for(&mut self, topic: &Topic, socket: SocketId, scope: &Arc<Scope>) {
        let watched = self.watched.entry(topic.clone()).or_default();
        watched.scope = Some(Arc::downgrade(scope));
        if watched.sockets.insert(socket) {
            watched.newcomers.push(socket);
            self.sockets.entry(socket).or_default().push(topic.clone());
        }
    }

    /// A client does not watch any more; without a topic, none. Where it did, if it was the one
    /// topic.
    pub(super) fn unwatch(
        &mut self,
        socket: SocketId,
        topic: Option<&Topic>,
    ) -> Option<Arc<Scope>> {
        let topics = self.sockets.get_mut(&socket)?;
        let left: Vec<_> = topics
            .extract_if(.., |known| topic.is_none_or(|topic| topic == known))
            .collect();
        if topics.is_empty() {
            self.sockets.remove(&socket);
        }
        let mut scope = None;
        for topic in left {
            let Some(watched) = self.watched.get_mut(&topic) else {
                continue;
            };
            watched.sockets.remove(&socket);
            watched.newcomers.retain(|newcomer| *newcomer != socket);
            scope = watched.scope.as_ref().and_then(Weak::upgrade);
            if watched.is_idle() {
                self.watched.remove(&topic);
            }
        }
        scope
    }

    /// Ends all watching, and that of those who come later.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.watched.clear();
        self.sockets.clear();
    }

    /// Drops the copies that nobody watches any more.
    pub(super) fn tidy(&mut self) {
        self.watched.retain(|_, watched| !watched.is_idle());
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
        self.enter(moment);
        let last = *self.last.get_or_insert(moment.number);
        self.last = Some(last.max(moment.number));
        moment.number > last.saturating_add(1)
    }

    /// Notes when the store begins another life.
    fn enter(&mut self, moment: &Moment) {
        let before = self.epoch.replace(Arc::clone(&moment.epoch));
        if before.is_some_and(|before| before != moment.epoch) {
            self.last = None;
            self.lost_at = Some(Instant::now());
            self.all_stale();
        }
    }

    /// From now on everything is told; of what was before, some may have been missed, and been
    /// undone by a store that has lost it.
    pub(super) fn reset(&mut self) {
        self.last = None;
        self.all_stale();
        for watched in self.watched.values_mut() {
            watched.view.reset();
        }
    }

    /// Some changes may have been missed.
    pub(super) fn all_stale(&mut self) {
        self.doubtful = true;
        for watched in self.watched.values_mut() {
            watched.stale = true;
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
            watched.stale = true;
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
        let mut watched = self.watched.iter_mut();
        let (topic, watched) = watched
            .find(|(_, watched)| watched.stale && !(is_filling && watched.view.is_complete()))?;
        watched.stale = false;
        watched.view.begin();
        Some(topic.clone())
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

    /// Who is to be told of changes of a topic.
    pub(super) fn audience(&self, topic: &Topic) -> Option<Audience> {
        let watched = self.watched.get(topic)?;
        let scope = watched
            .scope
            .as_ref()
            .filter(|_| !watched.sockets.is_empty());
        Some(Audience {
            changes: watched.changes.clone(),
            scope: scope.and_then(Weak::upgrade),
        })
    }

    /// Those that have waited for a topic, if it has been read.
    pub(super) fn beginners(&mut self, topic: &Topic) -> Option<Beginners> {
        let watched = self.watched.get_mut(topic)?;
        if !watched.view.is_complete() {
            return None;
        }
        let waiting = std::mem::take(&mut watched.waiting);
        let sockets = std::mem::take(&mut watched.newcomers);
        Some(Beginners {
            waiting: waiting
                .into_iter()
                .map(|ready| (ready, watched.watching()))
                .collect(),
            total: watched.view.len(),
            present: match sockets.is_empty() {
                true => Vec::new(),
                false => watched.view.present().take(MAX_STATE).cloned().collect(),
            },
            sockets,
            scope: watched.scope.as_ref().and_then(Weak::upgrade),
        })
    }

    /// Topics that someone waits for who came after they were read.
    pub(super) fn awaited(&self) -> Vec<Topic> {
        let awaited = self.watched.iter().filter(|(_, watched)| {
            let waits = !watched.waiting.is_empty() || !watched.newcomers.is_empty();
            waits && watched.view.is_complete()
        });
        awaited.map(|(topic, _)| topic.clone()).collect()
    }
}

/// Who is told of the changes of a topic.
pub(super) struct Audience {
    pub(super) changes: broadcast::Sender<PresenceChange>,
    /// Where clients are told, if any are.
    pub(super) scope: Option<Arc<Scope>>,
}

/// Who is told how a topic is.
pub(super) struct Beginners {
    pub(super) waiting: Vec<(oneshot::Sender<Watching>, Watching)>,
    pub(super) sockets: Vec<SocketId>,
    pub(super) present: Vec<Present>,
    pub(super) total: usize,
    pub(super) scope: Option<Arc<Scope>>,
}

impl Watched {
    fn watching(&self) -> Watching {
        Watching {
            present: self.view.present().cloned().collect(),
            changes: self.changes.subscribe(),
        }
    }

    fn is_idle(&self) -> bool {
        let waiting = self.waiting.iter().any(|ready| !ready.is_closed());
        self.sockets.is_empty() && !waiting && self.changes.receiver_count() == 0
    }
}

#[cfg(test)]
mod tests;
