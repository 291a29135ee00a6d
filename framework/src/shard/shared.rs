//! What the dynamic namespaces of a hub keep together for clients that come back.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config::Recovery;

/// Their names are the clients' to invent, so a bound on each of them is none.
pub(crate) struct Shared {
    pub(super) log_bytes: Tally,
    pub(super) sessions: Tally,
}

impl Shared {
    pub(crate) fn new(options: &Recovery) -> Self {
        Self {
            log_bytes: Tally::new(options.max_dynamic_log_bytes),
            sessions: Tally::new(options.max_dynamic_sessions),
        }
    }
}

/// What all of them use of one thing.
pub(super) struct Tally {
    max: usize,
    used: AtomicUsize,
}

impl Tally {
    fn new(max: usize) -> Self {
        Self {
            max,
            used: AtomicUsize::new(0),
        }
    }

    /// What the others leave to a namespace of which `own` has been counted.
    pub(super) fn room(&self, own: usize) -> usize {
        let others = self.used.load(Ordering::Relaxed).saturating_sub(own);
        self.max.saturating_sub(others)
    }

    /// A namespace uses `to` in place of `from`.
    pub(super) fn change(&self, from: usize, to: usize) {
        // Wraps to a subtraction where it becomes less.
        self.used
            .fetch_add(to.wrapping_sub(from), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_use_is_no_room_and_what_they_give_back_is() {
        let tally = Tally::new(10);
        tally.change(0, 4);
        assert_eq!((tally.room(4), tally.room(0)), (10, 6));
        tally.change(0, 8);
        assert_eq!((tally.room(4), tally.room(8)), (2, 6));
        tally.change(4, 1);
        assert_eq!(tally.room(8), 9);
        tally.change(8, 0);
        tally.change(1, 0);
        assert_eq!(tally.room(0), 10);
    }
}
