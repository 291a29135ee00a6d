//! The workers watch each other: there is no thread besides them that could.
//!
//! Each shows several times a second that it runs, and looks whether the others have. One that is blocked is
//! reported by another one, while it is; by itself, when it is over, where there is no other.

use std::{rc::Weak, sync::Arc, time::Duration};

use super::{
    clock,
    local::Shard,
    pulse::{Place, Pulse},
};
use crate::{id::WorkerId, metrics, supervision::catch};

/// The longest time between two signs of life.
const BEAT: Duration = Duration::from_millis(250);

/// Signs of life in `blocked_worker_after`, so that a block is reported not much later.
const BEATS: u32 = 4;

/// The time between two signs of life.
pub(super) fn beat(blocked_after: Duration) -> Duration {
    (blocked_after / BEATS).clamp(Duration::from_millis(10), BEAT)
}

impl Shard {
    /// Runs the application's code, so that others can tell where if it does not come back in time.
    pub(crate) fn attend<R>(
        &self,
        namespace: &Arc<str>,
        event: &'static str,
        run: impl FnOnce() -> R,
    ) -> R {
        self.pulse.enter(&self.way, namespace, event);
        let entered = clock::now();
        let result = run();
        // A handler that has returned has read it already. What is left then, to encode its ack, is not worth
        // another reading. One that waits has not, though middleware may have read it before.
        let left = match clock::end() {
            Some(ended) if ended > entered => ended,
            _ => clock::read(),
        };
        let took = left - entered;
        if took > self.node.config.blocked_worker_after && self.pulse.is_news() {
            self.report(Blocked {
                worker: self.worker,
                since: took,
                place: self.pulse.place(),
            });
        }
        self.pulse.leave();
        result
    }

    /// Shows that the worker runs, and looks after the others, until the shard is gone.
    pub(super) async fn keep_watch(shard: Weak<Self>) {
        let mut lags = None;
        loop {
            let Some(shard) = shard.upgrade() else {
                return;
            };
            let beat = beat(shard.node.config.blocked_worker_after);
            let late = shard.pulse.beat(beat);
            let lags = lags.get_or_insert_with(|| metrics::worker_lag(shard.worker.0));
            lags.record(late.as_secs_f64());
            shard.traffic.tell(&shard.node.metrics);
            if let Some(watch) = &shard.watch {
                watch.beat();
            }
            shard.next_beat();
            shard.look_back(late);
            shard.look_around();
            drop(shard);
            tokio::time::sleep(beat).await;
        }
    }

    fn next_beat(&self) {
        let mut state = self.state.borrow_mut();
        state.beat = state.beat.wrapping_add(1);
    }

    /// Whether this worker itself was blocked.
    fn look_back(&self, late: Duration) {
        if late > self.node.config.blocked_worker_after && self.pulse.is_news() {
            let worker = self.worker.0;
            tracing::error!(worker, since = ?late, "a worker was blocked, by no single call of a session");
            self.tell_blocked(Blocked {
                worker: self.worker,
                since: late,
                place: None,
            });
        }
        if self.pulse.is_back() {
            tracing::warn!(worker = self.worker.0, ?late, "a worker runs again");
        }
    }

    fn look_around(&self) {
        for (worker, pulse) in self.node.pulses() {
            let overdue = pulse.overdue();
            if worker != self.worker
                && overdue > self.node.config.blocked_worker_after
                && pulse.is_news()
            {
                self.report(Blocked {
                    worker,
                    since: overdue,
                    place: pulse.place(),
                });
            }
        }
    }

    fn report(&self, blocked: Blocked) {
        let (worker, since) = (blocked.worker.0, blocked.since);
        match &blocked.place {
            Some(Place { namespace, event }) => {
                tracing::error!(worker, ?since, %namespace, event, "a worker is blocked");
            }
            None => tracing::error!(worker, ?since, "a worker is blocked, by no session's code"),
        }
        self.tell_blocked(blocked);
    }

    fn tell_blocked(&self, blocked: Blocked) {
        self.node.metrics.worker_blocks.add(1);
        if let Some(told) = &self.node.on_worker_blocked
            && let Err(panic) = catch(|| told(blocked))
        {
            self.node.metrics.panics.add(1);
            tracing::error!(panic, "`on_worker_blocked` panicked");
        }
    }
}

/// What the application wants to be told.
pub(crate) type OnWorkerBlocked = Box<dyn Fn(Blocked) + Send + Sync>;

/// A worker that has not shown for a while that it runs.
pub(crate) struct Blocked {
    pub(crate) worker: WorkerId,
    pub(crate) since: Duration,
    pub(crate) place: Option<Place>,
}

impl Blocked {
    /// Those that are overdue for longer than `bound`.
    pub(crate) fn among(
        pulses: impl IntoIterator<Item = (WorkerId, Arc<Pulse>)>,
        bound: Duration,
    ) -> Vec<Self> {
        let blocked = pulses.into_iter().filter_map(|(worker, pulse)| {
            let since = pulse.overdue();
            (since > bound).then(|| Self {
                worker,
                since,
                place: pulse.place(),
            })
        });
        blocked.collect()
    }
}
