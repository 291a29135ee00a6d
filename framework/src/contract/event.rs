//! One event of a contract.

use super::{Type, TypeContract, wire::Direction};
use crate::event::{Args, Event};

/// An event, as it was declared.
///
/// ```
/// use roomcast::contract::EventContract;
///
/// fn describe(event: &EventContract) -> String {
///     let answered = if event.has_ack() { " (answered)" } else { "" };
///     format!("{}{answered}: {}", event.name(), event.docs())
/// }
/// ```
pub struct EventContract {
    name: &'static str,
    docs: &'static str,
    direction: Direction,
    is_broadcast: bool,
    payload: Option<TypeContract>,
    ack: Option<TypeContract>,
    rejected: Option<TypeContract>,
}

impl EventContract {
    /// The event `E` that clients send, with what was found out about it, about its ack and about its
    /// rejections.
    #[doc(hidden)]
    #[must_use]
    pub fn received<E: Event>(payload: Type, ack: Type, rejected: Option<Type>) -> Self {
        let place = || format!("rejections of event `{}`", E::NAME);
        Self {
            rejected: rejected
                .and_then(|of| TypeContract::new(of, Args::One, Direction::Emitted, place)),
            ..Self::of::<E>(payload, ack, Direction::Received)
        }
    }

    /// The event `E` that clients are sent. They refuse nothing.
    #[doc(hidden)]
    #[must_use]
    pub fn emitted<E: Event>(payload: Type, ack: Type) -> Self {
        Self::of::<E>(payload, ack, Direction::Emitted)
    }

    /// The event `E` that clients are sent in broadcasts only.
    #[doc(hidden)]
    #[must_use]
    pub fn broadcast<E: Event>(payload: Type, ack: Type) -> Self {
        Self {
            is_broadcast: true,
            ..Self::emitted::<E>(payload, ack)
        }
    }

    fn of<E: Event>(payload: Type, ack: Type, direction: Direction) -> Self {
        let name = E::NAME;
        let answered = direction.back();
        Self {
            name,
            docs: E::DOCS,
            direction,
            is_broadcast: false,
            payload: TypeContract::new(payload, E::ARGS, direction, || format!("event `{name}`")),
            ack: TypeContract::new(ack, E::ACK_ARGS, answered, || {
                format!("ack of event `{name}`")
            }),
            rejected: None,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What its type's doc comment says, without its marks.
    #[must_use]
    pub fn docs(&self) -> String {
        // What stands behind `///` begins with a blank.
        let lines = self.docs.lines().map(|line| {
            let line = line.strip_prefix(' ').unwrap_or(line);
            line.trim_end()
        });
        let docs = lines.collect::<Vec<_>>().join("\n");
        docs.trim_matches('\n').to_owned()
    }

    /// Whether clients are sent it in broadcasts only: it is in `#[broadcasts(..)]`.
    #[must_use]
    pub fn is_broadcast(&self) -> bool {
        self.is_broadcast
    }

    /// The type of its arguments; `None` where it has none.
    #[must_use]
    pub fn payload(&self) -> Option<&TypeContract> {
        self.payload.as_ref()
    }

    /// Whether it declares an answer.
    #[must_use]
    pub fn has_ack(&self) -> bool {
        self.ack.is_some()
    }

    /// The type of its answer; `None` where it declares none.
    #[must_use]
    pub fn ack(&self) -> Option<&TypeContract> {
        self.ack.as_ref()
    }

    /// The type of `error.data` where its handler refuses it, as `#[event(rejected = ..)]` declares it.
    #[must_use]
    pub fn rejected(&self) -> Option<&TypeContract> {
        self.rejected.as_ref()
    }

    pub(super) fn direction(&self) -> Direction {
        self.direction
    }
}
