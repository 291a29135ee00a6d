//! A token bucket in 16 bytes, without a timer.

use tokio::time::{Duration, Instant};

use crate::config::Rate;

/// Knows only when it will be full again: how many tokens are left follows from that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenBucket {
    full_at: Instant,
}

impl TokenBucket {
    pub(crate) fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }

    /// How long until there is a token; `None` while there is one.
    pub(crate) fn wait(&self, rate: &Rate, now: Instant) -> Option<Duration> {
        let missing = self.full_at.saturating_duration_since(now);
        // What may be missing while one token is left.
        let allowed = rate.time_to_fill().saturating_sub(rate.time_of(1));
        (missing > allowed).then(|| missing - allowed)
    }

    /// Takes so many tokens, if there is one; more of them have to come back before the next.
    ///
    /// # Errors
    /// How long until there is one.
    pub(crate) fn take(&mut self, rate: &Rate, tokens: u64, now: Instant) -> Result<(), Duration> {
        if let Some(wait) = self.wait(rate, now) {
            return Err(wait);
        }
        let missing = self.full_at.saturating_duration_since(now);
        let later = missing.saturating_add(rate.time_of(tokens));
        self.full_at = now.checked_add(later).unwrap_or(self.full_at);
        Ok(())
    }

    /// Undoes a [`take`](Self::take) of as many.
    pub(crate) fn give_back(&mut self, rate: &Rate, tokens: u64) {
        let earlier = self.full_at.checked_sub(rate.time_of(tokens));
        self.full_at = earlier.unwrap_or(self.full_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_full_bucket_gives_its_burst_at_once_and_then_one_each_time() {
        let (rate, mut now) = (Rate::per_second(4).burst(10), Instant::now());
        let mut bucket = TokenBucket::full(now);
        let mut taken = |now| {
            (0..100)
                .take_while(|_| bucket.take(&rate, 1, now).is_ok())
                .count()
        };
        assert_eq!(taken(now), 10);
        now += SECOND / 4;
        assert_eq!(taken(now), 1);
        now += SECOND;
        assert_eq!(taken(now), 4);
        now += SECOND * 100;
        assert_eq!(taken(now), 10);
    }

    #[test]
    fn who_is_refused_is_told_when_the_next_token_comes() {
        let (rate, now) = (Rate::per_minute(1), Instant::now());
        let mut bucket = TokenBucket::full(now);
        assert_eq!(bucket.take(&rate, 1, now), Ok(()));
        assert_eq!(bucket.take(&rate, 1, now + SECOND), Err(SECOND * 59));
        assert_eq!(bucket.take(&rate, 1, now + SECOND * 60), Ok(()));
    }

    #[test]
    fn what_costs_more_than_the_bucket_holds_passes_and_is_made_up_for() {
        let (rate, now) = (Rate::per_second(100), Instant::now());
        let mut bucket = TokenBucket::full(now);
        assert_eq!(bucket.take(&rate, 1_000, now), Ok(()));
        assert_eq!(bucket.take(&rate, 1, now + SECOND * 9), Err(SECOND / 100));
        assert!(!bucket.is_full(now + SECOND * 9));
        assert!(bucket.is_full(now + SECOND * 10));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let (rate, now) = (Rate::per_minute(7).burst(2), Instant::now());
        let mut bucket = TokenBucket::full(now);
        for _ in 0..10 {
            assert_eq!(bucket.take(&rate, 1, now), Ok(()));
            bucket.give_back(&rate, 1);
        }
        assert!(bucket.is_full(now));
        let taken = (0..10).filter(|_| bucket.take(&rate, 1, now).is_ok());
        assert_eq!(taken.count(), 2);
    }

    #[test]
    fn no_cost_overflows_it() {
        let (rate, now) = (Rate::per_minute(1), Instant::now());
        let mut bucket = TokenBucket::full(now);
        assert_eq!(bucket.take(&rate, u64::MAX, now), Ok(()));
        assert_eq!(size_of::<TokenBucket>(), 16);
    }
}
