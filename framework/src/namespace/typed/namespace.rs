use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use serde::Serialize;

use super::{super::Namespace, Broadcasts, TypedBroadcast};
use crate::{error::EmitError, event::Event};

/// A [`Namespace`] that emits only the events that the session `S` declares in its
/// [`#[broadcasts(..)]` or `#[emits(..)]`](derive@crate::EventHandlers).
///
/// From [`TypedSocket::namespace`](super::TypedSocket::namespace), and from a hub with
/// [`Namespace::typed`]. Its [`user`](Namespace::user) is not checked.
///
/// ```
/// use roomcast::{Namespace, TypedNamespace, prelude::*};
/// # #[derive(Serialize, Event)] struct Said<'a>(&'a str);
/// # #[derive(EventHandlers)] #[handles()] #[emits(Said<'_>)] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// fn chat(hub: &Hub) -> Option<TypedNamespace<Chat>> {
///     hub.namespace("/").map(Namespace::typed)
/// }
/// ```
pub struct TypedNamespace<S> {
    namespace: Namespace,
    session: PhantomData<fn(S)>,
}

impl Namespace {
    /// This namespace with the check that it emits only what `S` declares. It is not checked that `S`
    /// is the session of this namespace.
    ///
    /// ```
    /// use roomcast::{Namespace, prelude::*};
    ///
    /// #[derive(Serialize, Event)]
    /// struct Closing {
    ///     minutes: u8,
    /// }
    ///
    /// #[derive(EventHandlers)]
    /// #[handles()]
    /// #[emits(Closing)]
    /// struct Shop;
    ///
    /// fn close(hub: &Hub) -> Result<(), EmitError> {
    ///     match hub.namespace("/shop").map(Namespace::typed::<Shop>) {
    ///         Some(shop) => shop.emit(&Closing { minutes: 5 }),
    ///         None => Ok(()),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn typed<S>(self) -> TypedNamespace<S> {
        TypedNamespace {
            namespace: self,
            session: PhantomData,
        }
    }
}

impl<S> TypedNamespace<S> {
    /// The namespace without the check, to emit events that are not part of the contract.
    #[must_use]
    pub fn untyped(&self) -> &Namespace {
        &self.namespace
    }

    /// As [`Namespace::to`].
    pub fn to<'a>(&self, room: impl Into<Cow<'a, str>>) -> TypedBroadcast<'a, S> {
        self.namespace.to(room).typed()
    }

    /// As [`Namespace::except`].
    pub fn except<'a>(&self, room: impl Into<Cow<'a, str>>) -> TypedBroadcast<'a, S> {
        self.namespace.except(room).typed()
    }

    /// As [`Namespace::everyone`].
    pub fn everyone<'a>(&self) -> TypedBroadcast<'a, S> {
        self.namespace.everyone().typed()
    }

    /// As [`Namespace::emit`].
    ///
    /// # Errors
    /// As [`Namespace::emit`].
    pub fn emit<E>(&self, event: &E) -> Result<(), EmitError>
    where
        S: Broadcasts<E>,
        E: Event + Serialize,
    {
        self.namespace.emit(event)
    }
}

impl<S> Deref for TypedNamespace<S> {
    type Target = Namespace;

    fn deref(&self) -> &Namespace {
        &self.namespace
    }
}

impl<S> Clone for TypedNamespace<S> {
    fn clone(&self) -> Self {
        self.namespace.clone().typed()
    }
}

impl<S> fmt::Debug for TypedNamespace<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.namespace.fmt(f)
    }
}
