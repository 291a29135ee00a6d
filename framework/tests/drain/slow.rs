//! Clients that take what waits for them slowly, or not at all.

use std::time::Duration;

use roomcast::{
    WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient},
};
use tokio::time::sleep;

use crate::{
    common::{NEVER, both},
    world::{MS, World, assert_outcome, drained},
};

both!(
    who_takes_what_waits_gets_all_of_it_however_long_that_takes,
    who_stops_taking_it_is_cut,
);

#[derive(Serialize, Event)]
struct Block(String);

/// More than the system keeps between two sockets, so that the last ones wait in the outbox.
const BLOCKS: usize = 8;
const SIZE: usize = 4 << 20;

/// A client for whom much waits, on a node where nobody may stop for this long.
async fn laden(mode: WebSocketMode, stop: Duration) -> (World, RawClient) {
    let world = World::new(mode, |hub| {
        let hub = hub.max_outbox_bytes(BLOCKS * SIZE * 2);
        hub.close_timeout(stop).drain_timeout(NEVER)
    });
    let client = world.enter("").await;
    for _ in 0..BLOCKS {
        world.hub().emit(&Block("x".repeat(SIZE))).unwrap();
    }
    (world, client)
}

async fn who_takes_what_waits_gets_all_of_it_however_long_that_takes(mode: WebSocketMode) {
    const STOP: Duration = Duration::from_secs(3);
    let (world, mut client) = laden(mode, STOP).await;
    let drain = world.drain();
    for _ in 0..BLOCKS {
        // It takes longer altogether than one may stop for.
        sleep(STOP / 4).await;
        assert!(matches!(client.next().await, Frame::Text(text) if text.len() > SIZE));
    }
    assert_eq!(client.closed().await, 1001);
    assert_outcome(drained(drain).await, true, [1, 0, 0]);
}

async fn who_stops_taking_it_is_cut(mode: WebSocketMode) {
    let (world, mut client) = laden(mode, 2_500 * MS).await;
    let drain = world.drain();
    assert!(matches!(client.next().await, Frame::Text(_)));
    assert_outcome(drained(drain).await, true, [0, 1, 0]);
}
