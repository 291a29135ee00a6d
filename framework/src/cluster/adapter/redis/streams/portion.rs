//! How many entries are asked for at once.
//!
//! Entries are as large as clients make events. So many that their answer is too long, or does not come in
//! time, would be asked for again and again.

use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) struct Portion {
    most: usize,
    now: AtomicUsize,
}

impl Portion {
    /// At most so many, and that at first.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            now: AtomicUsize::new(most),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.now.load(Ordering::Relaxed)
    }

    /// An answer was too long, or did not come.
    pub(super) fn was_too_much(&self) {
        self.change(|now| (now / 2).max(1));
    }

    /// All that was asked for has come.
    pub(super) fn was_not_too_much(&self) {
        self.change(|now| now.saturating_mul(2).min(self.most));
    }

    // Of two at the same time one counts, which is as good.
    fn change(&self, change: impl Fn(usize) -> usize) {
        self.now.store(change(self.count()), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gets_smaller_down_to_one_and_larger_again() {
        let portion = Portion::new(100);
        let less = || {
            portion.was_too_much();
            portion.count()
        };
        let counts: Vec<_> = (0..8).map(|_| less()).collect();
        assert_eq!(counts, [50, 25, 12, 6, 3, 1, 1, 1]);
        let more = || {
            portion.was_not_too_much();
            portion.count()
        };
        let counts: Vec<_> = (0..8).map(|_| more()).collect();
        assert_eq!(counts, [2, 4, 8, 16, 32, 64, 100, 100]);
    }
}
