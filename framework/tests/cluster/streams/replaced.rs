//! Redis comes back with an older state of the stream, and is given as many entries as it has lost before a
//! node reads on.

use std::future::pending;

use serde_json::json;
use tokio::sync::oneshot;

use super::{
    lost::is_refused,
    recovery::saved,
    world::{News, Node},
};
use crate::common::{redis::RedisServer, until, within};
use crate::proxy::Proxy;
use crate::wire::recovering::{Client, Ticket};

/// A node behind a proxy, a client there, and one that has gone and was still to see something that Redis does
/// not have any more.
struct World {
    redis: RedisServer,
    proxy: Proxy,
    node: Node,
    there: Client,
    ticket: Ticket,
}

impl World {
    async fn new() -> Self {
        let redis = RedisServer::start();
        let proxy = Proxy::before(redis.port()).await;
        let node = Node::at(&proxy.url()).await;
        let mut there = node.enter(&[]).await;
        let client = node.enter(&[]).await;
        let ticket = saved(&redis, client).await;
        redis.command(&["COPY", "socket.io", "before"]);
        node.hub().emit(&News(1)).unwrap();
        there.expect(json!(["news", 1])).await;
        Self {
            redis,
            proxy,
            node,
            there,
            ticket,
        }
    }
}

/// Other nodes are there sooner.
fn lose(redis: &RedisServer) {
    redis.command(&["RENAME", "before", "socket.io"]);
    for _ in 0..5 {
        redis.command(&["XADD", "socket.io", "*", "nsp", "/none"]);
    }
}

#[actix_web::test]
async fn nobody_comes_back_over_what_is_not_there_any_more() {
    let mut world = World::new().await;
    let node = &world.node;
    world.proxy.cut();
    until("it is away", || node.hub().stats().cluster_connected == 0).await;
    lose(&world.redis);
    world.proxy.heal();
    node.connected().await;
    assert_eq!(*node.gaps.lock().unwrap(), [None], "the loss is told");
    node.hub().emit(&News(2)).unwrap();
    world.there.expect(json!(["news", 2])).await;
    is_refused(node, &world.ticket).await;
}

/// How often Redis was asked for entries.
fn ranges(redis: &RedisServer) -> usize {
    let counted = redis.command(&["INFO", "commandstats"]);
    let mut lines = counted.lines();
    let calls = lines.find_map(|line| line.strip_prefix("cmdstat_xrange:calls="));
    let calls = calls.and_then(|calls| calls.split(',').next());
    calls.map_or(0, |calls| calls.parse().expect("a number"))
}

#[actix_web::test]
async fn who_is_about_to_come_back_waits_until_it_is_known_what_is_lost() {
    let World {
        redis,
        proxy,
        node,
        ticket,
        there: _there,
    } = World::new().await;
    let last = redis.command(&["XREVRANGE", "socket.io", "+", "-", "COUNT", "1"]);
    let last = last.lines().next().expect("an entry").to_owned();
    let (reached, is_reached) = oneshot::channel();
    // The first one asks whether all of it is there.
    proxy.before_command(b"XRANGE", 2, async move {
        let _ = reached.send(());
        pending().await
    });
    let losing = async {
        is_reached.await.expect("it is read");
        proxy.cut();
        until("it is away", || node.hub().stats().cluster_connected == 0).await;
        lose(&redis);
        let before = ranges(&redis);
        let (held, is_held) = oneshot::channel();
        let (go_on, may_go_on) = oneshot::channel();
        // The node's own question, whether what it has read last is still there.
        let own = format!("{last}\r\n${}\r\n{last}\r\n", last.len());
        proxy.before_command(own, 1, async move {
            let _ = held.send(());
            let _ = may_go_on.await;
        });
        proxy.heal();
        within("the node asks", is_held).await.expect("a proxy");
        until("the rest is read", || ranges(&redis) > before).await;
        // Much more than it would take to ask, on the same connection, whether all of it was there.
        let namespace = node.hub().namespace("/").expect("a namespace");
        let cluster = node.hub().cluster().expect("an adapter");
        for _ in 0..50 {
            cluster.server_count(&namespace).await.expect("counted");
        }
        let _ = go_on.send(());
    };
    let coming = Client::back(&node.server, &ticket);
    let ((client, recovered), ()) = tokio::join!(coming, losing);
    assert!(!recovered, "{:?}", client.missed);
}
