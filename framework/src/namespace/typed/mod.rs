//! Sockets, broadcasts and namespaces that emit only what a session declares.
//!
//! Each is what it wraps and a type that exists at compile time only.

mod broadcast;
mod namespace;
mod socket;
mod unicast;

pub use broadcast::TypedBroadcast;
pub use namespace::TypedNamespace;
pub use socket::TypedSocket;
pub use unicast::TypedUnicast;

/// The session declares that it emits `E`: `#[emits(..)]` beside
/// [`#[derive(EventHandlers)]`](derive@crate::EventHandlers) implements it for each event that is
/// listed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare that it emits `{E}`",
    label = "`{E}` is not in the `#[emits(..)]` of `{Self}`",
    note = "add `{E}` to `#[emits(..)]` above `{Self}`, or say with `untyped()` that it stays out of the contract"
)]
pub trait Emits<E> {}

/// With a second candidate the compiler does not take the only event of a session for the one that
/// was meant, and says what is missing instead of what it has expected.
impl<S> Emits<std::convert::Infallible> for S {}

/// No session implements it: the messages of what has no type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares what it emits, and this event has no type",
    label = "an untyped event",
    note = "emit a type that is in `#[emits(..)]` above `{Self}`, or say with `untyped()` that it stays out of the contract"
)]
pub trait EmitsUntyped {}
