//! Nobody comes back over what the stream does not have any more.

use std::sync::Arc;

use serde_json::json;

use super::{
    recovery::saved,
    world::{News, Node},
};
use crate::common::{redis::RedisServer, until};
use crate::proxy::Proxy;
use crate::wire::recovering::{Client, Ticket};

pub(super) async fn is_refused(node: &Node, ticket: &Ticket) {
    let (client, recovered) = Client::back(&node.server, ticket).await;
    assert!(!recovered, "{:?}", client.missed);
    let refused = node.hub().stats().recovery_refused;
    assert_eq!(refused.get("trimmed"), Some(&1), "{refused:?}");
}

#[actix_web::test]
async fn what_is_trimmed_while_it_is_being_read() {
    let redis = Arc::new(RedisServer::start());
    let proxy = Proxy::before(redis.port()).await;
    let (a, b) = (Node::start(&redis).await, Node::at(&proxy.url()).await);
    let mut there = b.enter(&["room"]).await;
    let client = a.enter(&["room"]).await;
    let ticket = saved(&redis, client).await;
    for number in 1..=5 {
        a.hub().to("room").emit(&News(number)).unwrap();
        there.expect(json!(["news", number])).await;
    }
    // The first one asks whether all of it is there.
    let trimmed = Arc::clone(&redis);
    proxy.before_command(b"XRANGE", 2, async move {
        trimmed.command(&["XTRIM", "socket.io", "MAXLEN", "1"]);
    });
    is_refused(&b, &ticket).await;
}

#[actix_web::test]
async fn what_a_client_has_seen_and_redis_has_lost() {
    let redis = RedisServer::start();
    let node = Node::start(&redis).await;
    let mut client = node.enter(&[]).await;
    redis.command(&["COPY", "socket.io", "before"]);
    node.hub().emit(&News(1)).unwrap();
    client.expect(json!(["news", 1])).await;
    let ticket = saved(&redis, client).await;
    redis.command(&["RENAME", "before", "socket.io"]);
    // Behind it in the order of ids, as the clock has gone on.
    let mut other = node.enter(&[]).await;
    node.hub().emit(&News(2)).unwrap();
    other.expect(json!(["news", 2])).await;
    is_refused(&node, &ticket).await;
}

/// A node, a client there that has seen everything, and another that came back too late.
async fn with_a_loss(redis: &RedisServer) -> (Node, Client, Ticket) {
    let node = Node::start(redis).await;
    let mut there = node.enter(&[]).await;
    let client = node.enter(&[]).await;
    let ticket = saved(redis, client).await;
    redis.command(&["COPY", "socket.io", "before"]);
    node.hub().emit(&News(1)).unwrap();
    there.expect(json!(["news", 1])).await;
    redis.command(&["RENAME", "before", "socket.io"]);
    redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    until("the loss is told", || !node.gaps.lock().unwrap().is_empty()).await;
    node.connected().await;
    node.hub().emit(&News(2)).unwrap();
    there.expect(json!(["news", 2])).await;
    (node, there, ticket)
}

/// What came later is whole.
async fn is_whole(redis: &RedisServer, node: &Node, client: Client) {
    let ticket = saved(redis, client).await;
    node.hub().emit(&News(3)).unwrap();
    let (back, recovered) = Client::back(&node.server, &ticket).await;
    assert!(recovered, "{:?}", node.hub().stats().recovery_refused);
    assert_eq!(back.missed, [json!(["news", 3])]);
}

#[actix_web::test]
async fn what_others_have_seen_and_redis_has_lost() {
    let redis = RedisServer::start();
    let (node, there, ticket) = with_a_loss(&redis).await;
    is_refused(&node, &ticket).await;
    is_whole(&redis, &node, there).await;
}

#[actix_web::test]
async fn what_redis_has_lost_before_the_node_was_there() {
    let redis = RedisServer::start();
    let (_node, there, ticket) = with_a_loss(&redis).await;
    let newcomer = Node::start(&redis).await;
    is_refused(&newcomer, &ticket).await;
    is_whole(&redis, &newcomer, there).await;
}

/// All connections of the node, made anew.
async fn reconnected(redis: &RedisServer, node: &Node) {
    let before = node.hub().stats().cluster_disconnects;
    redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    let disconnects = || node.hub().stats().cluster_disconnects;
    until("it is noticed", || disconnects() > before).await;
    node.connected().await;
}

#[actix_web::test]
async fn what_another_node_has_missed_too_is_not_forgotten() {
    const MORE: &str = "9999999999999-7";
    let redis = RedisServer::start();
    let (node, ..) = with_a_loss(&redis).await;
    // Another node was further when Redis lost it.
    redis.command(&["SET", "socket.io:lost", MORE]);
    reconnected(&redis, &node).await;
    assert_eq!(redis.command(&["GET", "socket.io:lost"]).trim(), MORE);
    // Redis loses that, too.
    redis.command(&["DEL", "socket.io:lost"]);
    reconnected(&redis, &node).await;
    redis.wait_for(&["GET", "socket.io:lost"], |lost| lost.trim() == MORE);
}

#[actix_web::test]
async fn what_was_in_a_redis_that_is_empty_when_the_node_starts() {
    let redis = RedisServer::start();
    let ticket = {
        let node = Node::start(&redis).await;
        let client = node.enter(&[]).await;
        let ticket = saved(&redis, client).await;
        node.hub().drain().await;
        ticket
    };
    // Of all that it knew the session alone is left.
    redis.command(&["DEL", "socket.io"]);
    let newcomer = Node::start(&redis).await;
    let mut other = newcomer.enter(&[]).await;
    newcomer.hub().emit(&News(1)).unwrap();
    other.expect(json!(["news", 1])).await;
    is_refused(&newcomer, &ticket).await;
}
