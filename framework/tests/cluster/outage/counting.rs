//! How many nodes there are is known as long as Redis can be asked: who is not counted is not waited for.

use super::*;
use crate::proxy::{Kind, Proxy};

async fn count(node: &Node) -> usize {
    let namespace = node.hub().namespace("/").expect("a namespace");
    let cluster = node.hub().cluster().expect("an adapter");
    cluster.server_count(&namespace).await.expect("counted")
}

#[actix_web::test]
async fn servers_that_are_subscribed_at_a_replica_are_counted() {
    let mut redis = RedisCluster::start();
    redis.add_replica();
    let replica = &redis.nodes[3];
    let port = replica.port().to_string();
    redis.nodes[0].wait_for(&["CLUSTER", "SLOTS"], |slots| slots.contains(&port));
    let adapter = Redis::pub_sub(redis.nodes[0].url()).cluster::<String>([]);
    let node = Node::start(|hub| hub.adapter(adapter)).await;
    assert_eq!(count(&node).await, 1);
    // As ioredis does, which Node's servers use.
    let _listening = replica.listen("socket.io-request#/#");
    assert_eq!(count(&node).await, 2);
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
