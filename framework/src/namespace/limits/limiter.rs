//! What one socket has left of the rates of its namespace.

use std::sync::Arc;

use tokio::time::{Duration, Instant};

use super::{Counts, EventLimits};
use crate::{
    config::{Excess, Rate},
    event::Incoming,
    shard::bucket::TokenBucket,
};

/// What one socket has left of its namespace's rates.
pub(crate) struct Limiter {
    limits: Arc<EventLimits>,
    events: TokenBucket,
    bytes: TokenBucket,
    /// In the order of [`EventLimits::of_events`].
    of_events: Box<[TokenBucket]>,
}

/// What an event costs of one bucket.
struct Charge<'a> {
    limit: &'static str,
    rate: &'a Rate,
    bucket: &'a mut TokenBucket,
    tokens: u64,
}

/// An event that is one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// The option that says so: the label in [`Stats::rate_limited`](crate::Stats::rate_limited).
    pub(crate) limit: &'static str,
    pub(crate) retry_after: Duration,
}

impl Limiter {
    /// For a socket that has just come; `None` where nothing is limited.
    pub(crate) fn full(limits: &Arc<EventLimits>, now: Instant) -> Option<Self> {
        let any = limits.events.is_some() || limits.bytes.is_some() || !limits.of_events.is_empty();
        let full = TokenBucket::full(now);
        any.then(|| Self {
            limits: Arc::clone(limits),
            events: full,
            bytes: full,
            of_events: vec![full; limits.of_events.len()].into(),
        })
    }

    /// Takes what the event costs: of every bucket, or of none.
    ///
    /// # Errors
    /// Which limit it exceeds; of several the one that takes longest.
    pub(crate) fn take(&mut self, event: &Incoming<'_>, now: Instant) -> Result<(), TooMany> {
        let exceeded = self.charges(event).filter_map(|charge| {
            let limit = charge.limit;
            let wait = charge.bucket.wait(charge.rate, now);
            wait.map(|retry_after| TooMany { limit, retry_after })
        });
        if let Some(too_many) = exceeded.max_by_key(|too_many| too_many.retry_after) {
            return Err(too_many);
        }
        for charge in self.charges(event) {
            let _ = charge.bucket.take(charge.rate, charge.tokens, now);
        }
        Ok(())
    }

    fn charges(&mut self, event: &Incoming<'_>) -> impl Iterator<Item = Charge<'_>> {
        let Self {
            limits,
            events,
            bytes,
            of_events,
        } = self;
        let charge = |limit, rate, bucket, tokens| Charge {
            limit,
            rate,
            bucket,
            tokens,
        };
        let of_events = limits.of_events.iter().zip(of_events);
        let of_events = of_events.filter(|(of, _)| of.name == event.name);
        let size = event.bytes() as u64;
        let of_events = of_events.map(move |(of, bucket)| {
            let tokens = match of.counts {
                Counts::Events => 1,
                Counts::Bytes => size,
            };
            charge(of.option(), &of.rate, bucket, tokens)
        });
        let rate = limits.events.as_ref();
        let events = rate.map(|rate| charge("event_rate", rate, events, 1));
        let rate = limits.bytes.as_ref();
        let bytes = rate.map(|rate| charge("byte_rate", rate, bytes, size));
        of_events.chain(events).chain(bytes)
    }

    /// Takes what it costs to come again: an event.
    ///
    /// # Errors
    /// There is none left.
    pub(crate) fn take_connect(&mut self, now: Instant) -> Result<(), TooMany> {
        let Some(rate) = &self.limits.events else {
            return Ok(());
        };
        let taken = self.events.take(rate, 1, now);
        taken.map_err(|retry_after| TooMany {
            limit: "event_rate",
            retry_after,
        })
    }

    pub(crate) fn excess(&self) -> Excess {
        self.limits.excess.unwrap_or_default()
    }

    /// Whether it is of a namespace with these limits: of one, or of those of a pattern.
    pub(crate) fn is_of(&self, limits: &Arc<EventLimits>) -> bool {
        Arc::ptr_eq(&self.limits, limits)
    }

    /// Whether a new one would be the same.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        let mut buckets = self.of_events.iter().chain([&self.events, &self.bytes]);
        buckets.all(|bucket| bucket.is_full(now))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::{event::Payload, namespace::limits::OfEvent};

    fn of(name: &'static str, counts: Counts, rate: Rate) -> OfEvent {
        OfEvent { name, counts, rate }
    }

    /// With this rate for all events, one a second for those named `rare`, 100 bytes a second of all and 10 of
    /// those named `small`.
    fn rated(events: Rate, now: Instant) -> Limiter {
        let limits = EventLimits {
            events: Some(events),
            bytes: Some(Rate::per_second(100)),
            of_events: vec![
                of("rare", Counts::Events, Rate::per_second(1)),
                of("small", Counts::Bytes, Rate::per_second(10)),
            ],
            excess: None,
        };
        Limiter::full(&Arc::new(limits), now).unwrap()
    }

    fn incoming(name: &'static str, args: &'static str) -> Incoming<'static> {
        let payload = Payload {
            args,
            attachments: &[],
        };
        Incoming {
            name,
            payload,
            ack: None,
        }
    }

    #[test]
    fn each_rate_stops_what_exceeds_it() {
        let now = Instant::now();
        let mut limiter = rated(Rate::per_second(3), now);
        let mut take = |name, args| {
            let taken = limiter.take(&incoming(name, args), now);
            taken.map_err(|too_many| too_many.limit)
        };
        assert_eq!(take("rare", ""), Ok(()));
        assert_eq!(take("rare", ""), Err("event_rate_of"));
        assert_eq!(take("other", ""), Ok(()));
        assert_eq!(take("other", ""), Ok(()));
        assert_eq!(take("other", ""), Err("event_rate"));

        let mut limiter = rated(Rate::per_second(3), now);
        const LONG: &str = "\"123456789012345678901234567890123456789012345678901234567890\
            123456789012345678901234567890123456789012345678901234567890\"";
        let mut take = |args| limiter.take(&incoming("any", args), now);
        assert_eq!(take(LONG), Ok(()));
        assert_eq!(
            take("").map_err(|too_many| too_many.limit),
            Err("byte_rate")
        );
    }

    #[test]
    fn bytes_of_one_event_are_limited_besides_those_of_all() {
        let now = Instant::now();
        let mut limiter = rated(Rate::per_second(50), now);
        let mut take = |name, args| {
            let taken = limiter.take(&incoming(name, args), now);
            taken.map_err(|too_many| too_many.limit)
        };
        // 5 bytes of the name, and 12.
        assert_eq!(take("small", "\"0123456789\""), Ok(()));
        assert_eq!(take("small", ""), Err("byte_rate_of"));
        assert_eq!(take("other", "\"0123456789\""), Ok(()));
    }

    #[test]
    fn an_event_that_one_bucket_refuses_costs_no_other_and_waits_for_the_slowest() {
        let now = Instant::now();
        let mut limiter = rated(Rate::per_minute(2), now);
        let mut take = |name| limiter.take(&incoming(name, ""), now);
        assert_eq!(take("rare"), Ok(()));
        for _ in 0..10 {
            assert_eq!(take("rare").map_err(|it| it.limit), Err("event_rate_of"));
        }
        assert_eq!(take("other"), Ok(()));
        let too_many = take("rare");
        assert_eq!(too_many.map_err(|it| it.limit), Err("event_rate"));
    }
}
