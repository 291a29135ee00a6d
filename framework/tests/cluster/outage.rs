//! What a node does while Redis is away, and when it is back.

#![cfg(feature = "redis")]

mod counting;
mod failover;
mod full;
mod leaving;
mod recovery;
mod replicas;
mod waiting;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::common::{
    member::{Hall, Join, Number, members},
    redis::{RedisCluster, RedisServer},
    until,
};
use crate::waiting::PATIENCE;
use roomcast::{
    ClusterEvent, EmitError, HubBuilder,
    adapter::{OutboxPolicy, Redis, SubscriptionMode},
    prelude::*,
    testing::{TestClient, TestServer},
};
use tokio::time::timeout;

struct Node {
    server: TestServer,
    hall: Hall,
    /// What `on_cluster` was told.
    told: Arc<Mutex<Vec<&'static str>>>,
}

impl Node {
    async fn start(adapter: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        let (hub, hall) = members();
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let hub = hub
            .requests_timeout(Duration::from_millis(500))
            .on_cluster(move |event| {
                let name = match event {
                    ClusterEvent::Connected => "connected",
                    ClusterEvent::Disconnected { .. } => "disconnected",
                    _ => "other",
                };
                tell.lock().expect("no panic").push(name);
            });
        let server = TestServer::builder(adapter(hub).build().expect("a hub")).start();
        let node = Self { server, hall, told };
        node.connected().await;
        node
    }

    fn hub(&self) -> &Hub {
        self.server.hub()
    }

    async fn connected(&self) {
        let cluster = self.hub().cluster().expect("an adapter");
        let connected = timeout(PATIENCE * 2, cluster.connected()).await;
        connected.expect("connected in time");
    }

    async fn notices(&self) {
        until("it notices", || self.hub().stats().cluster_connected == 0).await;
    }

    async fn enter(&mut self, rooms: &[&str]) -> TestClient {
        let (client, _) = self.hall.enter(&self.server, rooms).await;
        self.subscribed().await;
        client
    }

    async fn subscribed(&self) {
        let cluster = self.hub().cluster().expect("an adapter");
        let subscribed = timeout(PATIENCE, cluster.subscribed()).await;
        subscribed.expect("subscribed in time");
    }

    fn emit(&self, number: u32) {
        self.hub().to("a").emit(&Number(number)).expect("emitted");
    }

    fn told(&self) -> Vec<&'static str> {
        self.told.lock().expect("no panic").clone()
    }
}

async fn number(client: &TestClient) -> u32 {
    let number = timeout(PATIENCE * 2, client.expect::<Number>()).await;
    number.expect("a number in time").0
}

async fn survives_a_restart(adapter: impl Fn(HubBuilder, &RedisServer) -> HubBuilder) {
    let mut redis = RedisServer::start();
    let mut one = Node::start(|hub| adapter(hub, &redis)).await;
    let mut other = Node::start(|hub| adapter(hub, &redis)).await;
    let (here, there) = (one.enter(&["a"]).await, other.enter(&["a"]).await);
    one.emit(0);
    assert_eq!([number(&here).await, number(&there).await], [0, 0]);

    redis.kill();
    one.notices().await;
    other.notices().await;
    for n in 1..=100 {
        one.emit(n);
        assert_eq!(number(&here).await, n, "delivery on the node goes on");
    }
    let found = one.hub().everyone().fetch_sockets().await.expect("sockets");
    assert_eq!(found.len(), 1);
    assert!(!found.is_complete());

    redis.restart();
    one.connected().await;
    other.connected().await;
    one.emit(101);
    // What waited is sent as soon as the sender is back, perhaps before the other listens again.
    let mut last = number(&there).await;
    while last < 101 {
        let next = number(&there).await;
        assert_eq!(next, last + 1);
        last = next;
    }
    // The server has counted since it began anew: all that waited, and the last.
    let counted = redis.command(&["INFO", "commandstats"]);
    let published: u32 = counted
        .lines()
        .filter_map(|line| line.split_once("publish:calls=")?.1.split(',').next())
        .map(|calls| calls.parse::<u32>().expect("a number"))
        .sum();
    assert!(published >= 101, "{counted}");
    let told = ["connected", "disconnected", "connected"];
    until("the application is told", || one.told() == told).await;
    let stats = one.hub().stats();
    assert_eq!(stats.cluster_connected, 1);
    assert_eq!(stats.cluster_disconnects, 1);
}

#[actix_web::test]
async fn pub_sub_survives_a_redis_that_restarts_empty() {
    survives_a_restart(|hub, redis| hub.adapter(Redis::pub_sub(redis.url()))).await;
}

#[actix_web::test]
async fn sharded_survives_a_redis_that_restarts_empty() {
    survives_a_restart(|hub, redis| hub.adapter(Redis::sharded(redis.url()))).await;
}

#[actix_web::test]
async fn one_loss_is_told_once_though_streams_have_several_connections() {
    let redis = RedisServer::start();
    let node = Node::start(|hub| hub.adapter(Redis::streams(redis.url()))).await;
    // Not those that read and write the stream.
    redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    let lost = || node.told().contains(&"disconnected");
    until("it is back", || {
        lost() && node.told().ends_with(&["connected"])
    })
    .await;
    let told = ["connected", "disconnected", "connected"];
    assert_eq!(node.told(), told);
    assert_eq!(node.hub().stats().cluster_disconnects, 1);
}

#[actix_web::test]
async fn traffic_goes_on_when_a_replica_has_taken_the_place_of_a_master() {
    let mut redis = RedisCluster::start();
    redis.add_replica();
    let adapter = Redis::sharded(redis.nodes[0].url()).cluster([redis.nodes[1].url()]);
    let mut one = Node::start(|hub| hub.adapter(adapter.clone())).await;
    let mut other = Node::start(|hub| hub.adapter(adapter)).await;
    // On all masters.
    let rooms: Vec<_> = (0..30).map(|room| room.to_string()).collect();
    let names: Vec<_> = rooms.iter().map(String::as_str).collect();
    let here = one.enter(&names[..1]).await;
    let there = other.enter(&names).await;

    redis.nodes[0].kill();
    one.notices().await;
    other.notices().await;
    one.hub().to("0").emit(&Number(100)).expect("emitted");
    assert_eq!(number(&here).await, 100);
    for node in [&one, &other] {
        // The other masters have to agree first.
        let cluster = node.hub().cluster().expect("an adapter");
        let connected = timeout(PATIENCE * 6, cluster.connected()).await;
        connected.expect("connected in time");
    }
    for (number, room) in (0..).zip(&rooms) {
        let to = one.hub().to(room.as_str());
        to.emit(&Number(number)).expect("emitted");
    }
    let mut missing: BTreeSet<u32> = (0..30).collect();
    while !missing.is_empty() {
        missing.remove(&number(&there).await);
    }
}

#[actix_web::test]
async fn a_redis_that_stalls_stops_no_worker() {
    // Notices sooner than by default.
    let hasty =
        |redis: &RedisServer| Redis::pub_sub(redis.url()).response_timeout(Duration::from_secs(1));
    let redis = RedisServer::start();
    let mut one = Node::start(|hub| hub.adapter(hasty(&redis))).await;
    let mut other = Node::start(|hub| hub.adapter(hasty(&redis))).await;
    let (here, there) = (one.enter(&["a"]).await, other.enter(&["a"]).await);
    redis.pause();
    let start = Instant::now();
    // Much more than the connection takes.
    for n in 0..1000 {
        let payload = (n, "x".repeat(10_000));
        one.hub()
            .to("b")
            .emit_raw("large", &payload)
            .expect("emitted");
    }
    one.emit(1);
    assert_eq!(number(&here).await, 1);
    here.emit(&Join("c".to_owned())).await;
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    one.notices().await;
    other.notices().await;
    redis.resume();
    one.connected().await;
    other.connected().await;
    // The first one waited, unless it was on its way. What is when a busy machine loses the connection again is lost,
    // too; nothing else is.
    let cuts = || one.hub().stats().cluster_disconnects + other.hub().stats().cluster_disconnects;
    for sent in 2.. {
        let before = cuts();
        one.emit(sent);
        let arrives = async { while number(&there).await < sent {} };
        tokio::select! {
            () = arrives => break,
            () = until("a connection is lost again", || cuts() > before) => {}
        }
    }
    assert!(one.hub().stats().cluster_lost_in_flight > 0);
}

#[actix_web::test]
async fn an_outbox_that_is_full_refuses_if_it_is_to() {
    let mut redis = RedisServer::start();
    let small = |hub: HubBuilder, redis: &RedisServer, policy| {
        let adapter = Redis::pub_sub(redis.url()).max_outbox_bytes(10_000);
        hub.adapter(adapter.outbox_policy(policy))
    };
    let mut refusing = Node::start(|hub| small(hub, &redis, OutboxPolicy::Refuse)).await;
    let dropping = Node::start(|hub| small(hub, &redis, OutboxPolicy::DropNewest)).await;
    let here = refusing.enter(&["a"]).await;
    redis.kill();
    refusing.notices().await;
    dropping.notices().await;
    let text = "x".repeat(4000);
    let emit = |node: &Node| node.hub().to("a").emit_raw("text", &(&text,));
    for _ in 0..2 {
        emit(&refusing).expect("it fits");
    }
    let refused = emit(&refusing).expect_err("it does not fit");
    assert!(matches!(refused, EmitError::Publish(_)), "{refused}");
    for _ in 0..3 {
        let event = timeout(PATIENCE, here.next()).await.expect("in time");
        assert_eq!(event.name(), "text", "whoever is here gets it all the same");
    }
    for _ in 0..3 {
        emit(&dropping).expect("it is dropped in silence");
    }
    assert_eq!(refusing.hub().stats().cluster_dropped["outbox_refused"], 1);
    assert_eq!(
        dropping.hub().stats().cluster_dropped["outbox_full_newest"],
        1
    );
    redis.restart();
    refusing.connected().await;
    until("there is room again", || emit(&refusing).is_ok()).await;
}

#[actix_web::test]
async fn a_node_that_shuts_down_is_not_counted_any_more() {
    let redis = RedisServer::start();
    let one = Node::start(|hub| hub.adapter(Redis::pub_sub(redis.url()))).await;
    let other = Node::start(|hub| hub.adapter(Redis::pub_sub(redis.url()))).await;
    other.server.stop().await;
    let subscribers = redis.command(&["PUBSUB", "NUMSUB", "socket.io-request#/#"]);
    assert!(subscribers.ends_with("\n1\n"), "{subscribers}");
    let found = one.hub().everyone().fetch_sockets().await.expect("sockets");
    assert!(found.is_complete());
}

#[actix_web::test]
async fn options_that_cannot_work_are_refused_when_the_hub_is_built() {
    for url in [
        "http://127.0.0.1/",
        "redis://127.0.0.1/x",
        "rediss://127.0.0.1/#insecure",
    ] {
        let (hub, _) = members();
        let refused = hub.adapter(Redis::pub_sub(url)).build();
        assert!(
            matches!(refused, Err(roomcast::BuildError::Adapter(_))),
            "{url}"
        );
    }
}
