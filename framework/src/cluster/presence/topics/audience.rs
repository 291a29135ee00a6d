//! Who is told what: how a topic is, and what changes in it.

use std::sync::{Arc, Weak};

use tokio::sync::oneshot;

use super::{Topics, Watched, Watching};
use crate::{
    cluster::presence::{
        change::Present,
        store::Topic,
        watchers::{self, Watcher},
    },
    id::SocketId,
    shard::directory::Scope,
};

/// Users that a client is told of at first; it asks the application for the others, page by page.
const MAX_STATE: usize = 1000;

/// Who is told of the changes of a topic.
pub(in super::super) struct Audience {
    pub(in super::super) watchers: Vec<Watcher>,
    /// Where clients are told, if any are.
    pub(in super::super) scope: Option<Arc<Scope>>,
}

/// Who is told how a topic is.
pub(in super::super) struct Beginners {
    pub(in super::super) waiting: Vec<(oneshot::Sender<Watching>, Watching)>,
    pub(in super::super) sockets: Vec<SocketId>,
    pub(in super::super) present: Vec<Present>,
    pub(in super::super) total: usize,
    pub(in super::super) scope: Option<Arc<Scope>>,
}

/// How much of a topic some clients are told at once.
#[derive(Clone, Copy)]
pub(in super::super) struct Portion {
    /// So many clients, and so many watchers of the application's.
    pub(in super::super) sockets: usize,
    /// Keys and metas of so many bytes.
    pub(in super::super) bytes: usize,
}

impl Topics {
    /// Who is to be told of changes of a topic.
    pub(in super::super) fn audience(&self, topic: &Topic) -> Option<Audience> {
        let watched = self.watched.get(topic)?;
        let scope = watched
            .scope
            .as_ref()
            .filter(|_| !watched.sockets.is_empty());
        Some(Audience {
            watchers: watched.watchers.clone(),
            scope: scope.and_then(Weak::upgrade),
        })
    }

    /// A topic that someone waits for who came after it was read. Of others it is told once they
    /// have been read.
    pub(in super::super) fn take_awaited(&mut self) -> Option<Topic> {
        while let Some(topic) = self.awaited.pop() {
            let watched = self.watched.get(&topic);
            if watched.is_some_and(|watched| watched.view.is_complete()) {
                return Some(topic);
            }
        }
        None
    }

    /// Those that have waited for a topic, if it has been read, and how it is now; `None` once there
    /// are none.
    pub(in super::super) fn beginners(
        &mut self,
        topic: &Topic,
        portion: Portion,
    ) -> Option<Beginners> {
        let watched = self.watched.get_mut(topic)?;
        watched.waiting.retain(|ready| !ready.is_closed());
        let is_awaited = !watched.waiting.is_empty() || !watched.newcomers.is_empty();
        if !watched.view.is_complete() || !is_awaited {
            return None;
        }
        let first = portion.sockets.min(watched.waiting.len());
        let waiting: Vec<_> = watched.waiting.drain(..first).collect();
        let newcomers = watched.newcomers.iter().copied();
        let sockets: Vec<_> = newcomers.take(portion.sockets).collect();
        for socket in &sockets {
            watched.newcomers.remove(socket);
        }
        let all: Arc<[Present]> = match waiting.is_empty() {
            true => Arc::default(),
            false => watched.view.present().cloned().collect(),
        };
        Some(Beginners {
            waiting: waiting
                .into_iter()
                .map(|ready| (ready, watched.watching(Arc::clone(&all))))
                .collect(),
            total: watched.view.len(),
            present: match sockets.is_empty() {
                true => Vec::new(),
                false => watched.state(portion.bytes),
            },
            sockets,
            scope: watched.scope.as_ref().and_then(Weak::upgrade),
        })
    }

    /// The sockets whose clients are told.
    pub(in super::super) fn sockets(&self, topic: &Topic) -> Vec<SocketId> {
        let watched = self.watched.get(topic);
        let sockets = watched.map(|watched| watched.sockets.iter().copied());
        sockets.into_iter().flatten().collect()
    }

    /// Clients could not be told something. Whether they are the first ones since
    /// [`begin_again`](Self::begin_again), which is to be called after a while.
    pub(in super::super) fn fall_behind(&mut self, topic: &Topic, sockets: &[SocketId]) -> bool {
        let Some(watched) = self.watched.get_mut(topic) else {
            return false;
        };
        let is_first = watched.behind.is_empty();
        let sockets = sockets.iter().copied();
        let behind = sockets.filter(|socket| watched.sockets.contains(socket));
        watched.behind.extend(behind);
        is_first && !watched.behind.is_empty()
    }

    /// They are to be told how it is now.
    pub(in super::super) fn begin_again(&mut self, topic: &Topic) {
        if let Some(watched) = self.watched.get_mut(topic) {
            watched.newcomers.extend(watched.behind.drain());
            self.awaited.push(topic);
        }
    }
}

impl Watched {
    fn watching(&mut self, present: Arc<[Present]>) -> Watching {
        let (watcher, changes) = watchers::queue();
        self.watchers.push(watcher);
        Watching { present, changes }
    }

    fn state(&self, bytes: usize) -> Vec<Present> {
        let mut left = bytes;
        let fitting = self.view.present().take_while(|present| {
            let rest = left.checked_sub(present.bytes());
            left = rest.unwrap_or_default();
            rest.is_some()
        });
        fitting.take(MAX_STATE).cloned().collect()
    }
}
