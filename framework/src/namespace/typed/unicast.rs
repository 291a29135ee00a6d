use std::{fmt, marker::PhantomData, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::{super::Unicast, Emits};
use crate::{
    error::{AckError, EmitError},
    event::Event,
};

/// A [`Unicast`] that emits only what the session `S` declares. From
/// [`TypedSocket::volatile`](super::TypedSocket::volatile),
/// [`TypedSocket::compress`](super::TypedSocket::compress) and
/// [`TypedSocket::timeout`](super::TypedSocket::timeout).
///
/// ```
/// use roomcast::prelude::*;
/// # #[derive(Serialize, Event)] struct Said<'a>(&'a str);
/// # #[derive(EventHandlers)] #[handles()] #[emits(Said<'_>)] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// fn hint(socket: &TypedSocket<Chat>) -> Result<(), EmitError> {
///     socket.volatile().emit(&Said("hello"))
/// }
/// ```
#[must_use = "it does nothing until it is emitted"]
pub struct TypedUnicast<'a, S> {
    unicast: Unicast<'a>,
    session: PhantomData<fn(S)>,
}

impl<'a, S> TypedUnicast<'a, S> {
    pub(super) fn new(unicast: Unicast<'a>) -> Self {
        Self {
            unicast,
            session: PhantomData,
        }
    }

    /// The same without the type: it emits what it likes, which no contract shows.
    pub fn untyped(self) -> Unicast<'a> {
        self.unicast
    }

    /// As [`Unicast::volatile`].
    pub fn volatile(self) -> Self {
        Self::new(self.unicast.volatile())
    }

    /// As [`Unicast::compress`].
    pub fn compress(self, compress: bool) -> Self {
        Self::new(self.unicast.compress(compress))
    }

    /// As [`Unicast::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        Self::new(self.unicast.timeout(timeout))
    }

    /// As [`Unicast::emit`].
    ///
    /// # Errors
    /// As [`Unicast::emit`].
    pub fn emit<E>(&self, event: &E) -> Result<(), EmitError>
    where
        S: Emits<E>,
        E: Event + Serialize,
    {
        self.unicast.emit(event)
    }

    /// As [`Unicast::emit_with_ack`].
    ///
    /// # Errors
    /// See [`AckError`].
    ///
    /// # Cancel safety
    /// As [`Unicast::emit_with_ack`].
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<E::Ack, AckError>
    where
        S: Emits<E>,
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        self.unicast.emit_with_ack(event).await
    }
}

impl<S> Clone for TypedUnicast<'_, S> {
    fn clone(&self) -> Self {
        Self::new(self.unicast.clone())
    }
}

impl<S> fmt::Debug for TypedUnicast<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.unicast.fmt(f)
    }
}
