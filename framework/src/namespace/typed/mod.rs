//! Sockets, broadcasts and namespaces that emit only what a session declares.
//!
//! Each is what it wraps and a type that exists at compile time only.

mod broadcast;
mod namespace;
mod socket;
mod unicast;

use std::convert::Infallible;

pub use broadcast::TypedBroadcast;
pub use namespace::TypedNamespace;
pub use socket::TypedSocket;
pub use unicast::TypedUnicast;

/// The session declares that it emits `E`, to one socket or to many: `#[emits(..)]` beside
/// [`#[derive(EventHandlers)]`](derive@crate::EventHandlers) implements it for each event that is
/// listed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare that it emits `{E}`",
    label = "`{E}` is not in the `#[emits(..)]` of `{Self}`",
    note = "add `{E}` to `#[emits(..)]` above `{Self}` (what is in `#[broadcasts(..)]` goes to no single socket), or say with `untyped()` that it stays out of the contract"
)]
pub trait Emits<E>: Broadcasts<E> {}

/// With a second candidate the compiler does not take the only event of a session for the one that
/// was meant, and says what is missing instead of what it has expected; with a third, not this one
/// where the session has no event.
impl<S> Emits<Infallible> for S {}
impl<S> Emits<(Infallible,)> for S {}

/// The session declares that it broadcasts `E`: `#[broadcasts(..)]` beside
/// [`#[derive(EventHandlers)]`](derive@crate::EventHandlers) implements it for each event that is
/// listed, and `#[emits(..)]` does.
///
/// ```
/// use roomcast::{Broadcasts, TypedNamespace, prelude::*};
///
/// #[derive(Serialize, Event)]
/// struct Closing {
///     minutes: u8,
/// }
///
/// /// For the sessions of every application that declare it.
/// fn close<S: Broadcasts<Closing>>(namespace: &TypedNamespace<S>) -> Result<(), EmitError> {
///     namespace.emit(&Closing { minutes: 5 })
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare that it broadcasts `{E}`",
    label = "`{E}` is in neither `#[emits(..)]` nor `#[broadcasts(..)]` of `{Self}`",
    note = "add `{E}` to `#[broadcasts(..)]` above `{Self}`, or to `#[emits(..)]` if it goes to single sockets as well, or say with `untyped()` that it stays out of the contract"
)]
pub trait Broadcasts<E> {}

/// As for [`Emits`].
impl<S> Broadcasts<Infallible> for S {}
impl<S> Broadcasts<(Infallible,)> for S {}

/// No session implements it: the messages of what has no type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares what it emits, and this event has no type",
    label = "an untyped event",
    note = "emit a type that is in `#[emits(..)]` above `{Self}`, or say with `untyped()` that it stays out of the contract"
)]
pub trait EmitsUntyped {}
