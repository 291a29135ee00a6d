use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that only grows.
pub(crate) struct Counter {
    value: AtomicU64,
    exported: metrics::Counter,
}

impl Counter {
    pub(super) fn new(name: &'static str, help: &'static str) -> Self {
        metrics::describe_counter!(name, help);
        Self::of(metrics::counter!(name))
    }

    /// One of a family, which is described as a whole.
    pub(super) fn of(exported: metrics::Counter) -> Self {
        Self {
            value: AtomicU64::new(0),
            exported,
        }
    }

    pub(crate) fn add(&self, n: u64) {
        if n > 0 {
            self.value.fetch_add(n, Relaxed);
            self.exported.increment(n);
        }
    }

    pub(crate) fn get(&self) -> u64 {
        self.value.load(Relaxed)
    }
}
