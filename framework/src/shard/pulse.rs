//! Whether a worker runs, and which of the application's code: told by the worker, read by all.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

pub(crate) struct Pulse {
    begun: Instant,
    /// Microseconds since `begun` at which the worker owes the next sign of life.
    due: AtomicU64,
    /// It is in the application's code, at `place`.
    inside: AtomicBool,
    place: Mutex<Option<Place>>,
    /// That it is blocked has been reported.
    reported: AtomicBool,
}

/// Where in an application's code a worker is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) namespace: Arc<str>,
    /// The event, or a word for what is no event's.
    pub(crate) event: &'static str,
}

impl Pulse {
    pub(super) fn new(first: Duration) -> Self {
        Self {
            begun: Instant::now(),
            due: AtomicU64::new(micros(first)),
            inside: AtomicBool::new(false),
            place: Mutex::new(None),
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
    pub(super) fn enter(&self, namespace: &Arc<str>, event: &'static str) {
        {
            let mut place = self.lock();
            match &mut *place {
                // The count of a name that all workers share is left alone where it can be.
                Some(place) if Arc::ptr_eq(&place.namespace, namespace) => place.event = event,
                place => {
                    let namespace = Arc::clone(namespace);
                    *place = Some(Place { namespace, event });
                }
            }
        }
        self.inside.store(true, Ordering::Release);
    }

    /// It has come back.
    pub(super) fn leave(&self) {
        self.inside.store(false, Ordering::Release);
    }

    /// Where in the application's code the worker is; `None` if it is elsewhere.
    pub(crate) fn place(&self) -> Option<Place> {
        let inside = self.inside.load(Ordering::Acquire);
        inside.then(|| self.lock().clone()).flatten()
    }

    // The worker's own, but for whoever reports that it is blocked.
    fn lock(&self) -> MutexGuard<'_, Option<Place>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn it_is_at_a_place_only_while_it_is_inside() {
        let pulse = Pulse::new(Duration::ZERO);
        let namespace: Arc<str> = "/".into();
        assert!(pulse.place().is_none());
        pulse.enter(&namespace, "say");
        assert_eq!(pulse.place().map(|place| place.event), Some("say"));
        pulse.enter(&namespace, "join");
        assert_eq!(pulse.place().map(|place| place.event), Some("join"));
        pulse.leave();
        assert!(pulse.place().is_none());
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
