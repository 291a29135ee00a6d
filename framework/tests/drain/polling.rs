//! Clients on long-polling, whose requests are on their way when their node closes them.

use roomcast::{WebSocketMode, testing::RawClient};

use crate::{
    common::{NEVER, http::Answer, polling::Poller},
    world::{MS, World, assert_outcome, drained},
};

/// The close packet; behind a noop where it came before the poll, as from Node.js.
#[track_caller]
fn assert_closes(answer: &Answer) {
    assert_eq!(answer.status, 200);
    assert!(["1", "6\x1e1"].contains(&answer.text()), "{answer:?}");
}

#[actix_web::test]
async fn clients_that_poll_get_what_waits_and_then_the_close() {
    let mut world = World::new(WebSocketMode::Handoff, |hub| hub);
    let (waiting, between) = (
        Poller::connected(&world.server).await,
        Poller::connected(&world.server).await,
    );
    let working = Poller::connected(&world.server).await;
    working.post(r#"421["work",1]"#).await.expect(200, "ok");
    world.entries.expect("begins 1").await;
    let (poll, answer) = (waiting.start_poll().await, working.start_poll().await);
    let drain = world.drain();
    assert_closes(&poll.answer().await);
    for _ in 0..2 {
        world.entries.expect("server shutting down").await;
    }
    assert_closes(&between.poll().await);
    world.gate.open(1);
    answer.answer().await.expect(200, "431[1]");
    assert_closes(&working.poll().await);
    assert_outcome(drained(drain).await, true, [3, 0, 0]);
}

#[actix_web::test]
async fn a_post_that_crosses_the_close_is_taken() {
    let world = World::new(WebSocketMode::Handoff, |hub| hub);
    let poller = Poller::connected(&world.server).await;
    let drain = world.drain();
    assert_closes(&poller.poll().await);
    // Its client takes any other answer for an error of its transport.
    poller.post(r#"421["work",1]"#).await.expect(200, "ok");
    assert_outcome(drained(drain).await, true, [1, 0, 0]);
    let unknown = Poller {
        sid: "never-there-was-one.".to_owned(),
        server: poller.server,
        open: String::new(),
    };
    assert_eq!(unknown.post("3").await.status, 400);
}

#[actix_web::test]
async fn a_post_that_was_too_large_is_not_waited_for() {
    let world = World::new(WebSocketMode::Handoff, |hub| {
        hub.max_http_buffer_size(1000).drain_timeout(NEVER)
    });
    let poller = Poller::connected(&world.server).await;
    // The body comes when the server is about to read it.
    let continues = "Expect: 100-continue\r\n";
    let mut post = poller.start_post(2000, "", continues).await;
    assert!(post.head().await.starts_with("HTTP/1.1 100"));
    post.write(&"x".repeat(2000)).await;
    assert_eq!(post.answer().await.status, 413);
    let poll = poller.start_poll().await;
    let drain = world.drain();
    assert_closes(&poll.answer().await);
    assert_outcome(drained(drain).await, true, [1, 0, 0]);
}

#[actix_web::test]
async fn a_post_that_proves_too_large_is_waited_for_no_longer() {
    let world = World::new(WebSocketMode::Handoff, |hub| {
        hub.max_http_buffer_size(1000).drain_timeout(NEVER)
    });
    let poller = Poller::connected(&world.server).await;
    let other = Poller::connected(&world.server).await;
    let mut post = poller
        .start_post(2000, "", "Expect: 100-continue\r\n")
        .await;
    assert!(post.head().await.starts_with("HTTP/1.1 100"));
    let drain = world.drain();
    // Its connection has been told as well, and waits for the body.
    assert_closes(&other.poll().await);
    let poll = poller.start_poll().await;
    post.write(&"x".repeat(2000)).await;
    assert_eq!(post.answer().await.status, 413);
    assert_closes(&poll.answer().await);
    assert_outcome(drained(drain).await, true, [2, 0, 0]);
}

#[actix_web::test]
async fn a_client_that_closes_itself_meanwhile_is_not_waited_for() {
    let mut world = World::new(WebSocketMode::Handoff, |hub| {
        hub.close_timeout(NEVER).drain_timeout(2 * NEVER)
    });
    let poller = Poller::connected(&world.server).await;
    let drain = world.drain();
    world.entries.expect("server shutting down").await;
    poller.post("1").await.expect(200, "ok");
    assert_outcome(drained(drain).await, true, [1, 0, 0]);
}

#[actix_web::test]
async fn a_client_that_does_not_fetch_the_close_is_not_waited_for() {
    let world = World::new(WebSocketMode::Handoff, |hub| {
        hub.close_timeout(100 * MS).drain_timeout(NEVER)
    });
    let _poller = Poller::connected(&world.server).await;
    assert_outcome(drained(world.drain()).await, true, [0, 1, 0]);
}

/// A WebSocket that is about to take over from this client's requests.
async fn upgrading(poller: &Poller<'_>) -> RawClient {
    let mut websocket = RawClient::connect(poller.server, &poller.query("websocket")).await;
    websocket.send("2probe").await;
    websocket.expect_text("3probe").await;
    websocket
}

#[actix_web::test]
async fn a_client_that_changes_over_gets_the_close_on_its_websocket() {
    let mut world = World::new(WebSocketMode::Handoff, |hub| hub);
    let (leaves, lingers) = (
        Poller::connected(&world.server).await,
        Poller::open(&world.server).await,
    );
    lingers
        .post(r#"40{"lingers":true}"#)
        .await
        .expect(200, "ok");
    lingers.poll().await;
    let mut closing = upgrading(&leaves).await;
    let mut leaving = upgrading(&lingers).await;
    let drain = world.drain();
    world.entries.expect("server shutting down").await;
    closing.send("5").await;
    assert_eq!(closing.closed().await, 1001);
    leaving.send("5").await;
    world.gate.open(1);
    assert_eq!(leaving.closed().await, 1001);
    assert_outcome(drained(drain).await, true, [2, 0, 0]);
}
