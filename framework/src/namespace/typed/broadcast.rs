use std::{borrow::Cow, marker::PhantomData, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::Broadcasts;
use crate::{
    error::EmitError,
    event::Event,
    room::{Acks, Applied, Broadcast, FetchedSockets},
};

/// A [`Broadcast`] that emits only the events that the session `S` declares in its
/// [`#[broadcasts(..)]` or `#[emits(..)]`](derive@crate::EventHandlers).
///
/// From [`TypedSocket::to`](super::TypedSocket::to), [`TypedNamespace::to`](super::TypedNamespace::to),
/// and any other with [`Broadcast::typed`].
///
/// ```
/// use roomcast::{TypedBroadcast, prelude::*};
/// # #[derive(Serialize, Event)] struct Said<'a>(&'a str);
/// # #[derive(EventHandlers)] #[handles()] #[emits(Said<'_>)] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// fn greet(lobby: &TypedBroadcast<'_, Chat>) -> Result<(), EmitError> {
///     lobby.emit(&Said("hello"))
/// }
/// ```
#[must_use = "a broadcast does nothing until it is emitted"]
pub struct TypedBroadcast<'a, S> {
    broadcast: Broadcast<'a>,
    session: PhantomData<fn(S)>,
}

impl<'a> Broadcast<'a> {
    /// This broadcast with the check that it emits only what `S` declares.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Serialize, Event)]
    /// struct Mail<'a>(&'a str);
    ///
    /// #[derive(EventHandlers)]
    /// #[handles()]
    /// #[emits(Mail<'_>)]
    /// struct Inbox;
    ///
    /// fn notify(hub: &Hub) -> Result<(), EmitError> {
    ///     hub.user("ann").sockets().typed::<Inbox>().emit(&Mail("hello"))
    /// }
    /// ```
    pub fn typed<S>(self) -> TypedBroadcast<'a, S> {
        TypedBroadcast {
            broadcast: self,
            session: PhantomData,
        }
    }
}

impl<'a, S> TypedBroadcast<'a, S> {
    /// The broadcast without the check, to emit events that are not part of the contract.
    pub fn untyped(self) -> Broadcast<'a> {
        self.broadcast
    }

    /// As [`Broadcast::to`].
    pub fn to(self, room: impl Into<Cow<'a, str>>) -> Self {
        self.broadcast.to(room).typed()
    }

    /// As [`Broadcast::except`].
    pub fn except(self, room: impl Into<Cow<'a, str>>) -> Self {
        self.broadcast.except(room).typed()
    }

    /// As [`Broadcast::local`].
    pub fn local(self) -> Self {
        self.broadcast.local().typed()
    }

    /// As [`Broadcast::volatile`].
    pub fn volatile(self) -> Self {
        self.broadcast.volatile().typed()
    }

    /// As [`Broadcast::compress`].
    pub fn compress(self, compress: bool) -> Self {
        self.broadcast.compress(compress).typed()
    }

    /// As [`Broadcast::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        self.broadcast.timeout(timeout).typed()
    }

    /// As [`Broadcast::emit`].
    ///
    /// # Errors
    /// As [`Broadcast::emit`].
    pub fn emit<E>(&self, event: &E) -> Result<(), EmitError>
    where
        S: Broadcasts<E>,
        E: Event + Serialize,
    {
        self.broadcast.emit(event)
    }

    /// As [`Broadcast::emit_with_ack`].
    ///
    /// # Errors
    /// As [`Broadcast::emit_with_ack`].
    ///
    /// # Cancel safety
    /// As [`Broadcast::emit_with_ack`].
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<Acks<E::Ack>, EmitError>
    where
        S: Broadcasts<E>,
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        self.broadcast.emit_with_ack(event).await
    }

    /// As [`Broadcast::join`].
    pub fn join<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.broadcast.join(rooms)
    }

    /// As [`Broadcast::leave`].
    pub fn leave<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.broadcast.leave(rooms)
    }

    /// As [`Broadcast::disconnect`].
    pub fn disconnect(&self, close: bool) -> Applied {
        self.broadcast.disconnect(close)
    }

    /// As [`Broadcast::fetch_sockets`]. Emits through the returned sockets are not checked.
    ///
    /// # Errors
    /// As [`Broadcast::fetch_sockets`].
    ///
    /// # Cancel safety
    /// As [`Broadcast::fetch_sockets`].
    pub async fn fetch_sockets(&self) -> Result<FetchedSockets, EmitError> {
        self.broadcast.fetch_sockets().await
    }
}

impl<S> Clone for TypedBroadcast<'_, S> {
    fn clone(&self) -> Self {
        self.broadcast.clone().typed()
    }
}
