//! Nodes go, in good order and otherwise.

use std::time::Instant;

use roomcast::testing::PATIENCE;
use tokio::time::timeout;

use crate::{
    common::redis::RedisServer,
    world::{LEASE, World},
};

#[actix_web::test]
async fn a_node_that_is_stopped_takes_its_presence_along_at_once() {
    let redis = RedisServer::start();
    let mut world = World::start(&redis.url()).await;
    // Nobody has renewed for a while when its time is over.
    let started = Instant::now();
    world.one.server.hub().shutdown().await;
    assert_eq!(world.watches[1].next().await, "-ann");
    assert!(started.elapsed() < LEASE, "{:?}", started.elapsed());
    let hub = world.other.server.hub();
    assert_eq!(hub.cluster().unwrap().nodes().await.unwrap().len(), 1);
    assert!(!hub.user("ann").online().await.unwrap());
    let leases = redis.command(&["ZCARD", "roomcast:nodes"]);
    assert_eq!(leases.trim(), "1", "also in Redis");
}

#[actix_web::test]
async fn nobody_waits_for_a_hub_that_has_left() {
    let redis = RedisServer::start();
    let mut world = World::start(&redis.url()).await;
    let hub = world.one.server.hub();
    hub.shutdown().await;
    while world.watches[0].next().await != "end" {}
    let refused = timeout(PATIENCE, hub.presence("lobby").watch()).await;
    assert!(refused.expect("an answer").is_err());
}

#[actix_web::test]
async fn a_redis_that_stalls_does_not_hold_up_a_node_that_is_stopped() {
    let redis = RedisServer::start();
    let world = World::start(&redis.url()).await;
    redis.pause();
    let stopped = timeout(2 * PATIENCE, world.one.server.hub().shutdown()).await;
    redis.resume();
    assert!(stopped.is_ok());
}

/// The threads of the node end without a word.
#[actix_web::test]
async fn what_a_crashed_node_leaves_in_redis_goes_within_its_lease() {
    let redis = RedisServer::start();
    let world = World::start(&redis.url()).await;
    let World {
        one,
        other,
        bob,
        watches: [_, mut watch],
        ..
    } = world;
    let nodes = other.server.hub().cluster().unwrap();
    assert_eq!(nodes.nodes().await.unwrap().len(), 2);
    drop(one);
    assert_eq!(watch.next().await, "-ann");
    assert!(!other.server.hub().user("ann").online().await.unwrap());
    assert_eq!(nodes.nodes().await.unwrap().len(), 1);
    bob.socket.untrack("lobby");
    assert_eq!(watch.next().await, "-bob", "who lives stayed throughout");
}
