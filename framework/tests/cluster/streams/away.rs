//! While Redis is away local delivery goes on.

use std::time::Duration;

use roomcast::Recovery;
use serde_json::json;

use super::world::{News, Node};
use crate::common::{redis::RedisServer, until};
use crate::wire::recovering::Client;

/// Long enough for an entry to come back from Redis.
const HOLD: Duration = Duration::from_millis(1_500);

async fn impatient(redis: &RedisServer) -> Node {
    let build = Node::build(
        &redis.url(),
        |streams| streams.hold(HOLD),
        Some(Recovery::new()),
    );
    build.connected().await;
    build
}

#[actix_web::test]
async fn what_was_delivered_without_redis_comes_to_others_later_and_not_twice() {
    let redis = RedisServer::start();
    let (a, b) = (impatient(&redis).await, impatient(&redis).await);
    let mut here = a.enter(&["room"]).await;
    let mut there = b.enter(&["room"]).await;
    let offset = here.offset.clone();
    redis.pause();
    for number in 1..=3 {
        a.hub().to("room").emit(&News(number)).unwrap();
    }
    for number in 1..=3 {
        assert_eq!(here.event().await, json!(["news", number, null]));
    }
    a.hub().to("room").emit(&News(4)).unwrap();
    assert_eq!(here.event().await, json!(["news", 4, null]));
    assert_eq!(here.offset, offset);
    redis.resume();
    for number in 1..=4 {
        there.expect(json!(["news", number])).await;
    }
    b.hub().to("room").emit(&News(5)).unwrap();
    here.expect(json!(["news", 5])).await;
    there.expect(json!(["news", 5])).await;

    let ticket = here.cut();
    until("it has gone", || a.hub().stats().sockets == 0).await;
    assert!(
        !Client::back(&a.server, &ticket).await.1,
        "it would get some twice"
    );
    let saved = b.hub().stats().recovery_saved;
    let ticket = there.cut();
    until("it is saved", || b.hub().stats().recovery_saved > saved).await;
    a.hub().to("room").emit(&News(6)).unwrap();
    let (back, recovered) = Client::back(&a.server, &ticket).await;
    assert!(recovered, "{:?}", a.hub().stats().recovery_refused);
    assert_eq!(back.missed, [json!(["news", 6])]);
}

#[actix_web::test]
async fn a_redis_that_is_full_does_not_stop_anyone() {
    let redis = RedisServer::start();
    let node = impatient(&redis).await;
    let mut client = node.enter(&[]).await;
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]);
    node.hub().emit(&News(1)).unwrap();
    node.hub().emit(&News(2)).unwrap();
    for number in 1..=2 {
        assert_eq!(client.event().await, json!(["news", number, null]));
    }
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]);
    node.connected().await;
    node.hub().emit(&News(3)).unwrap();
    let third = client.event().await;
    assert_eq!(third[1], 3, "what was delivered does not come again");
    let four = |length: &str| length.trim() == "4";
    redis.wait_for(&["XLEN", "socket.io"], four);
}
