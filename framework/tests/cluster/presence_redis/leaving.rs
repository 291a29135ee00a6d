//! Nodes go, in good order and otherwise.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::world::{Node, World};
use crate::common::{redis::RedisServer, until};
use crate::proxy::Proxy;
use crate::waiting::PATIENCE;

#[actix_web::test]
async fn a_node_that_is_stopped_takes_its_presence_along_at_once() {
    let redis = RedisServer::start();
    // Leases that are over only when nobody waits any more.
    let [one, other] = [(); 2].map(|()| Node::leased(&redis.url(), Duration::from_secs(300)));
    let mut world = World::of(one, other).await;
    let drained = world.one.server.hub().drain().await;
    assert!(drained.clean, "its presence was given back: {drained}");
    assert_eq!(world.watches[1].next().await, "-ann");
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
    hub.drain().await;
    while world.watches[0].next().await != "end" {}
    let refused = timeout(PATIENCE, hub.presence("lobby").watch()).await;
    assert!(refused.expect("an answer").is_err());
}

#[actix_web::test]
async fn a_redis_that_stalls_does_not_hold_up_a_node_that_is_stopped() {
    let redis = RedisServer::start();
    let world = World::start(&redis.url()).await;
    redis.pause();
    let stopped = timeout(2 * PATIENCE, world.one.server.hub().drain()).await;
    redis.resume();
    assert!(!stopped.expect("stopped in time").clean);
}

#[actix_web::test]
async fn a_drain_that_nobody_awaits_any_more_while_it_leaves_is_gone_on_with() {
    let redis = RedisServer::start();
    let world = World::start(&redis.url()).await;
    let hub = world.one.server.hub();
    redis.pause();
    let leaving = async {
        until("its clients have gone", || hub.stats().connections == 0).await;
        // Then nothing is left but to leave, which Redis does not let it.
        sleep(Duration::from_millis(100)).await;
    };
    tokio::select! {
        drained = hub.drain() => panic!("{drained}"),
        () = leaving => redis.resume(),
    }
    let drained = timeout(PATIENCE, hub.drain()).await;
    assert!(drained.expect("drained in time").clean);
    let leases = redis.command(&["ZCARD", "roomcast:nodes"]);
    assert_eq!(leases.trim(), "1", "it has not gone before its lease");
}

/// The threads of the node end without a word; `tests/cluster/presence.test.mjs` kills a process.
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

#[actix_web::test]
async fn a_node_without_redis_is_gone_for_others_and_comes_back_by_itself() {
    let redis = RedisServer::start();
    let proxy = Proxy::before(redis.port()).await;
    let (one, other) = (Node::start(&proxy.url()), Node::start(&redis.url()));
    let mut world = World::of(one, other).await;
    proxy.cut();
    assert_eq!(world.watches[1].next().await, "-ann");
    world.other.counts(1).await;
    proxy.heal();
    assert_eq!(world.watches[1].next().await, "+ann");
    world.bob.socket.untrack("lobby");
    world.hear("-bob").await;
    let lost = world.one.server.hub().stats().presence_leases_lost;
    assert!(lost >= 1, "it has noticed");
    let failed = world.one.server.hub().stats().presence_failed;
    assert!(failed["renew"] >= 1, "{failed:?}");
}
