//! What has expired, in the log and among the sessions.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use tokio::runtime::Handle;

use super::RecoveryStore;
use crate::shard::{
    directory::Scope,
    log::Log,
    retained::{Retained, Trimmed},
};

/// The longest time between two sweeps.
const SWEEP: Duration = Duration::from_secs(60);

impl RecoveryStore {
    /// Starts the task that sweeps, unless it runs; under one of the locks. On a thread without a
    /// runtime that is left to whoever comes next.
    pub(super) fn keep_swept(&self, scope: &Arc<Scope>) {
        if self.swept.swap(true, Ordering::Relaxed) {
            return;
        }
        let sweeping = Sweeping {
            scope: Arc::downgrade(scope),
            done: false,
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(sweep(sweeping, self.event_age.min(SWEEP)))),
            Err(_) => drop(sweeping),
        }
    }

    /// Trims the log, which held `before` bytes when it was locked.
    pub(super) fn trim_log(&self, log: &mut Log, before: usize) -> usize {
        let max = self.options.max_log_bytes;
        let Some(shared) = &self.shared else {
            return log.trim(self.event_age, max);
        };
        let max = max.min(shared.log_bytes.room(before));
        let evicted = log.trim(self.event_age, max);
        shared.log_bytes.change(before, log.bytes());
        evicted
    }

    /// Trims the sessions, which were `before` when they were locked.
    pub(super) fn trim_retained(&self, retained: &mut Retained, before: usize) -> Trimmed {
        let max = self.options.max_sessions;
        let Some(shared) = &self.shared else {
            return retained.trim(max);
        };
        let trimmed = retained.trim(max.min(shared.sessions.room(before)));
        shared.sessions.change(before, retained.len());
        trimmed
    }

    /// Whether nothing is left that can expire.
    fn sweep(&self) -> bool {
        let mut log = self.log();
        let before = log.bytes();
        self.trim_log(&mut log, before);
        let mut retained = self.retained();
        let before = retained.len();
        let expired = self.trim_retained(&mut retained, before);
        let is_empty = log.is_empty() && retained.is_empty();
        if is_empty {
            self.swept.store(false, Ordering::Relaxed);
        }
        drop((retained, log));
        drop(expired);
        is_empty
    }
}

/// Tells the store when the task that sweeps ends early, with its worker.
struct Sweeping {
    scope: Weak<Scope>,
    /// The store knows that it has ended, and may have a new task by now.
    done: bool,
}

impl Drop for Sweeping {
    fn drop(&mut self) {
        if !self.done
            && let Some(scope) = self.scope.upgrade()
            && let Some(store) = &scope.recovery
        {
            store.swept.store(false, Ordering::Relaxed);
        }
    }
}

async fn sweep(mut sweeping: Sweeping, pause: Duration) {
    while !sweeping.done {
        tokio::time::sleep(pause).await;
        let scope = sweeping.scope.upgrade();
        let store = scope.as_ref().and_then(|scope| scope.recovery.as_ref());
        sweeping.done = store.is_none_or(|store| store.sweep());
    }
}
