//! What `#[derive(EventHandlers)]` fills in: from the name of an event to the handler of its type.

use std::{future::Future, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Session, Socket,
    live::{Calling, call},
};
use crate::event::{Event, Payload, Rejection};

/// Handles one type of event.
///
/// Handlers of one socket run one at a time, in the order in which the events arrived. While one
/// waits, events queue up to [`max_queued_events`](crate::HubBuilder::max_queued_events); then the
/// socket is not read any more.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Deserialize, Event)]
/// #[event(ack = u32)]
/// struct Add(u32, u32);
///
/// #[derive(EventHandlers)]
/// #[handles(Add)]
/// struct Calculator;
///
/// impl Handle<Add> for Calculator {
///     async fn handle(&mut self, add: Add, _: &Socket) -> Result<u32, Rejection> {
///         add.0.checked_add(add.1).ok_or_else(|| Rejection::new("too large"))
///     }
/// }
/// # impl Session for Calculator {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{E}`",
    label = "there is no `impl Handle<{E}> for {Self}`",
    note = "write `impl Handle<{E}> for {Self} {{ async fn handle(&mut self, event: {E}, socket: &Socket) -> Result<<{E} as Event>::Ack, Rejection> {{ .. }} }}`"
)]
pub trait Handle<E: Event> {
    /// Handles the event; what it returns answers the client, if the client asked for an ack.
    ///
    /// # Errors
    /// A [`Rejection`] is counted, traced, and handed to
    /// [`Session::rejected`](crate::Session::rejected), which decides what the client is told.
    ///
    /// # Cancel safety
    /// The future is never dropped half-way, except when the server's thread ends; when the client
    /// goes meanwhile, it runs to its end.
    fn handle(
        &mut self,
        event: E,
        socket: &Socket,
    ) -> impl Future<Output = Result<E::Ack, Rejection>>;
}

/// Which events a session handles. Derive it: `#[derive(EventHandlers)] #[handles(Say, Join)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which events it handles",
    label = "no event handlers",
    note = "write `#[derive(EventHandlers)]` and `#[handles(..)]` above `{Self}`"
)]
pub trait EventHandlers: Sized + 'static {
    /// The names of the events.
    const EVENTS: &'static [&'static str];

    /// The way to the handler of the event of this name.
    fn route(name: &str) -> Option<Route<Self>>;
}

/// The way from an event's arguments to the handler of its type.
pub struct Route<S> {
    pub(super) event: &'static str,
    pub(super) call: for<'a> fn(Box<S>, Payload<'a>, Socket, Option<u64>) -> Calling<S>,
    session: PhantomData<fn(S)>,
}

impl<S> Route<S> {
    /// The way to `S`'s handler of `E`.
    #[must_use]
    pub fn to<E>() -> Self
    where
        S: Session + Handle<E>,
        E: Event + DeserializeOwned + 'static,
        E::Ack: Serialize + 'static,
    {
        Self {
            event: E::NAME,
            call: call::<S, E>,
            session: PhantomData,
        }
    }
}
