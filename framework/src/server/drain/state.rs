//! How far the drain of a hub is.

use tokio::{
    sync::{Mutex, watch},
    time::Instant,
};

use super::Drained;

#[derive(Default)]
pub(in crate::server) struct Draining {
    /// Whoever holds it takes the steps. One that is dropped meanwhile leaves them to the next, for
    /// whom they are the same again.
    pub(super) done: Mutex<Option<Drained>>,
    times: watch::Sender<Option<Times>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) begun: Instant,
    /// May come nearer meanwhile.
    pub(super) deadline: Instant,
    /// Sessions that had been lost before.
    pub(super) evicted: u64,
}

impl Draining {
    /// Begins, unless it has; when that was.
    pub(super) fn begin(&self, fresh: Times) -> Times {
        let mut begun = fresh;
        self.times.send_if_modified(|times| {
            begun = times.unwrap_or(fresh);
            times.replace(begun).is_none()
        });
        begun
    }

    pub(super) fn deadline(&self) -> Instant {
        let times = *self.times.borrow();
        times.map_or_else(Instant::now, |times| times.deadline)
    }

    pub(super) fn evicted_before(&self) -> u64 {
        let times = *self.times.borrow();
        times.map_or(0, |times| times.evicted)
    }

    /// The time is over.
    pub(super) fn hurry(&self) {
        let now = Instant::now();
        self.times.send_modify(|times| {
            if let Some(times) = times {
                times.deadline = times.deadline.min(now);
            }
        });
    }

    /// Ready when the time is over because somebody has said so.
    pub(super) async fn hurried(&self) {
        let is_over = |times: &Option<Times>| {
            let deadline = times.map(|times| times.deadline);
            deadline.is_some_and(|deadline| deadline <= Instant::now())
        };
        // The sender is this one's.
        let _ = self.times.subscribe().wait_for(is_over).await;
    }
}
