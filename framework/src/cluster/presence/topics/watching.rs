//! Who watches, and until when.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Topics, Watched, Watching};
use crate::{
    cluster::presence::{entries::Excess, store::Topic},
    id::SocketId,
    shard::directory::Scope,
};

impl Topics {
    /// The topic, which someone watches now.
    fn open(&mut self, topic: &Topic) -> &mut Watched {
        self.watched.entry(topic.clone()).or_insert_with(|| {
            self.metrics.presence_watched.up();
            self.stale.push(topic);
            Watched::default()
        })
    }

    /// A watcher of the application's, once the topic has been read.
    pub(in super::super) fn watch(&mut self, topic: &Topic) -> oneshot::Receiver<Watching> {
        let (ready, waiting) = oneshot::channel();
        if !self.closed {
            let waiting = &mut self.open(topic).waiting;
            // Those that have been dropped, while the store is away perhaps. Seldom, as it passes over all.
            if waiting.len().is_power_of_two() {
                waiting.retain(|ready| !ready.is_closed());
            }
            waiting.push(ready);
            self.awaited.push(topic);
        }
        waiting
    }

    /// A client watches.
    pub(in super::super) fn watch_for(
        &mut self,
        topic: &Topic,
        socket: SocketId,
        scope: &Arc<Scope>,
    ) {
        if self.closed {
            return;
        }
        let watched = self.open(topic);
        watched.scope = Some(Arc::downgrade(scope));
        if watched.sockets.insert(socket) {
            watched.newcomers.insert(socket);
            self.awaited.push(topic);
            self.sockets.entry(socket).or_default().push(topic.clone());
        }
    }

    /// Whether a client may watch.
    pub(in super::super) fn admits(&self, socket: SocketId, topic: &Topic) -> Result<(), Excess> {
        let watches = self.sockets.get(&socket).map_or(0, Vec::len);
        match watches < self.max || self.watches(socket, topic) {
            true => Ok(()),
            false => Err(Excess::Watches(self.max)),
        }
    }

    pub(in super::super) fn watches(&self, socket: SocketId, topic: &Topic) -> bool {
        let watched = self.watched.get(topic);
        watched.is_some_and(|watched| watched.sockets.contains(&socket))
    }

    /// Where a client watches, if it does.
    pub(in super::super) fn watched_in(
        &self,
        socket: SocketId,
        topic: &Topic,
    ) -> Option<Arc<Scope>> {
        let watched = self.watched.get(topic)?;
        let watches = watched.sockets.contains(&socket);
        watched.scope.as_ref().filter(|_| watches)?.upgrade()
    }

    /// A client does not watch any more.
    pub(in super::super) fn unwatch(&mut self, socket: SocketId, topic: &Topic) {
        if let Some(topics) = self.sockets.get_mut(&socket) {
            topics.retain(|known| known != topic);
            if topics.is_empty() {
                self.sockets.remove(&socket);
            }
        }
        self.leave(socket, topic);
    }

    /// A client watches nothing any more.
    pub(in super::super) fn unwatch_all(&mut self, socket: SocketId) {
        for topic in self.sockets.remove(&socket).unwrap_or_default() {
            self.leave(socket, &topic);
        }
    }

    fn leave(&mut self, socket: SocketId, topic: &Topic) {
        let Some(watched) = self.watched.get_mut(topic) else {
            return;
        };
        watched.sockets.remove(&socket);
        watched.newcomers.remove(&socket);
        watched.behind.remove(&socket);
        if watched.is_idle() {
            self.drop_copy(topic);
        }
    }

    /// Drops the copies that nobody watches any more.
    pub(in super::super) fn tidy(&mut self) {
        let mut idle = Vec::new();
        for (topic, watched) in &mut self.watched {
            watched.watchers.retain(|watcher| !watcher.has_gone());
            if watched.is_idle() {
                idle.push(topic.clone());
            }
        }
        for topic in idle {
            self.drop_copy(&topic);
        }
    }

    fn drop_copy(&mut self, topic: &Topic) {
        self.watched.swap_remove(topic);
        self.stale.remove(topic);
        self.awaited.remove(topic);
        self.metrics.presence_watched.down();
    }

    /// Ends all watching, and that of those who come later.
    pub(in super::super) fn close(&mut self) {
        self.closed = true;
        for _ in self.watched.drain(..) {
            self.metrics.presence_watched.down();
        }
        self.stale.clear();
        self.awaited.clear();
        self.sockets.clear();
    }
}

impl Watched {
    fn is_idle(&self) -> bool {
        let waiting = self.waiting.iter().any(|ready| !ready.is_closed());
        let watched = self.watchers.iter().any(|watcher| !watcher.has_gone());
        self.sockets.is_empty() && !waiting && !watched
    }
}
