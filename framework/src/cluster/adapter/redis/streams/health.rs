//! Whether the adapter is connected.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use crate::{cluster::adapter::Inbound, error::AdapterError};

/// The parts of the adapter that have to be connected, all of them, for it to be.
pub(super) struct Health {
    inbound: Inbound,
    parts: AtomicUsize,
    /// Those that are not, this time.
    down: AtomicUsize,
    /// Which time of being connected this is.
    time: AtomicU64,
}

/// One of them; down until it says that it is up.
pub(super) struct Part {
    health: Arc<Health>,
    /// In which one it is up.
    up_in: AtomicU64,
}

/// None of them has this number.
const NONE: u64 = 0;

impl Health {
    pub(super) fn new(inbound: Inbound) -> Arc<Self> {
        Arc::new(Self {
            inbound,
            parts: AtomicUsize::new(0),
            down: AtomicUsize::new(0),
            time: AtomicU64::new(NONE + 1),
        })
    }

    /// All parts must be there before the first is up.
    pub(super) fn part(self: &Arc<Self>) -> Part {
        self.parts.fetch_add(1, Ordering::Relaxed);
        self.down.fetch_add(1, Ordering::Relaxed);
        Part {
            health: Arc::clone(self),
            up_in: AtomicU64::new(NONE),
        }
    }

    fn time(&self) -> u64 {
        self.time.load(Ordering::Relaxed)
    }
}

impl Part {
    /// The next time of being connected begins with this part, which is down. All others make their
    /// connections anew, so none of them is up in it yet. That is not told: that this one was lost has been.
    pub(super) fn begin(&self) {
        let health = &self.health;
        health.time.fetch_add(1, Ordering::Relaxed);
        let parts = health.parts.load(Ordering::Relaxed);
        health.down.store(parts, Ordering::Relaxed);
    }

    pub(super) fn is_up(&self) -> bool {
        self.up_in.load(Ordering::Relaxed) == self.health.time()
    }

    pub(super) fn up(&self) {
        let time = self.health.time();
        if self.up_in.swap(time, Ordering::Relaxed) != time
            && self.health.down.fetch_sub(1, Ordering::Relaxed) == 1
        {
            self.health.inbound.connected();
        }
    }

    /// Whether it was up, this time or the one before.
    pub(super) fn down(&self, error: &AdapterError) -> bool {
        let was_up = self.up_in.swap(NONE, Ordering::Relaxed);
        if was_up == self.health.time() && self.health.down.fetch_add(1, Ordering::Relaxed) == 0 {
            self.health.inbound.disconnected(error);
        }
        was_up != NONE
    }
}
