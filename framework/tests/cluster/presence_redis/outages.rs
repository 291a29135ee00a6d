//! Redis goes, and comes back.

use tokio::time::sleep;

use super::world::{LEASE, World, settle};
use crate::common::redis::RedisServer;

#[actix_web::test]
async fn redis_that_comes_back_empty_is_filled_again_and_nobody_flaps() {
    let mut redis = RedisServer::start();
    let mut world = World::start(&redis.url()).await;
    redis.kill();
    redis.restart();
    world.nobody_has_gone().await;
    assert!(world.one.server.hub().user("bob").online().await.unwrap());
}

/// Its numbers are smaller than those that nodes have heard of.
#[actix_web::test]
async fn redis_that_comes_back_from_an_old_snapshot_neither_freezes_nor_shows_phantoms() {
    let mut redis = RedisServer::start();
    let mut world = World::start(&redis.url()).await;
    let cid = world.one.enter("cid").await;
    world.hear("+cid").await;
    redis.command(&["SAVE"]);
    for meta in 0..20 {
        world.bob.socket.track("lobby", &meta).unwrap();
        world.hear("=bob").await;
    }
    cid.socket.untrack("lobby");
    world.hear("-cid").await;
    let dot = world.other.enter("dot").await;
    world.hear("+dot").await;
    redis.kill();
    redis.restart();

    world.ann.socket.track("lobby", "back").unwrap();
    world.hear("=ann").await;
    world.one.counts(3).await;
    settle().await;
    dot.socket.untrack("lobby");
    world.hear("-dot").await;
}

#[actix_web::test]
async fn redis_that_is_flushed_is_filled_again_and_nobody_flaps() {
    let redis = RedisServer::start();
    let mut world = World::start(&redis.url()).await;
    redis.command(&["FLUSHALL"]);
    world.nobody_has_gone().await;
}

/// What was lost of them is told by no change.
#[actix_web::test]
async fn who_goes_while_redis_is_empty_goes_for_everyone() {
    let redis = RedisServer::start();
    let mut world = World::start(&redis.url()).await;
    redis.command(&["FLUSHALL"]);
    world.bob.socket.untrack("lobby");
    world.hear("-bob").await;
    world.one.counts(1).await;
}

/// All leases are over, and none has been renewed: nobody is taken for dead by the first who is back.
#[actix_web::test]
async fn redis_that_stalls_for_longer_than_the_lease_makes_nobody_go() {
    let redis = RedisServer::start();
    let mut world = World::start(&redis.url()).await;
    redis.pause();
    sleep(LEASE * 2).await;
    redis.resume();
    world.one.counts(2).await;
    settle().await;
    world.one.counts(2).await;
    world.bob.socket.track("lobby", "back").unwrap();
    world.hear("=bob").await;
    let nodes = world.one.server.hub().cluster().unwrap().nodes().await;
    assert_eq!(nodes.unwrap().len(), 2);
}
