//! How long to wait before the next attempt to connect.

use std::time::Duration;

use super::link::STABLE;

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// Exponential, with full jitter: nodes that lost Redis at the same moment do not come back at the
/// same moment.
pub(super) struct Backoff {
    attempts: u32,
    longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::up_to(LONGEST)
    }
}

impl Backoff {
    /// For who may not be away for longer than this.
    pub(super) fn up_to(longest: Duration) -> Self {
        Self {
            attempts: 0,
            longest: longest.clamp(SHORTEST, LONGEST),
        }
    }

    pub(super) fn next(&mut self) -> Duration {
        self.attempts = self.attempts.saturating_add(1);
        let ceiling = SHORTEST
            .saturating_mul(1 << self.attempts.min(16))
            .min(self.longest);
        let span = (ceiling - SHORTEST).as_micros() as u64;
        // Without random numbers nodes are in step, no worse.
        let random = getrandom::u64().unwrap_or_default();
        SHORTEST + Duration::from_micros(random % (span + 1))
    }

    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// A connection has ended that was begun so long ago. Who lets a node in and throws it out at once
    /// is not asked more often for it.
    pub(super) fn ended(&mut self, was_up: bool, lasted: Duration) {
        if was_up && lasted > STABLE {
            self.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_delay_exceeds_what_was_asked_for() {
        for asked in [Duration::ZERO, 3 * SHORTEST, 2 * LONGEST] {
            let mut backoff = Backoff::up_to(asked);
            let bounds = SHORTEST..=asked.clamp(SHORTEST, LONGEST);
            assert!((0..100).all(|_| bounds.contains(&backoff.next())));
        }
    }

    #[test]
    fn only_after_a_connection_that_lasted_they_begin_anew() {
        let after = |was_up, lasted| {
            let mut backoff = Backoff::default();
            for _ in 0..20 {
                backoff.next();
                backoff.ended(was_up, lasted);
            }
            backoff.attempts
        };
        assert_eq!(after(true, 2 * STABLE), 0);
        assert_eq!(after(true, STABLE / 2), 20, "thrown out at once");
        assert_eq!(after(false, 2 * STABLE), 20, "it was never up");
    }

    #[test]
    fn delays_grow_up_to_their_bound_and_begin_anew() {
        let mut backoff = Backoff::default();
        assert!(backoff.next() <= 2 * SHORTEST);
        let later: Vec<_> = (0..100).map(|_| backoff.next()).collect();
        assert!(
            later
                .iter()
                .all(|delay| (SHORTEST..=LONGEST).contains(delay))
        );
        assert!(later.iter().any(|delay| *delay > LONGEST / 4), "{later:?}");
        assert!(later.iter().any(|delay| *delay < LONGEST / 2), "{later:?}");
        backoff.reset();
        assert!(backoff.next() <= 2 * SHORTEST);
    }
}
