//! What waits for Redis is to be seen while it waits, and not only once some of it is dropped.

use super::*;

async fn is_told(adapter: impl Fn(HubBuilder, &RedisServer) -> HubBuilder) {
    let mut redis = RedisServer::start();
    let node = Node::start(|hub| adapter(hub, &redis)).await;
    let waiting = || node.hub().stats().cluster_outbox_bytes;
    redis.kill();
    node.notices().await;
    for n in 0..100 {
        node.emit(n);
    }
    until("all of it is told", || waiting() > 5_000).await;
    redis.restart();
    node.connected().await;
    until("nothing waits any more", || waiting() == 0).await;
    assert!(node.hub().stats().cluster_dropped.is_empty());
}

#[actix_web::test]
async fn bytes_that_wait_are_told_with_pub_sub() {
    is_told(|hub, redis| hub.adapter(Redis::pub_sub(redis.url()))).await;
}

#[actix_web::test]
async fn bytes_that_wait_are_told_with_sharded() {
    is_told(|hub, redis| hub.adapter(Redis::sharded(redis.url()))).await;
}

#[actix_web::test]
async fn bytes_that_wait_are_told_with_streams() {
    is_told(|hub, redis| hub.adapter(Redis::streams(redis.url()))).await;
}

#[actix_web::test]
async fn a_hub_that_ends_has_nothing_waiting() {
    let mut redis = RedisServer::start();
    let node = Node::start(|hub| hub.adapter(Redis::pub_sub(redis.url()))).await;
    let hub = node.hub().clone();
    redis.kill();
    node.notices().await;
    node.emit(0);
    until("it is told", || hub.stats().cluster_outbox_bytes > 0).await;
    drop(node);
    until("it is told no more", || {
        hub.stats().cluster_outbox_bytes == 0
    })
    .await;
}
