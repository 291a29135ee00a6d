//! What stands between a client and the session: functions that look at who connects to a
//! namespace, and at every event.

use std::{future::Future, pin::Pin};

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::{Incoming, Params, Refusal, Socket, live};
use crate::event::{Payload, Rejection};

type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What a client sent along when it connected to a namespace: `auth` in its options.
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

/// An event that has come and that no handler has seen yet, for
/// [`NamespaceBuilder::event_middleware`](crate::NamespaceBuilder::event_middleware).
pub struct IncomingEvent {
    name: Box<str>,
    args: Box<str>,
    attachments: Vec<Bytes>,
    ack: Option<u64>,
}

impl IncomingEvent {
    /// The event's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The JSON text of its arguments, with commas between them and no brackets around them. A
    /// placeholder object stands for each binary value.
    #[must_use]
    pub fn args(&self) -> &str {
        &self.args
    }

    /// The bytes of its arguments and of what is attached to it.
    #[must_use]
    pub fn size(&self) -> usize {
        self.args.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// Whether the client waits for an answer.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.ack.is_some()
    }

    pub(super) fn ack(&self) -> Option<u64> {
        self.ack
    }

    pub(super) fn lend(&self) -> Incoming<'_> {
        Incoming {
            name: &self.name,
            payload: Payload {
                args: &self.args,
                attachments: &self.attachments,
            },
            ack: self.ack,
        }
    }
}

impl From<Incoming<'_>> for IncomingEvent {
    fn from(event: Incoming<'_>) -> Self {
        Self {
            name: event.name.into(),
            args: event.payload.args.into(),
            attachments: event.payload.attachments.to_vec(),
            ack: event.ack,
        }
    }
}

impl std::fmt::Debug for IncomingEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IncomingEvent")
            .field("name", &self.name)
            .field("size", &self.size())
            .finish_non_exhaustive()
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
        event: &'a IncomingEvent,
        socket: &'a Socket,
    ) -> LocalFuture<'a, Result<(), Rejection>>;
}

impl<F> EventMiddleware for F
where
    F: AsyncFn(&IncomingEvent, &Socket) -> Result<(), Rejection> + Send + Sync,
{
    fn run<'a>(
        &'a self,
        event: &'a IncomingEvent,
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
