//! A hub that drains: what it finishes first, what its clients are told, and what is cut in the end.

#![allow(clippy::unwrap_used, reason = "tests")]

mod pace;
mod patience;
mod polling;
mod servers;
mod signals;
mod slow;
mod world;

#[path = "../common/mod.rs"]
mod common;
#[path = "../waiting/mod.rs"]
mod waiting;

use std::time::Duration;

use common::{
    NEVER, both,
    http::{POLLING, UPGRADE, WEBSOCKET, request},
    polling::Poller,
    until,
};
use roomcast::{
    NotReady, WebSocketMode,
    testing::{Frame, RawClient},
};
use tokio::time::timeout;
use waiting::PATIENCE;
use world::{MS, World, assert_outcome, drained};

both!(
    a_handler_finishes_and_is_answered_before_its_client_is_told,
    what_has_come_is_handled_before,
    an_ack_that_somebody_waits_for_comes_before,
    who_never_answers_holds_up_the_others_only_for_a_time,
    the_close_comes_when_the_sessions_have_ended,
    a_disconnect_that_panics_holds_up_nothing,
    a_handler_that_does_not_return_is_cut_at_the_deadline,
    a_disconnect_that_does_not_return_is_cut_at_the_deadline,
    a_client_that_does_not_answer_the_close_is_not_waited_for,
    while_connections_are_left_alone_they_work_and_new_ones_are_refused,
);

async fn a_handler_finishes_and_is_answered_before_its_client_is_told(mode: WebSocketMode) {
    let mut world = World::new(mode, |hub| hub);
    let mut working = world.at_work(1).await;
    let mut idle = world.enter("").await;
    let drain = world.drain();
    assert_eq!(
        idle.closed().await,
        1001,
        "who has nothing to do goes first"
    );
    world.entries.expect("server shutting down").await;
    assert!(world.entries.rest().is_empty());
    world.gate.open(1);
    working.expect_text("431[1]").await;
    assert_eq!(working.closed().await, 1001);
    world.entries.expect("server shutting down").await;
    assert_outcome(drained(drain).await, true, [2, 0, 0]);
    assert!(world.entries.rest().is_empty(), "each is told once");
    let stats = world.hub().stats();
    assert_eq!((stats.connections, stats.drained["closed"]), (0, 2));
}

async fn what_has_come_is_handled_before(mode: WebSocketMode) {
    let mut world = World::new(mode, |hub| hub);
    let mut client = world.at_work(1).await;
    for number in 2..=5 {
        client
            .send(&format!(r#"42{number}["work",{number}]"#))
            .await;
    }
    let mut idle = world.enter("").await;
    let drain = world.drain();
    idle.closed().await;
    world.gate.open(5);
    for number in 1..=5 {
        client.expect_text(&format!("43{number}[{number}]")).await;
    }
    assert_eq!(client.closed().await, 1001);
    assert_outcome(drained(drain).await, true, [2, 0, 0]);
}

async fn an_ack_that_somebody_waits_for_comes_before(mode: WebSocketMode) {
    let world = World::new(mode, |hub| hub);
    let mut client = world.enter("").await;
    let asking = world.asks(&mut client).await;
    let mut idle = world.enter("").await;
    let drain = world.drain();
    idle.closed().await;
    client.send(r#"430["yes"]"#).await;
    let answers = timeout(PATIENCE, asking).await.unwrap().unwrap();
    assert!(answers.is_complete());
    assert_eq!(client.closed().await, 1001);
    assert_outcome(drained(drain).await, true, [2, 0, 0]);
}

async fn who_never_answers_holds_up_the_others_only_for_a_time(mode: WebSocketMode) {
    let world = World::new(mode, |hub| {
        // It is told when half of it is over, and has the other half for its answer.
        let hub = hub.ack_timeout(NEVER).drain_window(Duration::ZERO);
        hub.drain_timeout(3_000 * MS)
    });
    let mut client = world.enter("").await;
    let _asking = world.asks(&mut client).await;
    let drain = world.drain();
    assert_eq!(client.closed().await, 1001);
    assert_outcome(drained(drain).await, true, [1, 0, 0]);
}

async fn the_close_comes_when_the_sessions_have_ended(mode: WebSocketMode) {
    let mut world = World::new(mode, |hub| hub);
    let mut client = world.enter(r#"{"lingers":true}"#).await;
    let mut idle = world.enter("").await;
    let drain = world.drain();
    idle.closed().await;
    world.entries.expect("server shutting down").await;
    // Nobody is there any more who could be connected, or handle it.
    client.send("40/other").await;
    client.send(r#"427["work",7]"#).await;
    until("it is counted", || {
        world.hub().stats().dropped_disconnected == 1
    })
    .await;
    world.gate.open(1);
    assert_eq!(client.closed().await, 1001, "and nothing else before");
    assert_eq!(world.entries.rest(), ["server shutting down"]);
    assert_outcome(drained(drain).await, true, [2, 0, 0]);
}

async fn a_disconnect_that_panics_holds_up_nothing(mode: WebSocketMode) {
    let mut world = World::new(mode, |hub| hub);
    let mut client = world.enter(r#"{"panics":true}"#).await;
    let drain = world.drain();
    world.entries.expect("panics").await;
    assert_eq!(client.closed().await, 1001);
    assert_outcome(drained(drain).await, true, [1, 0, 0]);
    assert_eq!(world.hub().stats().panics, 1);
}

async fn a_handler_that_does_not_return_is_cut_at_the_deadline(mode: WebSocketMode) {
    let mut world = World::new(mode, |hub| {
        // Long enough for the other one.
        let hub = hub.drain_window(Duration::ZERO);
        hub.drain_timeout(2_000 * MS)
    });
    let mut stuck = world.at_work(1).await;
    let mut idle = world.enter("").await;
    let drain = world.drain();
    assert_eq!(idle.closed().await, 1001);
    world.entries.expect("server shutting down").await;
    assert_eq!(stuck.closed().await, 1006);
    world.entries.expect("dropped").await;
    assert_outcome(drained(drain).await, false, [1, 0, 1]);
    assert_eq!(world.hub().stats().connections, 0);
    assert_eq!(world.hub().stats().sockets, 0);
    assert!(world.entries.rest().is_empty(), "it had no session to tell");
}

async fn a_disconnect_that_does_not_return_is_cut_at_the_deadline(mode: WebSocketMode) {
    let world = World::new(mode, |hub| {
        let hub = hub.drain_window(Duration::ZERO);
        hub.drain_timeout(200 * MS)
    });
    let mut client = world.enter(r#"{"lingers":true}"#).await;
    let drain = world.drain();
    assert_eq!(client.closed().await, 1006);
    assert_outcome(drained(drain).await, false, [0, 0, 1]);
    assert_eq!(world.hub().stats().connections, 0);
}

async fn a_client_that_does_not_answer_the_close_is_not_waited_for(mode: WebSocketMode) {
    let mut world = World::new(mode, |hub| {
        let hub = hub.close_timeout(100 * MS);
        hub.drain_timeout(NEVER)
    });
    // It does not read.
    let _absent = world.enter("").await;
    assert_outcome(drained(world.drain()).await, true, [0, 1, 0]);
    world.entries.expect("server shutting down").await;
    assert_eq!(world.hub().stats().drained["unanswered"], 1);
}

async fn while_connections_are_left_alone_they_work_and_new_ones_are_refused(mode: WebSocketMode) {
    let mut world = World::new(mode, |hub| hub.drain_delay(NEVER).drain_timeout(2 * NEVER));
    let mut client = world.enter("").await;
    let poller = Poller::connected(&world.server).await;
    assert!(world.hub().ready().is_ready());
    let drain = world.drain();
    world.draining().await;
    assert_eq!(world.hub().ready().reasons(), [NotReady::Draining]);
    assert!(world.hub().health().is_healthy());

    let answer = request(&world.server, "GET", POLLING, &[]).await;
    answer.expect(503, "Server draining");
    let answer = request(&world.server, "GET", WEBSOCKET, UPGRADE).await;
    assert_eq!((answer.status, answer.closed), (503, true));
    assert_eq!(world.hub().stats().refused_handshakes["draining"], 2);

    world.gate.open(2);
    client.send(r#"421["work",1]"#).await;
    client.expect_text("431[1]").await;
    client.send("40/other").await;
    let Frame::Text(reply) = client.next().await else {
        panic!("a reply");
    };
    assert!(reply.starts_with("40/other,{"), "{reply}");
    poller.post(r#"422["work",2]"#).await.expect(200, "ok");
    poller.poll().await.expect(200, "432[2]");
    // It may change to a WebSocket, too.
    let mut upgraded = RawClient::connect(&world.server, &poller.query("websocket")).await;
    upgraded.send("2probe").await;
    upgraded.expect_text("3probe").await;
    drain.abort();
    assert_eq!(world.entries.rest(), ["begins 1", "begins 2"]);
}
