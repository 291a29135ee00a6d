//! Polling sessions whose clients have fetched the close of a node that drains.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::{Duration, Instant};

use crate::id::SessionId;

/// What a client posts before it has read the close comes so long after it was fetched, at most.
const CROSSING: Duration = Duration::from_secs(1);

/// A POST that crosses the close on its way is answered as one that came before it: told that its
/// session is unknown, a client takes that for an error of its transport.
///
/// No more are kept than there were connections when the node began to drain, as it takes no others.
#[derive(Default)]
pub(crate) struct PolledOff(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    sessions: HashSet<SessionId>,
    last: Option<Instant>,
}

impl PolledOff {
    // Held for a few instructions.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Must be called before the session leaves the directory.
    pub(crate) fn insert(&self, session: SessionId) {
        let mut inner = self.inner();
        inner.sessions.insert(session);
        inner.last = Some(Instant::now());
    }

    pub(crate) fn contains(&self, session: SessionId) -> bool {
        self.inner().sessions.contains(&session)
    }

    /// Until when something may come of these sessions; `None` if there are none.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.inner().last.map(|last| last + CROSSING)
    }
}
