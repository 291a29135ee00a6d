//! Clients that end while they come back, come back very late, or with keys that the session does not know.

use std::time::Duration;

use roomcast::{Recovery, Socket};
use serde_json::json;

use super::{Ticket, World, reply_in};
use crate::common::until;
use crate::wire::{Message, Wire};

impl World {
    /// A socket whose client comes back, and whose session does not decide.
    async fn undecided(&mut self) -> (Wire, Socket, Ticket) {
        let ticket = self.lost("nothing").await;
        let mut wire = Wire::open(&self.server).await;
        wire.text(&format!("40{}", ticket.auth("hesitate"))).await;
        let socket = self.socket().await;
        assert!(socket.recovered());
        (wire, socket, ticket)
    }
}

#[actix_web::test]
async fn who_is_disconnected_while_it_comes_back_cannot_come_back_again() {
    for close in [false, true] {
        let mut world = World::new();
        let (mut wire, socket, ticket) = world.undecided().await;
        socket.disconnect(close).unwrap();
        wire.expect("41").await;
        assert!(!world.recovers(&ticket).await);
        assert_eq!(world.refused("unknown_session"), 1);
    }
}

#[actix_web::test]
async fn who_expires_while_it_comes_back_cannot_come_back_again() {
    let mut world = World::new();
    let (mut wire, socket, ticket) = world.undecided().await;
    socket.expires_in(Duration::ZERO).unwrap();
    wire.expect(r#"44{"message":"expired"}"#).await;
    assert!(!world.recovers(&ticket).await);
    assert_eq!(world.refused("unknown_session"), 1);
}

#[actix_web::test]
async fn who_is_lost_while_it_comes_back_can_come_back_again() {
    let mut world = World::new();
    let (wire, socket, ticket) = world.undecided().await;
    wire.reset();
    until("it has left", || !socket.is_connected()).await;
    assert!(world.recovers(&ticket).await);
}

#[actix_web::test]
async fn a_session_that_refuses_unknown_keys_sees_none_of_recovery() {
    let mut world = World::new();
    let mut wire = Wire::open(&world.server).await;
    wire.text(r#"40/strict,{"token":"a"}"#).await;
    let pid = reply_in(&mut wire, "40/strict,").await["pid"].clone();
    assert_eq!(world.socket().await.auth(), Some(r#"{"token":"a"}"#));
    let strict = world.hub().namespace("/strict").unwrap();
    strict.everyone().emit_raw("first", &()).unwrap();
    let Message::Text(event) = wire.next().await else {
        panic!("not an event");
    };
    let offset = event.split('"').nth(3).unwrap().to_owned();
    wire.reset();
    until("it is saved", || world.hub().stats().recovery_saved == 1).await;

    for (auth, recovered) in [
        (json!({ "pid": pid, "offset": offset, "token": "b" }), true),
        // For which no event had come.
        (json!({ "pid": pid, "token": "b" }), false),
    ] {
        let mut wire = Wire::open(&world.server).await;
        wire.text(&format!("40/strict,{auth}")).await;
        let reply = reply_in(&mut wire, "40/strict,").await;
        assert_eq!(reply["pid"] == pid, recovered);
        let socket = world.socket().await;
        assert_eq!(socket.recovered(), recovered);
        assert_eq!(socket.auth(), Some(r#"{"token":"b"}"#));
    }
}

#[actix_web::test]
async fn a_client_may_come_back_for_ever() {
    let mut world = World::with(
        |hub| hub.ping_timeout(Duration::from_secs(24 * 60 * 60)),
        Recovery::new().max_disconnection_duration(Duration::MAX),
    );
    let ticket = world.lost("nothing").await;
    assert!(world.recovers(&ticket).await);
}
