//! What a drain waits for, and what it does not.

use std::time::Duration;

use actix_web::rt;
use roomcast::{
    WebSocketMode,
    testing::{Frame, RawClient},
};

use crate::{
    common::{NEVER, both},
    world::{MS, World, assert_outcome, drained},
};

both!(
    who_always_has_something_to_do_goes_between_two_handlers,
    half_a_frame_is_waited_for,
    an_event_whose_attachment_is_still_to_come_is_waited_for,
    an_ack_whose_time_is_over_is_not_waited_for,
    who_answers_its_pings_is_not_cut_while_its_session_ends,
);

async fn who_always_has_something_to_do_goes_between_two_handlers(mode: WebSocketMode) {
    let mut world = World::new(mode, |hub| {
        let hub = hub.drain_window(Duration::ZERO);
        hub.drain_timeout(3_000 * MS)
    });
    let mut client = world.at_work(1).await;
    let drain = world.drain();
    world.draining().await;
    for number in 2.. {
        client
            .send(&format!(r#"42{number}["work",{number}]"#))
            .await;
        if number <= 3 {
            continue;
        }
        world.gate.open(1);
        match client.next().await {
            Frame::Text(reply) => assert_eq!(reply, format!("43{0}[{0}]", number - 3)),
            Frame::Close(code) => {
                assert_eq!(code, 1001);
                client.closed().await;
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    // Behind all that the client has sent, its answer to the close may come late.
    let drained = drained(drain).await;
    assert_eq!((drained.clean, drained.cut), (true, 0));
}

/// Starts a drain of a server with this client and one that has nothing to do, and waits until that
/// one has gone; both were told at the same time.
async fn told(world: &World) -> rt::task::JoinHandle<roomcast::Drained> {
    let mut idle = world.enter("").await;
    let drain = world.drain();
    assert_eq!(idle.closed().await, 1001);
    drain
}

/// What comes with a ping before it has been read when the pong is there.
async fn send_behind_a_ping(client: &mut RawClient, bytes: &[u8]) {
    const PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];
    client.send_bytes(&[&PING, bytes].concat()).await;
    assert!(matches!(client.next().await, Frame::Pong(_)));
}

/// A text frame of less than 126 bytes, masked with zeros.
fn text_frame(text: &str) -> Vec<u8> {
    let len = u8::try_from(text.len()).expect("short");
    [&[0x81, 0x80 | len, 0, 0, 0, 0], text.as_bytes()].concat()
}

async fn half_a_frame_is_waited_for(mode: WebSocketMode) {
    let world = World::new(mode, |hub| hub);
    let mut client = world.enter("").await;
    let frame = text_frame(r#"421["work",1]"#);
    let (half, rest) = frame.split_at(9);
    send_behind_a_ping(&mut client, half).await;
    let drain = told(&world).await;
    world.gate.open(1);
    client.send_bytes(rest).await;
    client.expect_text("431[1]").await;
    assert_eq!(client.closed().await, 1001);
    assert_outcome(drained(drain).await, true, [2, 0, 0]);
}

async fn an_event_whose_attachment_is_still_to_come_is_waited_for(mode: WebSocketMode) {
    let world = World::new(mode, |hub| hub);
    let mut client = world.enter("").await;
    let text = r#"451-1["work",1,{"_placeholder":true,"num":0}]"#;
    send_behind_a_ping(&mut client, &text_frame(text)).await;
    let drain = told(&world).await;
    world.gate.open(1);
    client.send_binary(&b"data"[..]).await;
    client.expect_text("431[1]").await;
    assert_eq!(client.closed().await, 1001);
    assert_outcome(drained(drain).await, true, [2, 0, 0]);
}

async fn an_ack_whose_time_is_over_is_not_waited_for(mode: WebSocketMode) {
    let world = World::new(mode, |hub| hub.ack_timeout(100 * MS).drain_timeout(NEVER));
    let mut client = world.enter("").await;
    let _asking = world.asks(&mut client).await;
    let drain = world.drain();
    assert_eq!(client.closed().await, 1001);
    assert_outcome(drained(drain).await, true, [1, 0, 0]);
}

async fn who_answers_its_pings_is_not_cut_while_its_session_ends(mode: WebSocketMode) {
    let world = World::new(mode, |hub| {
        let hub = hub.drain_window(Duration::ZERO).drain_timeout(NEVER);
        hub.ping_interval(700 * MS).ping_timeout(1_500 * MS)
    });
    let mut client = world.enter(r#"{"lingers":true}"#).await;
    let drain = world.drain();
    world.draining().await;
    // They take longer than one may be left without an answer.
    for _ in 0..4 {
        client.expect_text("2").await;
        client.send("3").await;
    }
    world.gate.open(1);
    let code = loop {
        match client.next().await {
            Frame::Close(code) => break code,
            other => {
                assert_eq!(other, Frame::Text("2".to_owned()));
                client.send("3").await;
            }
        }
    };
    assert_eq!(code, 1001);
    client.closed().await;
    assert_outcome(drained(drain).await, true, [1, 0, 0]);
}
