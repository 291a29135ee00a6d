use std::time::Duration;

use crate::error::BuildError;

/// How often something may happen: so many times in a while, and so many at once.
///
/// It is a token bucket. The bucket holds [`burst`](Self::burst) tokens and is full in the
/// beginning; each time takes one, and they come back evenly. What costs more than one token (an
/// event's bytes, for [`byte_rate`](crate::HubBuilder::byte_rate)) passes as long as one is left, and
/// what it takes beyond that has to come back first: so nothing is too large to ever pass.
///
/// ```
/// use roomcast::Rate;
///
/// let typing = Rate::per_second(5);
/// let with_bursts = Rate::per_second(20).burst(100);
/// let reports = Rate::per_minute(3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "give it to an option"]
pub struct Rate {
    tokens: u32,
    period: Duration,
    burst: u32,
}

impl Rate {
    /// So many times a second, and as many at once.
    pub const fn per_second(times: u32) -> Self {
        Self {
            tokens: times,
            period: Duration::from_secs(1),
            burst: times,
        }
    }

    /// So many times a minute, and as many at once.
    pub const fn per_minute(times: u32) -> Self {
        Self {
            tokens: times,
            period: Duration::from_secs(60),
            burst: times,
        }
    }

    /// How many may come at once after a silence. Default: as many as in a second, or a minute.
    pub const fn burst(mut self, times: u32) -> Self {
        self.burst = times;
        self
    }

    /// How long so many tokens take to come back.
    pub(crate) fn time_of(&self, tokens: u64) -> Duration {
        let nanos = self.period.as_nanos().saturating_mul(tokens.into());
        let nanos = nanos / u128::from(self.tokens.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How long an empty bucket takes to be full.
    pub(crate) fn time_to_fill(&self) -> Duration {
        self.time_of(self.burst.into())
    }

    /// # Errors
    /// One that nothing would ever pass; with the name of the option that has it.
    pub(crate) fn validate(&self, option: &'static str) -> Result<(), BuildError> {
        match self.tokens == 0 || self.burst == 0 {
            true => Err(BuildError::Zero(option)),
            false => Ok(()),
        }
    }
}

/// What happens to an event with which a socket sends more than its [rate](Rate) allows. In any case
/// nothing of the application runs for it, and it is counted
/// ([`Stats::rate_limited`](crate::Stats::rate_limited)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Excess {
    /// If the client asked for an ack, it is answered with
    /// `{"error": {"message": "too many events", "data": {"limit": …, "retryAfter": …}}}`: the option
    /// that limits it, and the milliseconds until the next one may pass. The default.
    #[default]
    Refuse,
    /// Nobody is told.
    Drop,
    /// The socket is disconnected, with
    /// [`DisconnectReason::RateLimited`](crate::DisconnectReason::RateLimited).
    Disconnect,
}
