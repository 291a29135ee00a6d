//! How many nodes there are is known as long as Redis can be asked: who is not counted is not waited for.

use super::*;
use crate::proxy::{Kind, Proxy};

async fn count(node: &Node) -> usize {
    let namespace = node.hub().namespace("/").expect("a namespace");
    let cluster = node.hub().cluster().expect("an adapter");
    cluster.server_count(&namespace).await.expect("counted")
}

/// In a Redis Cluster of which the last one is a replica.
async fn beside_a_replica(response_timeout: Duration) -> (RedisCluster, Node) {
    let mut redis = RedisCluster::start();
    redis.add_replica();
    let port = redis.nodes[3].port().to_string();
    redis.nodes[0].wait_for(&["CLUSTER", "SLOTS"], |slots| slots.contains(&port));
    let adapter = Redis::pub_sub(redis.nodes[0].url()).cluster::<String>([]);
    let adapter = adapter.response_timeout(response_timeout);
    let node = Node::start(|hub| hub.adapter(adapter)).await;
    assert_eq!(count(&node).await, 1);
    (redis, node)
}

#[actix_web::test]
async fn servers_that_are_subscribed_at_a_replica_are_counted() {
    let (redis, node) = beside_a_replica(PATIENCE).await;
    // As ioredis does, which Node's servers use.
    let _listening = redis.nodes[3].listen("socket.io-request#/#");
    assert_eq!(count(&node).await, 2);
}

#[actix_web::test]
async fn a_replica_at_which_nobody_is_may_be_silent() {
    let (redis, node) = beside_a_replica(Duration::from_secs(5)).await;
    redis.nodes[3].pause();
    assert_eq!(count(&node).await, 1);
    redis.nodes[3].resume();
}

#[actix_web::test]
async fn nobody_knows_who_is_at_a_replica_that_refuses_to_tell() {
    let (redis, node) = beside_a_replica(PATIENCE).await;
    redis.nodes[3].command(&["ACL", "SETUSER", "default", "-pubsub"]);
    let namespace = node.hub().namespace("/").expect("a namespace");
    let cluster = node.hub().cluster().expect("an adapter");
    assert!(cluster.server_count(&namespace).await.is_err());
}

#[actix_web::test]
async fn a_connection_that_is_dropped_while_nothing_is_asked_is_made_again() {
    let redis = RedisServer::start();
    let proxy = Proxy::before(redis.port()).await;
    let adapter = Redis::pub_sub(proxy.url()).response_timeout(Duration::from_secs(2));
    let node = Node::start(|hub| hub.adapter(adapter)).await;
    assert_eq!(count(&node).await, 1);
    proxy.mute(Kind::Requests);
    until("it is noticed", || {
        node.hub().stats().cluster_disconnects == 1
    })
    .await;
    proxy.heal();
    node.connected().await;
    assert_eq!(count(&node).await, 1);
}

#[actix_web::test]
async fn who_is_not_subscribed_any_more_and_has_not_noticed_counts_nobody() {
    let redis = RedisServer::start();
    let proxy = Proxy::before(redis.port()).await;
    let patient = Redis::pub_sub(proxy.url()).response_timeout(PATIENCE * 2);
    let node = Node::start(|hub| hub.adapter(patient)).await;
    let other = Node::start(|hub| hub.adapter(Redis::pub_sub(redis.url()))).await;
    assert_eq!([count(&node).await, count(&other).await], [2, 2]);
    proxy.mute(Kind::Subscriber);
    redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    let counted = || redis.command(&["PUBSUB", "NUMSUB", "socket.io-request#/#"]);
    until("the other one is back", || {
        counted().trim().ends_with("\n1")
    })
    .await;
    let found = node.hub().everyone().fetch_sockets().await;
    assert!(!found.expect("its own").is_complete());
    assert_eq!(
        node.hub().stats().cluster_connected,
        1,
        "it has not noticed"
    );
}
