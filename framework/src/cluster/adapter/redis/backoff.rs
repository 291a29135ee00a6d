//! How long to wait before the next attempt to connect.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// Exponential, with full jitter: nodes that lost Redis at the same moment do not come back at the
/// same moment.
#[derive(Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    pub(super) fn next(&mut self) -> Duration {
        self.attempts = self.attempts.saturating_add(1);
        let ceiling = SHORTEST
            .saturating_mul(1 << self.attempts.min(16))
            .min(LONGEST);
        let span = (ceiling - SHORTEST).as_micros() as u64;
        // Without random numbers nodes are in step, no worse.
        let random = getrandom::u64().unwrap_or_default();
        SHORTEST + Duration::from_micros(random % (span + 1))
    }

    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
