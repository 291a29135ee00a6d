use std::{
    borrow::{Borrow, Cow},
    fmt,
    marker::PhantomData,
    ops::Deref,
    time::Duration,
};

use actix::{Message, Recipient};
use serde::{Serialize, de::DeserializeOwned};

use super::{super::Socket, Emits, EmitsUntyped, TypedBroadcast, TypedNamespace, TypedUnicast};
use crate::{
    error::{AckError, EmitError},
    event::{Event, RawAck},
};

/// A [`Socket`] that emits only the events that the session `S` declares in its
/// [`#[emits(..)]`](derive@crate::EventHandlers), both to its client and in broadcasts, and in
/// `#[broadcasts(..)]`, in broadcasts.
///
/// It has all other methods of [`Socket`] by `Deref`, and costs nothing at run time.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Serialize, Event)]
/// struct Said<'a>(&'a str);
///
/// #[derive(EventHandlers)]
/// #[handles()]
/// #[emits(Said<'_>)]
/// struct Chat;
///
/// impl Session for Chat {
///     type Auth = ();
///
///     async fn connect(_: (), socket: &TypedSocket<Self>) -> Result<Self, Refusal> {
///         socket.join("lobby")?;
///         socket.to("lobby").emit(&Said("someone came"))?;
///         Ok(Self)
///     }
/// }
/// ```
///
/// ```compile_fail
/// # use roomcast::prelude::*;
/// # #[derive(EventHandlers)]
/// # #[handles()]
/// # #[emits()]
/// # struct Chat;
/// #[derive(Serialize, Event)]
/// struct Undeclared;
///
/// fn tell(socket: &TypedSocket<Chat>) {
///     socket.emit(&Undeclared);
/// }
/// ```
///
/// # What is not checked
/// The check is one of types, so it ends where `S` is not known:
///
/// - A function that takes a `&Socket` accepts a `&TypedSocket` as well, and can emit any event. Let
///   it take a `&TypedSocket<S>`.
/// - The [`Hub`](crate::Hub), a [`User`](crate::User), a
///   [`ParentNamespace`](crate::ParentNamespace), and sockets from
///   [`fetch_sockets`](crate::Broadcast::fetch_sockets) can emit any event, since they may belong to
///   sessions of several types. Use [`namespace`](Self::namespace), [`Namespace::typed`] or
///   [`Broadcast::typed`](crate::Broadcast::typed) instead.
/// - [`untyped`](Self::untyped) leaves the check on purpose.
///
/// [`Namespace::typed`]: crate::Namespace::typed
pub struct TypedSocket<S> {
    socket: Socket,
    session: PhantomData<fn(S)>,
}

impl<S> TypedSocket<S> {
    /// The socket without the check, to emit events that are not part of the contract.
    #[must_use]
    pub fn untyped(&self) -> &Socket {
        &self.socket
    }

    /// As [`Socket::namespace`].
    #[must_use]
    pub fn namespace(&self) -> TypedNamespace<S> {
        self.socket.namespace().typed()
    }

    // ---- to the client

    /// As [`Socket::emit`].
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit<E>(&self, event: &E) -> Result<(), EmitError>
    where
        S: Emits<E>,
        E: Event + Serialize,
    {
        self.socket.emit(event)
    }

    /// As [`Socket::emit_with_ack`].
    ///
    /// # Errors
    /// See [`AckError`].
    ///
    /// # Cancel safety
    /// As [`Socket::emit_with_ack`].
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<E::Ack, AckError>
    where
        S: Emits<E>,
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        self.socket.emit_with_ack(event).await
    }

    /// As [`Socket::volatile`].
    pub fn volatile(&self) -> TypedUnicast<'_, S> {
        TypedUnicast::new(self.socket.volatile())
    }

    /// As [`Socket::compress`].
    pub fn compress(&self, compress: bool) -> TypedUnicast<'_, S> {
        TypedUnicast::new(self.socket.compress(compress))
    }

    /// As [`Socket::timeout`].
    pub fn timeout(&self, timeout: Duration) -> TypedUnicast<'_, S> {
        TypedUnicast::new(self.socket.timeout(timeout))
    }

    /// As [`Socket::recipient`].
    #[must_use]
    pub fn recipient<E>(&self) -> Recipient<E>
    where
        S: Emits<E>,
        E: Event + Serialize + Message<Result = Result<(), EmitError>> + Send + 'static,
    {
        self.socket.recipient()
    }

    // ---- to others

    /// As [`Socket::to`].
    pub fn to<'a>(&self, room: impl Into<Cow<'a, str>>) -> TypedBroadcast<'a, S> {
        self.socket.to(room).typed()
    }

    /// As [`Socket::except`].
    pub fn except<'a>(&self, room: impl Into<Cow<'a, str>>) -> TypedBroadcast<'a, S> {
        self.socket.except(room).typed()
    }

    /// As [`Socket::broadcast`].
    pub fn broadcast<'a>(&self) -> TypedBroadcast<'a, S> {
        self.socket.broadcast().typed()
    }

    // ---- in the place of the socket's own, which would be found otherwise

    #[doc(hidden)]
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError>
    where
        S: EmitsUntyped,
    {
        self.socket.emit_raw(name, args)
    }

    #[doc(hidden)]
    pub async fn emit_raw_with_ack<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> Result<RawAck, AckError>
    where
        S: EmitsUntyped,
    {
        self.socket.emit_raw_with_ack(name, args).await
    }
}

impl Socket {
    /// This socket with the check that it emits only what `S` declares. The methods of a session are
    /// given one already; this is for sockets kept elsewhere.
    #[must_use]
    pub fn typed<S>(self) -> TypedSocket<S> {
        self.into()
    }
}

impl<S> From<Socket> for TypedSocket<S> {
    fn from(socket: Socket) -> Self {
        Self {
            socket,
            session: PhantomData,
        }
    }
}

impl<S> Borrow<Socket> for TypedSocket<S> {
    fn borrow(&self) -> &Socket {
        &self.socket
    }
}

impl<S> Deref for TypedSocket<S> {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.socket
    }
}

impl<S> Clone for TypedSocket<S> {
    fn clone(&self) -> Self {
        self.socket.clone().into()
    }
}

impl<S> fmt::Debug for TypedSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}
