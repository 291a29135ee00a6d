//! Nodes that drain while Redis is not as it should be: they end in time, and say what was lost.

use std::time::Duration;

use roomcast::{Drained, Recovery, adapter::Redis};
use tokio::time::timeout;

use super::world::{News, Node};
use crate::common::redis::RedisServer;
use crate::waiting::PATIENCE;

/// A node that does not wait for long, with clients that could come back elsewhere.
async fn node(redis: &RedisServer) -> Node {
    let node = Node::with(Redis::streams(redis.url()), |hub| {
        let hub = hub.connection_state_recovery(Recovery::new());
        let hub = hub.drain_window(Duration::ZERO);
        hub.drain_timeout(Duration::from_secs(2))
    });
    node.connected().await;
    node
}

/// How it goes when this has happened to Redis, of two clients.
async fn drained(mut redis: RedisServer, fault: impl FnOnce(&mut RedisServer)) -> Drained {
    let node = node(&redis).await;
    let (one, other) = (node.enter(&[]).await, node.enter(&[]).await);
    fault(&mut redis);
    let _ = node.hub().emit(&News(1));
    let hub = node.hub().clone();
    let ended = async { tokio::join!(one.wire.ended(), other.wire.ended()) };
    let (drained, _) = timeout(PATIENCE, async { tokio::join!(hub.drain(), ended) })
        .await
        .expect("drained in time");
    drained
}

#[actix_web::test]
async fn sessions_for_which_redis_has_no_room_are_said_to_be_lost() {
    let drained = drained(RedisServer::start(), |redis| {
        redis.command(&["CONFIG", "SET", "maxmemory", "1"]);
    })
    .await;
    assert_eq!((drained.clean, drained.lost, drained.closed), (false, 2, 2));
}

#[actix_web::test]
async fn what_a_redis_that_is_away_does_not_get_is_said_to_be_lost() {
    let drained = drained(RedisServer::start(), RedisServer::kill).await;
    assert_eq!((drained.clean, drained.lost, drained.closed), (false, 2, 2));
}
