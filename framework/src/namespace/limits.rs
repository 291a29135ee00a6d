//! How often each socket of a namespace may send an event.

use tokio::time::{Duration, Instant};

use super::NamespaceBuilder;
use crate::{
    config::{Config, Excess, Rate},
    error::BuildError,
    event::{Event, Incoming},
    shard::bucket::TokenBucket,
};

/// What was set for a namespace.
#[derive(Debug, Default)]
pub(crate) struct EventLimits {
    events: Option<Rate>,
    bytes: Option<Rate>,
    of_events: Vec<(&'static str, Rate)>,
    excess: Option<Excess>,
}

/// What one socket has left of it.
pub(crate) struct Limiter {
    events: TokenBucket,
    bytes: TokenBucket,
    /// In the order of [`EventLimits::of_events`].
    of_events: Box<[TokenBucket]>,
}

/// An event that is one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// The option that says so: the label in [`Stats::rate_limited`](crate::Stats::rate_limited).
    pub(crate) limit: &'static str,
    pub(crate) retry_after: Duration,
}

impl NamespaceBuilder {
    /// How many events each socket may send, whatever their names. Default: the hub's
    /// [`event_rate`](crate::HubBuilder::event_rate).
    pub fn event_rate(mut self, rate: Rate) -> Self {
        self.setup.limits.events = Some(rate);
        self
    }

    /// How many bytes of events each socket may send. Default: the hub's
    /// [`byte_rate`](crate::HubBuilder::byte_rate).
    pub fn byte_rate(mut self, rate: Rate) -> Self {
        self.setup.limits.bytes = Some(rate);
        self
    }

    /// How many events of one type each socket may send, besides what
    /// [`event_rate`](Self::event_rate) says of all. Default: as many as of others.
    ///
    /// ```
    /// use roomcast::{Excess, NamespaceBuilder, Rate, prelude::*};
    ///
    /// #[derive(Deserialize, Event)]
    /// struct Typing;
    ///
    /// #[derive(Deserialize, Event)]
    /// struct Search { text: String }
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// let chat = NamespaceBuilder::named::<Chat>("/")
    ///     .event_rate(Rate::per_second(50).burst(200))
    ///     .event_rate_of::<Typing>(Rate::per_second(2))
    ///     .event_rate_of::<Search>(Rate::per_minute(30))
    ///     .excess(Excess::Refuse);
    /// let hub = Hub::builder().namespace_with(chat).build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn event_rate_of<E: Event>(mut self, rate: Rate) -> Self {
        self.setup.limits.of_events.push((E::NAME, rate));
        self
    }

    /// What happens to an event beyond a rate. Default: the hub's
    /// [`excess`](crate::HubBuilder::excess).
    pub fn excess(mut self, excess: Excess) -> Self {
        self.setup.limits.excess = Some(excess);
        self
    }
}

impl EventLimits {
    /// What the namespace does not say itself, the hub does.
    ///
    /// # Errors
    /// A rate at which nothing passes.
    pub(super) fn complete(&mut self, config: &Config) -> Result<(), BuildError> {
        self.events = self.events.or(config.event_rate);
        self.bytes = self.bytes.or(config.byte_rate);
        self.excess = self.excess.or(Some(config.excess));
        let all = self.events.map(|rate| ("event_rate", rate));
        let bytes = self.bytes.map(|rate| ("byte_rate", rate));
        let each = self
            .of_events
            .iter()
            .map(|(_, rate)| ("event_rate_of", *rate));
        let mut rates = each.chain(all).chain(bytes);
        rates.try_for_each(|(option, rate)| rate.validate(option))
    }

    pub(crate) fn excess(&self) -> Excess {
        self.excess.unwrap_or_default()
    }

    /// For a socket that has just come; `None` where nothing is limited.
    pub(crate) fn limiter(&self, now: Instant) -> Option<Limiter> {
        let any = self.events.is_some() || self.bytes.is_some() || !self.of_events.is_empty();
        let full = TokenBucket::full(now);
        any.then(|| Limiter {
            events: full,
            bytes: full,
            of_events: vec![full; self.of_events.len()].into(),
        })
    }
}

impl Limiter {
    /// Takes what the event costs.
    ///
    /// # Errors
    /// Which limit it exceeds.
    pub(crate) fn take(
        &mut self,
        limits: &EventLimits,
        event: &Incoming<'_>,
        now: Instant,
    ) -> Result<(), TooMany> {
        let exceeds = |limit| move |retry_after| TooMany { limit, retry_after };
        let known = limits.of_events.iter().zip(&mut self.of_events);
        for ((_, rate), bucket) in known.filter(|((name, _), _)| *name == event.name) {
            let taken = bucket.take(rate, 1, now);
            taken.map_err(exceeds("event_rate_of"))?;
        }
        if let Some(rate) = &limits.events {
            let taken = self.events.take(rate, 1, now);
            taken.map_err(exceeds("event_rate"))?;
        }
        if let Some(rate) = &limits.bytes {
            let taken = self.bytes.take(rate, event.bytes() as u64, now);
            taken.map_err(exceeds("byte_rate"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Payload;

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
    fn the_hubs_rates_are_those_of_a_namespace_that_has_none() {
        let config = Config {
            event_rate: Some(Rate::per_second(1)),
            byte_rate: Some(Rate::per_second(2)),
            excess: Excess::Drop,
            ..Config::default()
        };
        let mut limits = EventLimits {
            bytes: Some(Rate::per_second(3)),
            ..EventLimits::default()
        };
        assert!(limits.complete(&config).is_ok());
        assert_eq!(limits.events, Some(Rate::per_second(1)));
        assert_eq!(limits.bytes, Some(Rate::per_second(3)));
        assert_eq!(limits.excess(), Excess::Drop);
        assert!(EventLimits::default().limiter(Instant::now()).is_none());
    }

    #[test]
    fn each_rate_stops_what_exceeds_it() {
        let limits = EventLimits {
            events: Some(Rate::per_second(3)),
            bytes: Some(Rate::per_second(100)),
            of_events: vec![("rare", Rate::per_second(1))],
            excess: None,
        };
        let now = Instant::now();
        let Some(mut limiter) = limits.limiter(now) else {
            panic!("there are limits");
        };
        let mut take = |name, args| {
            let taken = limiter.take(&limits, &incoming(name, args), now);
            taken.map_err(|too_many| too_many.limit)
        };
        assert_eq!(take("rare", ""), Ok(()));
        assert_eq!(take("rare", ""), Err("event_rate_of"));
        assert_eq!(take("other", ""), Ok(()));
        assert_eq!(take("other", ""), Ok(()));
        assert_eq!(take("other", ""), Err("event_rate"));

        let Some(mut limiter) = limits.limiter(now) else {
            panic!("there are limits");
        };
        const LONG: &str = "\"123456789012345678901234567890123456789012345678901234567890\
            123456789012345678901234567890123456789012345678901234567890\"";
        let mut take = |args| limiter.take(&limits, &incoming("any", args), now);
        assert_eq!(take(LONG), Ok(()));
        assert_eq!(
            take("").map_err(|too_many| too_many.limit),
            Err("byte_rate")
        );
    }
}
