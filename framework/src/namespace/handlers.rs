//! What `#[derive(EventHandlers)]` fills in: from the name of an event to the handler of its type.

use std::{borrow::Borrow, future::Future, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Session, Socket,
    live::{Calling, call},
};
use crate::event::{Event, Payload, Rejection};

/// Handles one type of event.
///
/// The handlers of one socket run one at a time, in the order in which its events arrive. While one
/// runs, up to [`max_queued_events`](crate::HubBuilder::max_queued_events) further events are queued;
/// then the connection is not read until there is room.
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
pub trait Handle<E: Event>: EventHandlers {
    /// Handles the event. The returned value is sent as the ack, if the client asked for one.
    ///
    /// The socket is a [`Socket`], or a [`TypedSocket<Self>`](crate::TypedSocket) if the session
    /// declares what it [emits](derive@crate::EventHandlers).
    ///
    /// # Errors
    /// A [`Rejection`] is counted, logged, and passed to
    /// [`Session::rejected`](crate::Session::rejected), which decides what is sent to the client.
    ///
    /// # Cancel safety
    /// The future runs to completion even if the client disconnects meanwhile. It is dropped only when
    /// the server's thread ends, or when [`Hub::drain`](crate::Hub::drain) has come to `drain_timeout`.
    fn handle(
        &mut self,
        event: E,
        socket: &Self::Socket,
    ) -> impl Future<Output = Result<E::Ack, Rejection>>;
}

/// The events that a session handles. Derive it: `#[derive(EventHandlers)] #[handles(Say, Join)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which events it handles",
    label = "no event handlers",
    note = "write `#[derive(EventHandlers)]` and `#[handles(..)]` above `{Self}`"
)]
pub trait EventHandlers: Sized + 'static {
    /// The names of the events.
    const EVENTS: &'static [&'static str];

    /// The socket type that the session's methods take: [`Socket`], or
    /// [`TypedSocket<Self>`](crate::TypedSocket) if it declares what it emits.
    type Socket: From<Socket> + Borrow<Socket> + 'static;

    /// The way to the handler of the event of this name.
    fn route(name: &str) -> Option<Route<Self>>;

    /// What it declares; `None` where it is not derived.
    #[cfg(feature = "codegen")]
    #[doc(hidden)]
    #[must_use]
    fn describe() -> Option<crate::contract::SessionContract> {
        None
    }
}

/// The socket behind what the session is given.
pub(super) fn plain<S: EventHandlers>(socket: &S::Socket) -> &Socket {
    Borrow::<Socket>::borrow(socket)
}

/// Decodes the arguments and starts the handler; the number is that of the ack.
type Call<S> =
    for<'a> fn(Box<S>, Payload<'a>, <S as EventHandlers>::Socket, Option<u64>) -> Calling<S>;

/// The way from an event's arguments to the handler of its type.
pub struct Route<S: EventHandlers> {
    pub(super) event: &'static str,
    pub(super) call: Call<S>,
    session: PhantomData<fn(S)>,
}

impl<S: EventHandlers> Route<S> {
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
