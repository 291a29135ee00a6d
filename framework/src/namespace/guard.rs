//! An event that passes the middleware of its namespace before the session gets it.

use super::{
    Session,
    handlers::plain,
    live::{Called, Outcome, UNHANDLED, dispatch, refuse},
};
use crate::{
    event::{RawEvent, RejectionKind},
    shard::clock,
};

pub(super) fn call<S: Session>(session: Box<S>, event: RawEvent, socket: S::Socket) -> Called {
    Called::Running {
        event: S::route(event.name()).map_or(UNHANDLED, |route| route.event),
        future: Box::pin(pass(session, event, socket)),
    }
}

async fn pass<S: Session>(mut session: Box<S>, event: RawEvent, socket: S::Socket) -> Outcome {
    let plain = plain::<S>(&socket);
    for middleware in plain.namespace_inner().event_middleware() {
        if let Err(rejection) = middleware.run(&event, plain).await {
            let rejection = rejection.by(RejectionKind::Middleware);
            let reply = refuse(&mut *session, event.name(), &rejection, event.ack, &socket);
            return Outcome { session, reply };
        }
    }
    match dispatch(session, event.incoming(), socket) {
        Called::Running { future, .. } => {
            // The handler starts now, not when the middleware did.
            clock::read();
            future.await
        }
        Called::Done(outcome) => outcome,
    }
}
