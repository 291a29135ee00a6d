//! What is where in Redis.

use roomcast::{SharedState, adapter::Redis, testing::TestServer};
use tokio::time::timeout;

use super::world::{LEASE, Node, World};
use crate::common::{member::members, redis::RedisServer};
use crate::waiting::PATIENCE;

#[actix_web::test]
async fn clusters_with_other_prefixes_on_one_redis_do_not_see_each_other() {
    let redis = RedisServer::start();
    let node = |prefix: &str| {
        let (hub, hall) = members();
        let state = SharedState::new().lease(LEASE).prefix(prefix);
        let hub = hub.adapter(Redis::pub_sub(redis.url()).key(prefix));
        let server = TestServer::start(hub.shared_state(state).build().unwrap());
        Node { server, hall }
    };
    let (mut one, mut other, mut same) = (node("a:"), node("b:"), node("a:"));
    let _ann = one.enter("ann").await;
    let _bob = other.enter("bob").await;
    let _cid = same.enter("cid").await;
    one.counts(2).await;
    same.counts(2).await;
    other.counts(1).await;
    assert!(!other.server.hub().user("ann").online().await.unwrap());
    let keys = redis.command(&["KEYS", "*"]);
    let is_ours = |key: &str| key.starts_with("a:") || key.starts_with("b:");
    assert!(keys.lines().all(is_ours), "{keys}");
}

#[actix_web::test]
async fn when_a_user_was_last_seen_is_forgotten_after_the_time_for_that() {
    let redis = RedisServer::start();
    let world = World::start(&redis.url()).await;
    world.ann.socket.unbind_user().unwrap();
    world
        .one
        .server
        .hub()
        .user("ann")
        .last_seen()
        .await
        .unwrap();
    let left = redis.command(&["PTTL", "roomcast:user:ann:seen"]);
    let left: u64 = left.trim().parse().expect("it expires");
    let days = |days: u64| days * 24 * 60 * 60 * 1000;
    assert!((days(29)..=days(30)).contains(&left), "{left}");
}

#[actix_web::test]
async fn presence_is_the_same_beside_sharded_channels() {
    let redis = RedisServer::start();
    let node = || {
        let (hub, hall) = members();
        let hub = hub.adapter(Redis::sharded(redis.url()));
        let hub = hub.shared_state(SharedState::new().lease(LEASE));
        let server = TestServer::start(hub.build().unwrap());
        Node { server, hall }
    };
    let mut world = World::of(node(), node()).await;
    world.ann.socket.untrack("lobby");
    world.hear("-ann").await;
    let alone = async { while world.other.server.hub().user("ann").online().await.unwrap() {} };
    world.ann.socket.unbind_user().unwrap();
    timeout(PATIENCE, alone).await.expect("told in time");
}
