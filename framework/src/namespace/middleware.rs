//! What stands between a client and the session: functions that look at who connects to a
//! namespace, and at every event.

use std::{future::Future, pin::Pin};

use serde::de::DeserializeOwned;

use super::{Params, Refusal, Socket, live};
use crate::event::{RawEvent, Rejection};

type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What a client sent along when it connected to a namespace: `auth` in its options.
///
/// ```
/// use roomcast::{ConnectAuth, prelude::*};
///
/// #[derive(Deserialize)]
/// struct Login {
///     token: String,
/// }
///
/// async fn authenticate(_: &Socket, auth: &ConnectAuth) -> Result<(), Refusal> {
///     let login: Login = auth.parse()?;
///     match login.token.is_empty() {
///         true => Err(Refusal::new("not authorized")),
///         false => Ok(()),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct ConnectAuth(Option<Box<str>>);

impl ConnectAuth {
    pub(super) fn new(json: Option<&str>) -> Self {
        Self(json.map(Into::into))
    }

    /// The JSON text of the object; `None` if the client sent none.
    #[must_use]
    pub fn json(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The object as a type of the application's; what is missing is read as
    /// [`Session::Auth`](crate::Session::Auth) reads it.
    ///
    /// # Errors
    /// A refusal whose message names the field that does not fit.
    pub fn parse<T: DeserializeOwned + 'static>(&self) -> Result<T, Refusal> {
        live::parse_auth(self.json())
    }
}

impl std::fmt::Debug for ConnectAuth {
    // It is a credential.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectAuth").finish_non_exhaustive()
    }
}

/// Looks at a client before its session is made.
pub(super) trait Middleware: Send + Sync {
    fn run<'a>(
        &'a self,
        socket: &'a Socket,
        auth: &'a ConnectAuth,
    ) -> LocalFuture<'a, Result<(), Refusal>>;
}

impl<F> Middleware for F
where
    F: AsyncFn(&Socket, &ConnectAuth) -> Result<(), Refusal> + Send + Sync,
{
    fn run<'a>(
        &'a self,
        socket: &'a Socket,
        auth: &'a ConnectAuth,
    ) -> LocalFuture<'a, Result<(), Refusal>> {
        Box::pin(self(socket, auth))
    }
}

/// Looks at an event before its handler runs.
pub(super) trait EventMiddleware: Send + Sync {
    fn run<'a>(
        &'a self,
        event: &'a RawEvent,
        socket: &'a Socket,
    ) -> LocalFuture<'a, Result<(), Rejection>>;
}

impl<F> EventMiddleware for F
where
    F: AsyncFn(&RawEvent, &Socket) -> Result<(), Rejection> + Send + Sync,
{
    fn run<'a>(
        &'a self,
        event: &'a RawEvent,
        socket: &'a Socket,
    ) -> LocalFuture<'a, Result<(), Rejection>> {
        Box::pin(self(event, socket))
    }
}

/// Decides whether there is a namespace of a name.
pub(super) trait Predicate: Send + Sync {
    fn ask<'a>(
        &'a self,
        name: &'a str,
        auth: &'a ConnectAuth,
    ) -> LocalFuture<'a, Result<Option<Params>, Refusal>>;
}

impl<F> Predicate for F
where
    F: AsyncFn(&str, &ConnectAuth) -> Result<Option<Params>, Refusal> + Send + Sync,
{
    fn ask<'a>(
        &'a self,
        name: &'a str,
        auth: &'a ConnectAuth,
    ) -> LocalFuture<'a, Result<Option<Params>, Refusal>> {
        Box::pin(self(name, auth))
    }
}
