//! Sessions without their types: what a connection runs.

use std::{any::TypeId, future::Future, pin::Pin};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    EventHandlers, Handle, Refusal, Reply, Session, SessionState, Socket, guard, handlers::plain,
    latencies::position, untyped,
};
use crate::{
    error::DisconnectReason,
    event::{self, Args, Event, Incoming, Payload, RawEvent, Rejection, RejectionKind},
    shard::clock,
    transport::frame::Frame,
};

pub(super) type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// A session of any type.
pub(crate) trait Live {
    /// Starts the handler of an event; the session comes back with the outcome.
    fn call(self: Box<Self>, event: Incoming<'_>, socket: &Socket) -> Called;

    /// Starts to tell the session that its socket expires; it comes back with the outcome.
    fn expiring(self: Box<Self>, socket: Socket) -> LocalFuture<Outcome>;

    /// What is kept of it while its client is away.
    fn save(&self) -> Option<SessionState>;

    fn disconnecting(&mut self, socket: &Socket, reason: DisconnectReason);

    fn disconnect(self: Box<Self>, socket: Socket, reason: DisconnectReason) -> LocalFuture<()>;
}

pub(crate) enum Called {
    Running {
        event: &'static str,
        future: LocalFuture<Outcome>,
    },
    /// There was nothing to run.
    Done(Outcome),
}

pub(crate) struct Outcome {
    pub(crate) session: Box<dyn Live>,
    /// The ack.
    pub(crate) reply: Option<Frame>,
}

/// A handler that was started, or why it was not.
pub(super) type Calling<S> = Result<LocalFuture<Outcome>, Misfit<S>>;

/// An event whose payload does not fit, and what was to handle it.
pub(super) struct Misfit<S: EventHandlers> {
    session: Box<S>,
    socket: S::Socket,
    rejection: Rejection,
}

pub(crate) type Connecting = LocalFuture<Result<Box<dyn Live>, Refusal>>;

/// Starts to let a client in, with the JSON text of its auth.
pub(crate) type Connect = fn(Option<&str>, &Socket) -> Result<Connecting, Refusal>;

/// Starts `S::connect` with the JSON text that the client sent.
pub(crate) fn connect<S: Session>(
    auth: Option<&str>,
    socket: &Socket,
) -> Result<Connecting, Refusal> {
    let auth = parse_auth::<S::Auth>(auth)?;
    let socket = socket.clone();
    Ok(Box::pin(async move {
        let state = socket.kept_state();
        let socket = S::Socket::from(socket);
        let session = match state {
            None => S::connect(auth, &socket).await?,
            Some(state) => S::restore(state, auth, &socket).await?,
        };
        Ok(Box::new(session) as Box<dyn Live>)
    }))
}

/// The auth as a type of the application's.
pub(super) fn parse_auth<A: DeserializeOwned + 'static>(auth: Option<&str>) -> Result<A, Refusal> {
    decode_auth(auth).map_err(|error| Refusal::of("auth", format!("invalid auth: {error}")))
}

fn decode_auth<A: DeserializeOwned + 'static>(auth: Option<&str>) -> Result<A, String> {
    if TypeId::of::<A>() == TypeId::of::<()>() {
        return event::decode_value("null");
    }
    match auth {
        Some(auth) => event::decode_value(auth),
        None => event::decode_value("{}")
            .or_else(|error| event::decode_value("null").map_err(|_| error)),
    }
}

/// Decodes an event and starts its handler.
pub(super) fn call<S, E>(
    mut session: Box<S>,
    payload: Payload<'_>,
    socket: S::Socket,
    ack: Option<u64>,
) -> Calling<S>
where
    S: Session + Handle<E>,
    E: Event + DeserializeOwned + 'static,
    E::Ack: Serialize + 'static,
{
    let event = match event::decode::<E>(payload) {
        Ok(event) => event,
        Err(rejection) => {
            return Err(Misfit {
                session,
                socket,
                rejection,
            });
        }
    };
    Ok(Box::pin(async move {
        // Read when the event had been decoded, or had passed the middleware.
        let started = clock::now();
        let result = session.handle(event, &socket).await;
        if let Some(setup) = plain::<S>(&socket).namespace_inner().setup() {
            let place = const { position(<S as EventHandlers>::EVENTS, E::NAME) };
            setup.latencies.record(place, clock::ended() - started);
        }
        let reply = result.and_then(|answer| {
            let Some(id) = ack else { return Ok(None) };
            let socket = plain::<S>(&socket);
            let nsp = socket.namespace_name();
            let frame = socket
                .node()
                .packet(|out| event::encode_ack::<E>(nsp, id, &answer, out));
            frame.map(Some).map_err(Rejection::from)
        });
        let reply = reply
            .unwrap_or_else(|rejection| refuse(&mut *session, E::NAME, &rejection, ack, &socket));
        Outcome { session, reply }
    }))
}

impl<S: Session> Live for S {
    fn call(mut self: Box<Self>, event: Incoming<'_>, socket: &Socket) -> Called {
        let socket = S::Socket::from(socket.clone());
        Session::any(&mut *self, &event, &socket);
        match plain::<S>(&socket).namespace_inner().event_middleware() {
            [] => dispatch(self, event, socket),
            _ => guard::call(self, event.into(), socket),
        }
    }

    fn expiring(mut self: Box<Self>, socket: Socket) -> LocalFuture<Outcome> {
        Box::pin(async move {
            Session::expiring(&mut *self, &socket.into()).await;
            Outcome {
                session: self,
                reply: None,
            }
        })
    }

    fn save(&self) -> Option<SessionState> {
        Session::save(self)
    }

    fn disconnecting(&mut self, socket: &Socket, reason: DisconnectReason) {
        Session::disconnecting(self, &socket.clone().into(), reason);
    }

    fn disconnect(
        mut self: Box<Self>,
        socket: Socket,
        reason: DisconnectReason,
    ) -> LocalFuture<()> {
        Box::pin(async move { Session::disconnect(&mut *self, &socket.into(), reason).await })
    }
}

/// What a panic is traced with at an event that is in no session's list.
pub(super) const UNHANDLED: &str = "unhandled";

/// Hands an event to its handler.
pub(super) fn dispatch<S: Session>(
    mut session: Box<S>,
    event: Incoming<'_>,
    socket: S::Socket,
) -> Called {
    let plain = plain::<S>(&socket);
    let Incoming { name, payload, ack } = event;
    let Some(route) = S::route(name) else {
        // A peer may send as many of these as it likes: no copy is made for nobody.
        if plain.namespace_inner().knows_refusing::<S>() {
            let reply = refuse(&mut *session, name, &event.refuse(), ack, &socket);
            return Called::Done(Outcome { session, reply });
        }
        return Called::Running {
            event: UNHANDLED,
            future: untyped::call(session, RawEvent::from(event), socket),
        };
    };
    plain.metrics().events.add(1);
    match (route.call)(session, payload, socket, ack) {
        Ok(future) => Called::Running {
            event: route.event,
            future,
        },
        Err(misfit) => {
            let Misfit {
                mut session,
                socket,
                rejection,
            } = misfit;
            let reply = refuse(&mut *session, name, &rejection, ack, &socket);
            Called::Done(Outcome { session, reply })
        }
    }
}

/// Counts and traces a rejection, and asks the session what the client is told.
pub(super) fn refuse<S: Session>(
    session: &mut S,
    event: &str,
    rejection: &Rejection,
    ack: Option<u64>,
    typed: &S::Socket,
) -> Option<Frame> {
    let socket = plain::<S>(typed);
    let metrics = socket.metrics();
    match rejection.kind() {
        RejectionKind::Unhandled => metrics.unhandled.add(1),
        kind => metrics.rejected.add(kind.label()),
    }
    tracing::debug!(event, socket = %socket.id(), reason = %rejection, "event rejected");
    let reply = session.rejected(event, rejection, typed);
    let id = ack?;
    let nsp = socket.namespace_name();
    let frame = match reply {
        Reply::None => return None,
        Reply::Error => {
            let refused = event::Refused(rejection);
            socket
                .node()
                .packet(|out| event::answer(event, nsp, id, Args::One, &refused, out))
        }
        Reply::With(value) => socket
            .node()
            .packet(|out| event::answer(event, nsp, id, Args::One, &value, out)),
    };
    frame.ok()
}

#[cfg(test)]
mod tests;
