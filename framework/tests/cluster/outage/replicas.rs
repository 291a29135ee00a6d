//! In a Redis Cluster others may be subscribed at replicas: they are counted and named there, too, and replicas
//! may be silent, come, go, and become masters.

use std::sync::Arc;

use super::{counting::count, *};
use crate::{
    common::{NEVER, within},
    waiting::{asked, holds},
};

/// Where nodes listen, in the main namespace: for all requests, and for what is meant for one.
const REQUESTS: &str = "socket.io-request#/#";
const ANSWERS: &str = "socket.io-response#/#other#";

/// Redis is asked for its replicas and masters every 10 s.
const ASKED: Duration = PATIENCE.saturating_mul(3);

async fn names(node: &Node) -> Vec<Arc<str>> {
    let namespace = node.hub().namespace("/").expect("a namespace");
    let cluster = node.hub().cluster().expect("an adapter");
    cluster.server_ids(&namespace).await.expect("named")
}

async fn counts(node: &Node, wanted: usize) {
    let namespace = node.hub().namespace("/").expect("a namespace");
    let cluster = node.hub().cluster().expect("an adapter");
    let counted = asked(async || cluster.server_count(&namespace).await.ok() == Some(wanted));
    let counted = timeout(ASKED, counted).await;
    counted.unwrap_or_else(|_| panic!("{wanted} are never counted"));
}

async fn notices(node: &Node) {
    let notices = holds(|| node.hub().stats().cluster_disconnects > 0);
    let noticed = timeout(ASKED, notices).await;
    noticed.expect("it is noticed in time");
    node.connected().await;
}

/// In a Redis Cluster of which the last one is a replica.
async fn beside_a_replica(response_timeout: Duration) -> (RedisCluster, Node) {
    let mut redis = RedisCluster::start();
    redis.add_replica();
    redis.names_its_last();
    redis.trusts_everyone();
    let adapter = Redis::pub_sub(redis.nodes[0].url()).cluster::<String>([]);
    let adapter = adapter.response_timeout(response_timeout);
    let node = Node::start(|hub| hub.adapter(adapter)).await;
    counts(&node, 1).await;
    (redis, node)
}

#[actix_web::test]
async fn servers_that_are_subscribed_at_a_replica_are_counted() {
    let (redis, node) = beside_a_replica(PATIENCE).await;
    // As ioredis does, which Node's servers use.
    let _listening = redis.nodes[3].listen(REQUESTS);
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
async fn servers_that_are_subscribed_at_a_replica_are_named() {
    let (redis, node) = beside_a_replica(PATIENCE).await;
    let _listening = redis.nodes[3].listen(ANSWERS);
    let names = names(&node).await;
    assert_eq!(names.len(), 2);
    assert!(names.iter().any(|name| **name == *"other"), "{names:?}");
}

#[actix_web::test]
async fn servers_at_a_replica_that_comes_later_are_counted_and_named_over_sharded() {
    let mut redis = RedisCluster::start();
    let adapter = Redis::sharded(redis.nodes[0].url()).cluster::<String>([]);
    let adapter = adapter
        .subscription_mode(SubscriptionMode::Static)
        .response_timeout(PATIENCE);
    let node = Node::start(|hub| hub.adapter(adapter)).await;
    assert_eq!(count(&node).await, 1);
    let all = "socket.io#/#";
    let master = redis.owner_of(all);
    // A name of which the channel is there, too.
    let mut others = (0..).map(|number| format!("other-{number}"));
    let of = |name: &String| format!("{all}{name}#");
    let other = others.find(|name| redis.owner_of(&of(name)) == master);
    let other = other.expect("one of three");
    redis.add_replica_of(master);
    redis.trusts_everyone();
    let _listening = [all, &of(&other)].map(|channel| redis.nodes[3].listen_to_shard(channel));
    counts(&node, 2).await;
    let names = names(&node).await;
    assert!(names.iter().any(|name| **name == *other), "{names:?}");
}

#[actix_web::test]
async fn servers_at_a_replica_that_becomes_the_master_are_counted_once() {
    let (redis, node) = beside_a_replica(PATIENCE).await;
    let _there = redis.nodes[3].listen(REQUESTS);
    assert_eq!(count(&node).await, 2);
    redis.promote(3);
    notices(&node).await;
    counts(&node, 2).await;
    // The one that was the master is asked as a replica.
    let _here = redis.nodes[0].listen(REQUESTS);
    counts(&node, 3).await;
}

/// A node that tries to reach its last replica for longer than the test, with others that have an hour for answers.
async fn beside_a_dead_replica(redis: &RedisCluster) -> Node {
    redis.names_its_last();
    redis.trusts_everyone();
    redis.nodes.last().expect("a replica").pause();
    let adapter = Redis::pub_sub(redis.nodes[0].url()).cluster::<String>([]);
    let adapter = adapter.connection_timeout(NEVER);
    Node::start(|hub| hub.requests_timeout(NEVER).adapter(adapter)).await
}

#[actix_web::test]
async fn nobody_waits_for_a_replica_that_is_dead_when_the_node_comes() {
    let mut redis = RedisCluster::start();
    redis.add_replica();
    let node = beside_a_dead_replica(&redis).await;
    let everyone = || node.hub().everyone();
    let found = within("who is there", everyone().fetch_sockets()).await;
    assert_eq!(found.expect("sockets").missing_nodes(), None);
    let joined = within("who has joined", everyone().join(["b"])).await;
    let unknown = matches!(joined, Err(EmitError::Unconfirmed { missing: None }));
    assert!(unknown, "{joined:?}");
    redis.nodes[3].resume();
    let known = asked(async || {
        everyone()
            .fetch_sockets()
            .await
            .expect("sockets")
            .is_complete()
    });
    within("it is known who is there", known).await;
}

#[actix_web::test]
async fn a_failover_is_noticed_while_a_dead_replica_is_still_tried() {
    let mut redis = RedisCluster::start();
    redis.add_replica();
    redis.add_replica_of(1);
    let node = beside_a_dead_replica(&redis).await;
    redis.promote(3);
    notices(&node).await;
}
