//! Changes on their way to watchers of the application's.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::change::PresenceChange;

/// Changes that a watcher may be behind.
const MAX_BEHIND: usize = 1024;

/// A queue, which takes memory for what is in it only.
pub(super) fn queue() -> (Watcher, Changes) {
    let (sender, queue) = mpsc::channel(MAX_BEHIND);
    let missed = Arc::new(AtomicBool::new(false));
    let watcher = Watcher {
        sender,
        missed: Arc::clone(&missed),
    };
    (watcher, Changes { queue, missed })
}

/// A watcher, for who tells it.
#[derive(Clone)]
pub(super) struct Watcher {
    sender: mpsc::Sender<PresenceChange>,
    /// Something was dropped: it is told nothing more until it has noticed.
    missed: Arc<AtomicBool>,
}

impl Watcher {
    pub(super) fn tell(&self, change: &PresenceChange) {
        if self.missed.load(Ordering::Acquire) {
            return;
        }
        if let Err(TrySendError::Full(_)) = self.sender.try_send(change.clone()) {
            self.missed.store(true, Ordering::Release);
        }
    }

    pub(super) fn has_gone(&self) -> bool {
        self.sender.is_closed()
    }
}

/// What a watcher is told.
#[derive(Debug)]
pub(super) struct Changes {
    queue: mpsc::Receiver<PresenceChange>,
    missed: Arc<AtomicBool>,
}

impl Changes {
    /// The next one; `None` once there will be none.
    pub(super) async fn next(&mut self) -> Option<PresenceChange> {
        // In this order: all that was told before something was dropped comes first.
        let missed = self.missed.load(Ordering::Acquire);
        match self.queue.try_recv() {
            Ok(change) => Some(change),
            Err(_) if missed => {
                self.missed.store(false, Ordering::Release);
                Some(PresenceChange::Missed)
            }
            Err(_) => self.queue.recv().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn who_is_too_far_behind_misses_what_follows_and_learns_that_in_its_place() {
        let (watcher, mut changes) = queue();
        for _ in 0..=MAX_BEHIND {
            watcher.tell(&PresenceChange::Missed);
        }
        assert!(changes.missed.load(Ordering::Acquire));
        for _ in 0..MAX_BEHIND {
            assert!(changes.next().await.is_some());
            assert!(changes.missed.load(Ordering::Acquire), "not yet");
            watcher.tell(&PresenceChange::Missed);
        }
        assert_eq!(changes.next().await, Some(PresenceChange::Missed));
        assert!(changes.queue.is_empty(), "nothing came in between");
        watcher.tell(&PresenceChange::Missed);
        assert!(changes.next().await.is_some());
        drop(watcher);
        assert_eq!(changes.next().await, None);
    }
}
