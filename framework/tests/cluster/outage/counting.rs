//! How many nodes there are is known as long as Redis can be asked: who is not counted is not waited for.

use super::*;
use crate::{
    proxy::{Kind, Proxy},
    waiting::holds,
};

pub(super) async fn count(node: &Node) -> usize {
    let namespace = node.hub().namespace("/").expect("a namespace");
    let cluster = node.hub().cluster().expect("an adapter");
    cluster.server_count(&namespace).await.expect("counted")
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

/// What is asked on it may have long answers, behind which Redis says that it is alive.
#[actix_web::test]
async fn rooms_are_subscribed_to_while_no_answer_comes() {
    let redis = RedisServer::start();
    let proxy = Proxy::before(redis.port()).await;
    // Redis is asked whether it is alive after half of this, and has so long to answer.
    let adapter = Redis::sharded(proxy.url()).response_timeout(Duration::from_secs(16));
    let mut node = Node::start(|hub| hub.adapter(adapter)).await;
    assert_eq!(count(&node).await, 1);
    proxy.mute(Kind::Requests);
    let is_asked = timeout(PATIENCE * 2, holds(|| proxy.ignored() > 0)).await;
    is_asked.expect("asked in time");
    node.enter(&["a"]).await;
    assert_eq!(node.hub().stats().cluster_disconnects, 0);
}
