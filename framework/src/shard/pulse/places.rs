//! Where in the application's code a worker is.
//!
//! A worker goes to and fro between few places, many times in a millisecond. The last ones stay written down, so
//! that it takes no lock, and no count of a name that all workers share, to be at one of them again.

use std::{
    cell::Cell,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Places that are written down.
const KEPT: usize = 8;

/// Where in an application's code a worker is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) namespace: Arc<str>,
    /// The event, or a word for what is no event's.
    pub(crate) event: &'static str,
}

#[derive(Default)]
pub(super) struct Places {
    /// The number of the one where the worker is, from 1; 0 is elsewhere.
    current: AtomicUsize,
    kept: [Mutex<Option<Place>>; KEPT],
}

/// What the worker knows of its places itself.
#[derive(Default)]
pub(in crate::shard) struct Way {
    kept: [Cell<Option<Mark>>; KEPT],
    /// The place to be given up next.
    oldest: Cell<usize>,
}

/// By the address of the namespace's name, which stays the same one while its place is kept.
#[derive(Clone, Copy)]
struct Mark {
    namespace: usize,
    event: &'static str,
}

impl Mark {
    fn new(namespace: &Arc<str>, event: &'static str) -> Self {
        Self {
            namespace: Arc::as_ptr(namespace).addr(),
            event,
        }
    }

    fn is(self, other: Self) -> bool {
        self.namespace == other.namespace && std::ptr::eq(self.event, other.event)
    }
}

impl Places {
    pub(super) fn enter(&self, way: &Way, namespace: &Arc<str>, event: &'static str) {
        let mark = Mark::new(namespace, event);
        let known = |kept: &Cell<Option<Mark>>| kept.get().is_some_and(|kept| kept.is(mark));
        let place = way.kept.iter().position(known).unwrap_or_else(|| {
            let oldest = way.oldest.get();
            way.oldest.set((oldest + 1) % KEPT);
            let namespace = Arc::clone(namespace);
            if let (Some(kept), Some(known)) = (self.kept.get(oldest), way.kept.get(oldest)) {
                *lock(kept) = Some(Place { namespace, event });
                known.set(Some(mark));
            }
            oldest
        });
        self.current.store(place + 1, Ordering::Release);
    }

    pub(super) fn leave(&self) {
        self.current.store(0, Ordering::Release);
    }

    pub(super) fn current(&self) -> Option<Place> {
        let place = self.current.load(Ordering::Acquire).checked_sub(1)?;
        lock(self.kept.get(place)?).clone()
    }
}

// The worker's own, but for whoever reports that it is blocked.
fn lock(place: &Mutex<Option<Place>>) -> MutexGuard<'_, Option<Place>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(places: &Places) -> Option<(String, &'static str)> {
        let place = places.current()?;
        Some((place.namespace.to_string(), place.event))
    }

    #[test]
    fn it_is_at_a_place_only_while_it_is_inside() {
        let (places, way) = (Places::default(), Way::default());
        let namespace: Arc<str> = "/".into();
        assert_eq!(at(&places), None);
        places.enter(&way, &namespace, "say");
        assert_eq!(at(&places), Some(("/".to_owned(), "say")));
        places.enter(&way, &namespace, "join");
        assert_eq!(at(&places), Some(("/".to_owned(), "join")));
        places.leave();
        assert_eq!(at(&places), None);
    }

    #[test]
    fn to_a_place_that_it_knows_it_needs_no_lock() {
        let (places, way) = (Places::default(), Way::default());
        let namespace: Arc<str> = "/".into();
        places.enter(&way, &namespace, "any");
        places.enter(&way, &namespace, "say");
        let _held = places.kept.each_ref().map(lock);
        places.enter(&way, &namespace, "any");
        places.enter(&way, &namespace, "say");
        assert_eq!(Arc::strong_count(&namespace), 3);
    }

    #[test]
    fn more_places_than_are_kept_are_told_apart_and_names_that_are_given_up_are_freed() {
        let (places, way) = (Places::default(), Way::default());
        let events = ["a", "b", "c"];
        for round in 0..100 {
            for event in events {
                let name = format!("/{round}");
                places.enter(&way, &name.as_str().into(), event);
                assert_eq!(at(&places), Some((name, event)));
            }
        }
        let last: Arc<str> = "/last".into();
        places.enter(&way, &last, "a");
        for event in 0..KEPT {
            places.enter(&way, &"/".into(), events[event % 3]);
        }
        assert_eq!(Arc::strong_count(&last), 1);
    }
}
