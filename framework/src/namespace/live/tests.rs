#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::*;
use crate::{
    event::RawReply,
    id::{SlotKey, SocketId, WorkerId},
    namespace::{EventHandlers, Handshake, Hub, Route},
};

/// Leaves `unhandled` as it is.
struct Plain;

impl EventHandlers for Plain {
    const EVENTS: &'static [&'static str] = &[];

    type Socket = Socket;

    fn route(_: &str) -> Option<Route<Self>> {
        None
    }
}

impl Session for Plain {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

/// Passes what it does not know to the other, now and then.
struct Around(Plain, u32);

impl EventHandlers for Around {
    const EVENTS: &'static [&'static str] = &[];

    type Socket = Socket;

    fn route(_: &str) -> Option<Route<Self>> {
        None
    }
}

impl Session for Around {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self(Plain, 0))
    }

    async fn unhandled(
        &mut self,
        event: RawEvent,
        socket: &Socket,
    ) -> Result<Option<RawReply>, Rejection> {
        self.1 += 1;
        match self.1 {
            2.. => Ok(None),
            _ => self.0.unhandled(event, socket).await,
        }
    }
}

/// Sends two events that nobody handles; how many of them a function was started for, and how
/// many were counted as unhandled.
async fn two_unhandled<S: Session>(session: S) -> (usize, u64) {
    let hub = Hub::builder().namespace::<S>("/").build().unwrap();
    let handshake = Handshake::new("/", std::iter::empty(), None, false);
    let slot = SlotKey {
        worker: WorkerId(0),
        index: 0,
        generation: 0,
    };
    let (core, id) = (&hub.core, SocketId::random().unwrap());
    let handshake = Arc::new(handshake);
    let socket = Socket::new(id, slot, core, &core.main, &handshake, None);
    let payload = Payload {
        args: r#"1,"two""#,
        attachments: &[],
    };
    let (name, ack) = ("unknown", None);
    let mut session: Box<dyn Live> = Box::new(session);
    let mut started = 0;
    for _ in 0..2 {
        let event = Incoming { name, payload, ack };
        session = match session.call(event, &socket) {
            Called::Done(outcome) => outcome.session,
            Called::Running { future, .. } => {
                started += 1;
                future.await.session
            }
        };
    }
    (started, hub.stats().unhandled)
}

#[tokio::test]
async fn once_known_to_be_nobodys_an_event_is_refused_without_a_copy() {
    assert_eq!(two_unhandled(Plain).await, (1, 2));
    assert_eq!(two_unhandled(Around(Plain, 0)).await, (2, 1));
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Token {
    token: String,
}

#[test]
fn a_client_without_auth_is_read_as_an_empty_object_then_as_null() {
    decode_auth::<()>(None).unwrap();
    decode_auth::<()>(Some(r#"{"token":"x"}"#)).unwrap();
    assert_eq!(decode_auth::<Option<Token>>(None).unwrap(), None);
    let error = decode_auth::<Token>(None).unwrap_err();
    assert!(error.contains("missing field `token`"), "{error}");
}
