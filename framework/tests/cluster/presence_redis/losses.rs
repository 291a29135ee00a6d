//! Redis loses a part: evicted, or deleted by somebody.

use super::world::{World, settle};
use crate::common::redis::RedisServer;

async fn makes_nobody_go(keys: &[&str]) {
    let redis = RedisServer::start();
    let mut world = World::start(&redis.url()).await;
    let deleted = redis.command(&[&["DEL"], keys].concat());
    assert_eq!(deleted.trim(), keys.len().to_string());
    world.one.counts(2).await;
    settle().await;
    world.other.counts(2).await;
    for user in ["ann", "bob"] {
        assert!(world.one.server.hub().user(user).online().await.unwrap());
    }
    world.bob.socket.untrack("lobby");
    world.hear("-bob").await;
}

#[actix_web::test]
async fn what_entries_say_comes_back() {
    makes_nobody_go(&["roomcast:room:/:lobby:ann", "roomcast:room:/:lobby:bob"]).await;
}

#[actix_web::test]
async fn the_lists_of_who_is_there_come_back() {
    makes_nobody_go(&[
        "roomcast:room:/:lobby:connections",
        "roomcast:user:connections",
    ])
    .await;
}

#[actix_web::test]
async fn leases_and_numbers_come_back() {
    makes_nobody_go(&["roomcast:nodes", "roomcast:changes"]).await;
}
