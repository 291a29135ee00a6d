//! How much waits for Redis, as the figures tell it.

use std::time::Duration;

use tokio::time::sleep;

use crate::metrics::Metrics;

/// How often it is told: not with each message, most of which wait for nothing.
const OFTEN: Duration = Duration::from_millis(250);

/// What of it has been told.
struct Told<'a> {
    metrics: &'a Metrics,
    bytes: u64,
}

impl Told<'_> {
    fn tell(&mut self, now: usize) {
        let before = std::mem::replace(&mut self.bytes, now as u64);
        let figure = &self.metrics.cluster_outbox_bytes;
        figure.change(before, self.bytes);
    }
}

impl Drop for Told<'_> {
    /// Whoever runs the adapter next tells all of it again.
    fn drop(&mut self) {
        self.tell(0);
    }
}

/// Tells how many bytes wait, until it is dropped.
pub(super) async fn tell(metrics: &Metrics, waiting: impl Fn() -> usize) {
    let mut told = Told { metrics, bytes: 0 };
    loop {
        told.tell(waiting());
        sleep(OFTEN).await;
    }
}
