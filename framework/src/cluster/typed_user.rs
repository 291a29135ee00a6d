//! Users to whose sockets only what a session declares is emitted.

use std::{fmt, marker::PhantomData, sync::Arc, time::SystemTime};

use serde::{Serialize, de::DeserializeOwned};

use super::{presence::store::StoreError, users::User};
use crate::{
    error::EmitError,
    event::Event,
    namespace::{Broadcasts, TypedBroadcast, TypedNamespace},
    room::{Acks, Applied, FetchedSockets},
};

/// A [`User`] to whose sockets only what the session `S` declares in its
/// [`#[broadcasts(..)]` or `#[emits(..)]`](derive@crate::EventHandlers) is emitted. From [`TypedNamespace::user`].
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
/// fn whisper(socket: &TypedSocket<Chat>, to: &str) -> Result<(), EmitError> {
///     socket.namespace().user(to).emit(&Said("hello"))
/// }
/// ```
#[must_use = "it does nothing yet"]
pub struct TypedUser<'a, S> {
    user: User<'a>,
    session: PhantomData<fn(S)>,
}

impl<S> TypedNamespace<S> {
    /// As [`Namespace::user`](crate::Namespace::user).
    pub fn user<'a>(&'a self, id: &str) -> TypedUser<'a, S> {
        TypedUser {
            user: self.untyped().user(id),
            session: PhantomData,
        }
    }
}

impl<'a, S> TypedUser<'a, S> {
    /// The same without the type: whatever is liked is emitted to it, which no contract shows.
    pub fn untyped(self) -> User<'a> {
        self.user
    }

    /// As [`User::id`].
    #[must_use]
    pub fn id(&self) -> &str {
        self.user.id()
    }

    /// As [`User::sockets`].
    pub fn sockets(&self) -> TypedBroadcast<'_, S> {
        self.user.sockets().typed()
    }

    /// As [`User::emit`].
    ///
    /// # Errors
    /// As [`User::emit`].
    pub fn emit<E>(&self, event: &E) -> Result<(), EmitError>
    where
        S: Broadcasts<E>,
        E: Event + Serialize,
    {
        self.user.emit(event)
    }

    /// As [`User::emit_with_ack`].
    ///
    /// # Errors
    /// As [`User::emit_with_ack`].
    ///
    /// # Cancel safety
    /// As [`User::emit_with_ack`].
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<Acks<E::Ack>, EmitError>
    where
        S: Broadcasts<E>,
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        self.user.emit_with_ack(event).await
    }

    /// As [`User::fetch_sockets`]. What is emitted to one of those is not checked.
    ///
    /// # Errors
    /// As [`User::fetch_sockets`].
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up.
    pub async fn fetch_sockets(&self) -> Result<FetchedSockets, EmitError> {
        self.user.fetch_sockets().await
    }

    /// As [`User::join`].
    pub fn join<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.user.join(rooms)
    }

    /// As [`User::leave`].
    pub fn leave<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.user.leave(rooms)
    }

    /// As [`User::disconnect`].
    pub fn disconnect(&self, close: bool) -> Applied {
        self.user.disconnect(close)
    }

    /// As [`User::connections`].
    ///
    /// # Errors
    /// As [`User::connections`].
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn connections(&self) -> Result<usize, StoreError> {
        self.user.connections().await
    }

    /// As [`User::online`].
    ///
    /// # Errors
    /// As [`User::connections`].
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn online(&self) -> Result<bool, StoreError> {
        self.user.online().await
    }

    /// As [`User::nodes`].
    ///
    /// # Errors
    /// As [`User::connections`].
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn nodes(&self) -> Result<Vec<Arc<str>>, StoreError> {
        self.user.nodes().await
    }

    /// As [`User::last_seen`].
    ///
    /// # Errors
    /// As [`User::connections`].
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn last_seen(&self) -> Result<Option<SystemTime>, StoreError> {
        self.user.last_seen().await
    }
}

impl<S> fmt::Debug for TypedUser<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.user.fmt(f)
    }
}
