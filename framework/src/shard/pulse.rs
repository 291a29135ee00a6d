//! Whether a worker runs, and which of the application's code: told by the worker, read by all.

mod places;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

pub(crate) use places::Place;
use places::Places;
pub(super) use places::Way;

pub(crate) struct Pulse {
    begun: Instant,
    /// Microseconds since `begun` at which the worker owes the next sign of life.
    due: AtomicU64,
    places: Places,
    /// That it is blocked has been reported.
    reported: AtomicBool,
}

impl Pulse {
    pub(super) fn new(first: Duration) -> Self {
        Self {
            begun: Instant::now(),
            due: AtomicU64::new(micros(first)),
            places: Places::default(),
            reported: AtomicBool::new(false),
        }
    }

    /// The worker shows that it runs, and will again after `next`. How late it was.
    pub(super) fn beat(&self, next: Duration) -> Duration {
        let late = self.overdue();
        let due = self.begun.elapsed() + next;
        self.due.store(micros(due), Ordering::Relaxed);
        late
    }

    /// For how long the worker has owed a sign of life.
    pub(crate) fn overdue(&self) -> Duration {
        let due = Duration::from_micros(self.due.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(due)
    }

    /// The worker enters the application's code.
    pub(super) fn enter(&self, way: &Way, namespace: &Arc<str>, event: &'static str) {
        self.places.enter(way, namespace, event);
    }

    /// It has come back.
    pub(super) fn leave(&self) {
        self.places.leave();
    }

    /// Where in the application's code the worker is; `None` if it is elsewhere.
    pub(crate) fn place(&self) -> Option<Place> {
        self.places.current()
    }

    /// Whether nobody else has reported that the worker is blocked.
    pub(super) fn is_news(&self) -> bool {
        !self.reported.swap(true, Ordering::Relaxed)
    }

    /// The worker runs. Whether it was reported not to.
    pub(super) fn is_back(&self) -> bool {
        self.reported.load(Ordering::Relaxed) && self.reported.swap(false, Ordering::Relaxed)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_shows_nothing_is_overdue() {
        let pulse = Pulse::new(Duration::from_secs(3600));
        assert_eq!(pulse.overdue(), Duration::ZERO);
        pulse.beat(Duration::ZERO);
        while pulse.overdue() < Duration::from_millis(1) {
            std::thread::yield_now();
        }
        assert!(pulse.beat(Duration::from_secs(3600)) >= Duration::from_millis(1));
        assert_eq!(pulse.overdue(), Duration::ZERO);
    }

    #[test]
    fn each_block_is_news_once() {
        let pulse = Pulse::new(Duration::ZERO);
        assert!(!pulse.is_back());
        assert!(pulse.is_news());
        assert!(!pulse.is_news());
        assert!(pulse.is_back());
        assert!(!pulse.is_back());
        assert!(pulse.is_news());
    }
}
