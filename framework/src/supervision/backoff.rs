use std::time::Duration;

use tokio::time::Instant;

/// The rest after the first failure; after each further one it is twice as long.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(30);

/// What ran for so long ran well: a later failure is the first one again.
const WELL: Duration = Duration::from_secs(10);

/// How long something rests before it is run again that should not have ended. What ends at once, each time,
/// must not take the worker's time.
pub(crate) struct Backoff {
    begun: Instant,
    next: Duration,
}

impl Backoff {
    /// For what begins to run now.
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            next: SHORTEST,
        }
    }

    /// It begins to run again.
    pub(crate) fn begin(&mut self) {
        self.begun = Instant::now();
    }

    /// It has ended: how long it rests now.
    pub(crate) fn failed(&mut self) -> Duration {
        if self.begun.elapsed() >= WELL {
            self.next = SHORTEST;
        }
        let rest = self.next;
        self.next = (rest * 2).min(LONGEST);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_rest_is_longer_until_it_ran_well() {
        let mut backoff = Backoff::new();
        let mut rests = || {
            backoff.begin();
            backoff.failed().as_millis()
        };
        let first: Vec<_> = (0..14).map(|_| rests()).collect();
        assert_eq!(first[..4], [10, 20, 40, 80]);
        assert_eq!(first[11..], [20_480, 30_000, 30_000]);

        backoff.begin();
        tokio::time::advance(WELL).await;
        assert_eq!(backoff.failed(), SHORTEST);
    }
}
