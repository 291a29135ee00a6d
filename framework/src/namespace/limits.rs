//! How often each socket of a namespace may send an event.

mod limiter;

use std::sync::Arc;

use super::NamespaceBuilder;
use crate::{
    config::{Config, Excess, Rate},
    error::BuildError,
    event::Event,
};

pub(crate) use limiter::{Limiter, TooMany};

/// What was set for a namespace.
#[derive(Debug, Default, Clone)]
pub(crate) struct EventLimits {
    events: Option<Rate>,
    bytes: Option<Rate>,
    of_events: Vec<OfEvent>,
    excess: Option<Excess>,
}

/// What was set for the events of one type.
#[derive(Debug, Clone)]
struct OfEvent {
    name: &'static str,
    counts: Counts,
    rate: Rate,
}

/// What a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    Events,
    Bytes,
}

impl OfEvent {
    /// The option that sets it.
    fn option(&self) -> &'static str {
        match self.counts {
            Counts::Events => "event_rate_of",
            Counts::Bytes => "byte_rate_of",
        }
    }

    fn is_set_again_by(&self, other: &Self) -> bool {
        (self.name, self.counts) == (other.name, other.counts)
    }
}

impl NamespaceBuilder {
    /// How many events each socket may send, whatever their names. Default: the hub's
    /// [`event_rate`](crate::HubBuilder::event_rate).
    pub fn event_rate(mut self, rate: Rate) -> Self {
        self.limits().events = Some(rate);
        self
    }

    /// How many bytes of events each socket may send. Default: the hub's
    /// [`byte_rate`](crate::HubBuilder::byte_rate).
    pub fn byte_rate(mut self, rate: Rate) -> Self {
        self.limits().bytes = Some(rate);
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
    pub fn event_rate_of<E: Event>(self, rate: Rate) -> Self {
        self.rate_of::<E>(Counts::Events, rate)
    }

    /// How many bytes of events of one type each socket may send, besides what
    /// [`byte_rate`](Self::byte_rate) says of all: arguments, attachments and the name. Default: as many as of
    /// others.
    ///
    /// ```
    /// use roomcast::{NamespaceBuilder, Rate, prelude::*};
    ///
    /// #[derive(Deserialize, Event)]
    /// struct Upload(Binary);
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// let chat = NamespaceBuilder::named::<Chat>("/")
    ///     .byte_rate_of::<Upload>(Rate::per_minute(5 << 20));
    /// let hub = Hub::builder().namespace_with(chat).build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn byte_rate_of<E: Event>(self, rate: Rate) -> Self {
        self.rate_of::<E>(Counts::Bytes, rate)
    }

    fn rate_of<E: Event>(mut self, counts: Counts, rate: Rate) -> Self {
        let name = E::NAME;
        let of_events = &mut self.limits().of_events;
        of_events.push(OfEvent { name, counts, rate });
        self
    }

    /// What happens to an event beyond a rate. Default: the hub's
    /// [`excess`](crate::HubBuilder::excess).
    pub fn excess(mut self, excess: Excess) -> Self {
        self.limits().excess = Some(excess);
        self
    }

    fn limits(&mut self) -> &mut EventLimits {
        Arc::make_mut(&mut self.setup.limits)
    }
}

impl EventLimits {
    /// What the namespace does not say itself, the hub does.
    ///
    /// # Errors
    /// A rate at which nothing passes, or the second of one event.
    pub(super) fn complete(&mut self, config: &Config) -> Result<(), BuildError> {
        self.events = self.events.or(config.event_rate);
        self.bytes = self.bytes.or(config.byte_rate);
        self.excess = self.excess.or(Some(config.excess));
        let all = self.events.map(|rate| ("event_rate", rate));
        let bytes = self.bytes.map(|rate| ("byte_rate", rate));
        let each = self.of_events.iter().map(|of| (of.option(), of.rate));
        let mut rates = each.chain(all).chain(bytes);
        rates.try_for_each(|(option, rate)| rate.validate(option))?;
        self.refuse_doubles()
    }

    fn refuse_doubles(&self) -> Result<(), BuildError> {
        let before = |at| self.of_events.iter().take(at);
        let mut all = self.of_events.iter().enumerate();
        let double = all.find(|(at, of)| before(*at).any(|one| one.is_set_again_by(of)));
        match double {
            Some((_, of)) => Err(BuildError::Contradiction {
                option: of.option(),
                conflict: "must not be given twice for one event",
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

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
        let limiter = Limiter::full(&Arc::new(limits), Instant::now());
        assert!(limiter.is_some_and(|limiter| limiter.excess() == Excess::Drop));
        let none = Arc::new(EventLimits::default());
        assert!(Limiter::full(&none, Instant::now()).is_none());
    }
}
