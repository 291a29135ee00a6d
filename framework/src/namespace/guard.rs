//! An event that passes the middleware of its namespace before the session gets it.

use super::{
    Session, Socket,
    live::{Called, Outcome, UNHANDLED, dispatch, refuse},
};
use crate::event::{RawEvent, RejectionKind};

pub(super) fn call<S: Session>(session: Box<S>, event: RawEvent, socket: &Socket) -> Called {
    Called::Running {
        event: S::route(event.name()).map_or(UNHANDLED, |route| route.event),
        future: Box::pin(pass(session, event, socket.clone())),
    }
}

async fn pass<S: Session>(mut session: Box<S>, event: RawEvent, socket: Socket) -> Outcome {
    for middleware in socket.namespace_inner().event_middleware() {
        if let Err(rejection) = middleware.run(&event, &socket).await {
            let rejection = rejection.by(RejectionKind::Middleware);
            let reply = refuse(&mut *session, event.name(), &rejection, event.ack, &socket);
            return Outcome { session, reply };
        }
    }
    match dispatch(session, event.incoming(), &socket) {
        Called::Running { future, .. } => future.await,
        Called::Done(outcome) => outcome,
    }
}
