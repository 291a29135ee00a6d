use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that goes up and down.
pub(crate) struct Gauge {
    value: AtomicU64,
    exported: metrics::Gauge,
}

impl Gauge {
    pub(super) fn new(name: &'static str, help: &'static str) -> Self {
        metrics::describe_gauge!(name, help);
        Self {
            value: AtomicU64::new(0),
            exported: metrics::gauge!(name),
        }
    }

    pub(crate) fn up(&self) {
        self.value.fetch_add(1, Relaxed);
        self.exported.increment(1.0);
    }

    pub(crate) fn down(&self) {
        self.value.fetch_sub(1, Relaxed);
        self.exported.decrement(1.0);
    }

    /// One part of it has changed from this to that.
    pub(crate) fn change(&self, before: u64, now: u64) {
        let (more, less) = (now.saturating_sub(before), before.saturating_sub(now));
        if more > 0 {
            self.value.fetch_add(more, Relaxed);
            #[expect(
                clippy::cast_precision_loss,
                reason = "of 2^53 bytes nobody has enough"
            )]
            self.exported.increment(more as f64);
        } else if less > 0 {
            self.value.fetch_sub(less, Relaxed);
            #[expect(clippy::cast_precision_loss, reason = "as above")]
            self.exported.decrement(less as f64);
        }
    }

    pub(crate) fn get(&self) -> u64 {
        self.value.load(Relaxed)
    }
}

impl Drop for Gauge {
    /// Takes back what this hub has put into the figure, which all hubs of the process share.
    fn drop(&mut self) {
        self.change(self.get(), 0);
    }
}
