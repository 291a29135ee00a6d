use std::time::Duration;

use crate::error::BuildError;

/// A rate limit: how often something may happen in a time, and how often at once.
///
/// It is a token bucket, which holds [`burst`](Self::burst) tokens and is full at the beginning. Each
/// time takes one token, and tokens are added at a constant rate. What costs more than one token (an
/// event's bytes, for [`byte_rate`](crate::HubBuilder::byte_rate)) is accepted as long as one is left,
/// and the missing tokens must be made up before anything else is accepted.
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
    /// This many times per second, and as many at once.
    pub const fn per_second(times: u32) -> Self {
        Self {
            tokens: times,
            period: Duration::from_secs(1),
            burst: times,
        }
    }

    /// This many times per minute, and as many at once.
    pub const fn per_minute(times: u32) -> Self {
        Self {
            tokens: times,
            period: Duration::from_secs(60),
            burst: times,
        }
    }

    /// How many are accepted at once after a pause. Default: the number given for the second or minute.
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

/// What happens to an event beyond the [rate](Rate) of its socket. In any case no code of the
/// application runs for it, and it is counted
/// ([`Stats::rate_limited`](crate::Stats::rate_limited)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Excess {
    /// If the client asked for an ack, it receives
    /// `{"error": {"message": "too many events", "data": {"limit": …, "retryAfter": …}}}`: the option
    /// that limits it, and the milliseconds until the next event is accepted. The default.
    #[default]
    Refuse,
    /// The event is ignored.
    Drop,
    /// The socket is disconnected, with
    /// [`DisconnectReason::RateLimited`](crate::DisconnectReason::RateLimited). The client's sockets in other
    /// namespaces go on.
    Disconnect,
}
