//! Events: what the macros target, and how a typed event becomes the arguments of a packet and
//! back. What is done with them (sessions, handlers) is the namespace's business.

mod ack;
mod args;
mod decode;
mod encode;
mod incoming;
mod outgoing;
#[cfg(test)]
mod properties;
mod raw_ack;
mod rejection;
mod told;

pub use crate::config::SlowConsumer;
pub(crate) use ack::{Answer, Answers, Collector, Gathered, Relay};
pub use args::Args;
pub(crate) use decode::{Payload, decode, decode_ack, decode_value};
pub(crate) use encode::{answer, encode, encode_ack, encode_raw, json, json_raw};
pub use incoming::{Incoming, RawEvent};
pub(crate) use outgoing::OnAnyOutgoing;
pub use outgoing::{Outgoing, Target};
pub use raw_ack::{RawAck, RawReply};
pub(crate) use rejection::{Refused, raw};
pub use rejection::{Rejection, RejectionKind};
pub(crate) use told::told_to_the_client;

use std::hash::{Hash, Hasher};

/// A typed event: its name, the form of its arguments, and the type of its ack.
///
/// Derive it (`#[derive(Event)]`) together with `Serialize` to emit it, `Deserialize` to handle
/// it. Every event is also an actix message, so that other actors can send it to a socket through
/// [`Socket::recipient`](crate::Socket::recipient).
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Serialize, Deserialize, Event)]
/// #[event(name = "chat message", ack = u64)]
/// struct Say {
///     room: String,
///     text: String,
/// }
///
/// assert_eq!(Say::NAME, "chat message");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "write `#[derive(Event)]` above `{Self}`"
)]
pub trait Event {
    /// The name on the wire.
    const NAME: &'static str;

    /// How the value becomes the list of arguments.
    const ARGS: Args;

    /// The type of the receiver's ack; `()` if the event declares none.
    type Ack;

    /// How the ack becomes a list of arguments: a tuple one for each element, `()` none, anything else
    /// one.
    const ACK_ARGS: Args;

    /// What happens to this event if a client's outbox is full; `None`: the hub's
    /// [`slow_consumer`](crate::HubBuilder::slow_consumer) applies.
    const SLOW_CONSUMER: Option<SlowConsumer> = None;

    /// What its doc comment says, for the contract (`Hub::contract`, feature `codegen`).
    const DOCS: &'static str = "";

    /// Events of one name and key replace each other under [`SlowConsumer::Latest`].
    fn key(&self) -> Option<u64> {
        None
    }
}

/// An event of which the data of its rejections is declared, for the contract (`Hub::contract`, feature `codegen`).
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Serialize)]
/// struct Invalid {
///     title: &'static str,
/// }
///
/// #[derive(Deserialize, Event)]
/// #[event(ack = u64, rejected = Invalid)]
/// struct Create {
///     title: String,
/// }
///
/// fn create(it: &Create) -> Result<u64, Rejection> {
///     match it.title.is_empty() {
///         true => Err(Rejection::of::<Create>("invalid", &Invalid { title: "is empty" })),
///         false => Ok(1),
///     }
/// }
/// ```
pub trait Rejects: Event {
    /// What handlers give to [`Rejection::of`].
    type Data;
}

/// The key of an event: its name and the field that `#[event(key = …)]` names.
///
/// Compared with the keys of what waits for the same client, which other nodes may have emitted: the
/// same in every process of one build.
pub fn key<K: Hash + ?Sized>(event: &str, key: &K) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    event.hash(&mut hasher);
    key.hash(&mut hasher);
    hasher.finish()
}

/// Refuses, at compile time, an event `name` that another event of the same list has already.
///
/// # Panics
/// When `name` is among `names`.
#[track_caller]
pub const fn distinct(names: &[&str], name: &str) {
    let mut rest = names;
    while let [first, others @ ..] = rest {
        if same(first.as_bytes(), name.as_bytes()) {
            panic!(
                "this event has the same name as an earlier one: \
                 give one of them another with `#[event(name = \"..\")]`"
            );
        }
        rest = others;
    }
}

/// `==` on slices is not const.
const fn same(mut left: &[u8], mut right: &[u8]) -> bool {
    while let ([l, left_rest @ ..], [r, right_rest @ ..]) = (left, right) {
        if *l != *r {
            return false;
        }
        left = left_rest;
        right = right_rest;
    }
    left.is_empty() && right.is_empty()
}
