//! Redis in its other forms: replicas and sentinels, a Redis Cluster, TLS.

use roomcast::adapter::Redis;

use super::world::{Node, World, settle};
use crate::common::redis::{Certificate, RedisCluster, RedisServer, Sentinels};

#[actix_web::test]
async fn a_failover_makes_nobody_go() {
    let mut sentinels = Sentinels::start();
    let node = || {
        let redis = Redis::pub_sub("redis://sentinels/").sentinel("main", [sentinels.url()]);
        Node::with(redis)
    };
    let (one, other) = (node(), node());
    let mut world = World::of(one, other).await;
    sentinels.master.kill();
    world.nobody_has_gone().await;
    assert!(world.one.server.hub().user("bob").online().await.unwrap());
}

#[actix_web::test]
async fn a_slot_that_moves_takes_presence_along() {
    let cluster = RedisCluster::start();
    let urls: Vec<_> = cluster.nodes.iter().map(RedisServer::url).collect();
    let node = || Node::with(Redis::pub_sub("redis://cluster/").cluster(urls.clone()));
    let (one, other) = (node(), node());
    let mut world = World::of(one, other).await;
    let slot = cluster.nodes[0].command(&["CLUSTER", "KEYSLOT", "{roomcast:}"]);
    cluster.migrate_slot(slot.trim());
    world.one.counts(2).await;
    settle().await;
    let cid = world.one.enter("cid").await;
    world.hear("+cid").await;
    cid.socket.untrack("lobby");
    world.hear("-cid").await;
}

#[actix_web::test]
async fn presence_is_shared_over_tls() {
    let certificate = Certificate::new();
    let server = RedisServer::with_tls(&certificate, "no");
    let url = format!("rediss://localhost:{}/", server.port());
    let node = || {
        let redis = Redis::pub_sub(url.clone()).root_certificate(certificate.pem());
        Node::with(redis)
    };
    let (one, other) = (node(), node());
    let mut world = World::of(one, other).await;
    world.ann.socket.untrack("lobby");
    world.hear("-ann").await;
}
