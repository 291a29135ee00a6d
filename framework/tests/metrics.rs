//! What an exporter of the `metrics` facade is told.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
mod waiting;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use common::{http::POLLING, redis::RedisServer, until, within};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use roomcast::{
    HubBuilder, Recovery,
    adapter::{InProcess, Redis},
    prelude::*,
    testing::{RawClient, TestClient, TestServer},
};
use waiting::PATIENCE;

/// Keeps the sum of each series, and of a histogram the number of its values, and apart from that their sum and the
/// highest.
#[derive(Clone, Default)]
struct Exporter {
    series: Arc<Mutex<BTreeMap<String, f64>>>,
    sums: Arc<Mutex<BTreeMap<String, f64>>>,
    highest: Arc<Mutex<BTreeMap<String, f64>>>,
    described: Arc<Mutex<Vec<String>>>,
}

struct Series {
    name: String,
    of: Exporter,
}

impl Series {
    fn add(&self, more: f64) {
        let mut series = self.of.series.lock().unwrap();
        *series.entry(self.name.clone()).or_default() += more;
    }
}

impl CounterFn for Series {
    fn increment(&self, more: u64) {
        self.add(more as f64);
    }

    fn absolute(&self, _: u64) {
        unreachable!("counters are incremented");
    }
}

impl GaugeFn for Series {
    fn increment(&self, more: f64) {
        self.add(more);
    }

    fn decrement(&self, less: f64) {
        self.add(-less);
    }

    fn set(&self, _: f64) {
        unreachable!("several hubs share a gauge");
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        assert!((0.0..60.0).contains(&value), "{} took {value} s", self.name);
        let mut sums = self.of.sums.lock().unwrap();
        *sums.entry(self.name.clone()).or_default() += value;
        drop(sums);
        self.add(1.0);
        let mut highest = self.of.highest.lock().unwrap();
        let highest = highest.entry(self.name.clone()).or_default();
        *highest = highest.max(value);
    }
}

impl Exporter {
    fn series(&self, key: &Key) -> Arc<Series> {
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::new(Series {
            name,
            of: self.clone(),
        })
    }

    fn describe(&self, name: &KeyName) {
        self.described
            .lock()
            .unwrap()
            .push(name.as_str().to_owned());
    }

    fn get(&self, series: &str) -> f64 {
        self.series
            .lock()
            .unwrap()
            .get(series)
            .copied()
            .unwrap_or_default()
    }
}

impl Exporter {
    /// The seconds of a histogram.
    fn sum(&self, series: &str) -> f64 {
        self.sums
            .lock()
            .unwrap()
            .get(series)
            .copied()
            .unwrap_or_default()
    }
}

impl Recorder for Exporter {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.series(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series(key))
    }
}

/// The exporter of this process, and with it of all tests here.
fn exporter() -> &'static Exporter {
    static EXPORTER: OnceLock<Exporter> = OnceLock::new();
    EXPORTER.get_or_init(|| {
        let exporter = Exporter::default();
        metrics::set_global_recorder(exporter.clone()).unwrap();
        exporter
    })
}

#[derive(EventHandlers)]
#[handles(Echo, Flood, Slow, Block)]
struct Guest;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Echo(String);

/// More for one client than its connection takes.
#[derive(Serialize, Deserialize, Event)]
struct Flood(usize);

/// Is answered after `LATE`.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = ())]
struct Slow;

/// Blocks the worker for `BLOCKED`.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = ())]
struct Block;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u8)]
struct Question;

const LATE: Duration = Duration::from_millis(50);

/// More than the time between two signs of life of a worker.
const BLOCKED: Duration = Duration::from_millis(600);

#[expect(
    clippy::disallowed_methods,
    reason = "a thread that does nothing else is what is measured"
)]
fn block(time: Duration) {
    std::thread::sleep(time);
}

/// In seconds, that is: neither in milliseconds nor nothing at all.
fn took(sum: f64, at_least: Duration) {
    assert!(sum >= at_least.as_secs_f64(), "{sum} s");
    assert!(sum < 40.0, "{sum} s");
}

impl Session for Guest {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Echo> for Guest {
    async fn handle(&mut self, Echo(text): Echo, _: &Socket) -> Result<String, Rejection> {
        Ok(text)
    }
}

impl Handle<Flood> for Guest {
    async fn handle(&mut self, Flood(bytes): Flood, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.emit(&Echo("x".repeat(bytes)))?)
    }
}

impl Handle<Slow> for Guest {
    async fn handle(&mut self, _: Slow, _: &Socket) -> Result<(), Rejection> {
        actix_web::rt::time::sleep(LATE).await;
        Ok(())
    }
}

impl Handle<Block> for Guest {
    async fn handle(&mut self, _: Block, _: &Socket) -> Result<(), Rejection> {
        block(BLOCKED);
        Ok(())
    }
}

/// Each test has a namespace of its own.
fn serve(namespace: &str) -> TestServer {
    exporter();
    TestServer::start(
        Hub::builder()
            .namespace::<Guest>(namespace)
            .build()
            .unwrap(),
    )
}

async fn enter(server: &TestServer, namespace: &str) -> TestClient {
    let client = TestClient::builder(server).namespace(namespace);
    client.connect().await.unwrap()
}

#[actix_web::test]
async fn handlers_are_measured_by_namespace_and_event_and_sockets_counted_by_namespace() {
    exporter();
    let hub = Hub::builder().dynamic_namespace::<Guest>("/room-{id}");
    let server = TestServer::start(hub.build().unwrap());
    let sockets = || exporter().get("roomcast_namespace_sockets{namespace=/room-{id}}");
    let one = enter(&server, "/room-1").await;
    let other = enter(&server, "/room-2").await;
    assert_eq!(sockets(), 2.0, "of all rooms together");
    one.emit_with_ack(&Echo("a".into())).await;
    other.emit_with_ack(&Echo("b".into())).await;
    let series = "roomcast_handler_duration_seconds{namespace=/room-{id},event=echo}";
    assert_eq!(exporter().get(series), 2.0);
    one.emit_with_ack(&Slow).await;
    let slow = "roomcast_handler_duration_seconds{namespace=/room-{id},event=slow}";
    took(exporter().sum(slow), LATE);
    one.disconnect().await;
    until("it is counted no more", || sockets() == 1.0).await;
    // A worker that ends leaves nothing.
    drop(server);
    until("nobody is left", || sockets() == 0.0).await;
}

#[actix_web::test]
async fn answers_of_clients_are_measured() {
    let server = serve("/acks");
    let client = enter(&server, "/acks").await;
    client.answer(|Question| {
        block(LATE);
        7
    });
    let series = "roomcast_ack_duration_seconds{}";
    let acks = server.hub().namespace("/acks").unwrap();
    acks.everyone().emit_with_ack(&Question).await.unwrap();
    assert_eq!(exporter().get(series), 1.0, "no other test here asks");
    took(exporter().sum(series), LATE);
}

#[actix_web::test]
async fn a_worker_that_is_blocked_lags() {
    let server = serve("/lag");
    let client = enter(&server, "/lag").await;
    let lag = || exporter().sum("roomcast_worker_lag_seconds{worker=0}");
    let begun = (lag(), Instant::now());
    client.emit_with_ack(&Block).await;
    // The sign of life that was due at the latest 250 ms after the block had begun.
    let at_least = BLOCKED - Duration::from_millis(250);
    until("the worker has shown that it runs", || {
        lag() - begun.0 >= at_least.as_secs_f64()
    })
    .await;
    // Other tests here have workers of this number, too, and each a lag of its own.
    assert!(
        lag() - begun.0 < 100.0 * begun.1.elapsed().as_secs_f64(),
        "{}",
        lag()
    );
}

const DELIVERED: &str = "roomcast_cluster_delivery_duration_seconds{}";

/// One exporter has all, so the one adapter is looked at after the other.
#[actix_web::test]
async fn the_way_over_redis_is_measured_by_the_node_that_emits() {
    exporter();
    let redis = RedisServer::start();
    let published = || exporter().get("roomcast_cluster_publish_duration_seconds{}");
    let delivered = || exporter().get(DELIVERED);
    let slowest = || exporter().highest.lock().unwrap().get(DELIVERED).copied();
    let serve = |hub: HubBuilder| TestServer::start(hub.build().unwrap());
    let hub = || Hub::builder().namespace::<Guest>("/");
    let emit = async |server: &TestServer| {
        let client = TestClient::connect(server).await.unwrap();
        until("it is one of a cluster", || {
            server.hub().stats().cluster_connected == 1
        })
        .await;
        server.hub().emit(&Echo("a".into())).unwrap();
        client.expect::<Echo>().await;
    };
    let server = serve(
        hub()
            .adapter(Redis::streams(redis.url()))
            .connection_state_recovery(Recovery::new()),
    );
    emit(&server).await;
    assert_eq!(delivered(), 1.0);
    until("Redis has answered", || published() > 0.0).await;
    for latency in ["publish", "delivery"] {
        let sum = exporter().sum(&format!("roomcast_cluster_{latency}_duration_seconds{{}}"));
        assert!(sum > 0.0 && sum < 40.0, "{latency}: {sum} s");
    }
    drop(server);

    let before = (published(), delivered());
    let server = serve(hub().adapter(Redis::sharded(redis.url())));
    emit(&server).await;
    until("Redis has answered", || published() > before.0).await;
    until("the node has heard itself", || delivered() > before.1).await;
    drop(server);

    let before = (published(), delivered());
    let adapter = Redis::pub_sub(redis.url()).response_timeout(PATIENCE);
    let server = serve(hub().adapter(adapter));
    emit(&server).await;
    until("Redis has answered", || published() > before.0).await;
    until("the node has heard itself", || delivered() > before.1).await;
    // Of this adapter, whatever a busy machine has made of the others.
    exporter().highest.lock().unwrap().remove(DELIVERED);
    // A Redis that stands still for so long, which is more than once a second and less than what a node waits for.
    let stalls = async {
        while slowest() < Some(1.0) {
            let before = delivered();
            redis.pause();
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            redis.resume();
            until("it goes on", || delivered() > before).await;
        }
    };
    within("that Redis is slow is seen", stalls).await;
    let stats = server.hub().stats();
    assert_eq!(
        (stats.cluster_disconnects, stats.cluster_lost_in_flight),
        (0, 0)
    );
    // What a node tells itself is nobody's message.
    assert_eq!((stats.cluster_published, stats.cluster_received), (1, 0));
    assert_eq!(
        (stats.cluster_malformed, stats.cluster_answers_ignored),
        (0, 0)
    );
}

#[actix_web::test]
async fn a_hub_that_is_dropped_takes_its_share_of_the_gauges_with_it() {
    let exporter = Exporter::default();
    let cluster = InProcess::new();
    let serve = |max| {
        let hub = Hub::builder().namespace::<Guest>("/").max_connections(max);
        let hub = hub.adapter(cluster.clone());
        let hub = metrics::with_local_recorder(&exporter, || hub.build().unwrap());
        TestServer::start(hub)
    };
    let (one, other) = (serve(10), serve(20));
    let gauge = |name: &str| exporter.get(&format!("{name}{{}}"));
    let connected = || gauge("roomcast_cluster_connected");
    let taken = || gauge("roomcast_max_connections");
    until("both are connected", || connected() == 2.0).await;
    assert_eq!(taken(), 30.0);
    other.hub().drain().await;
    assert_eq!(gauge("roomcast_draining"), 1.0);
    drop(other);
    until("the first is left", || taken() == 10.0).await;
    assert_eq!((gauge("roomcast_draining"), connected()), (0.0, 1.0));
    drop(one);
    until("none is left", || taken() == 0.0).await;
    assert_eq!(connected(), 0.0);
}

#[actix_web::test]
async fn sessions_are_counted_by_transport_and_bytes_both_ways() {
    let server = serve("/bytes");
    let stats = || server.hub().stats();
    let polling = common::http::request(&server, "GET", POLLING, &[]).await;
    assert_eq!(polling.status, 200);
    assert_eq!(
        (stats().polling_sessions, stats().websocket_connections),
        (1, 0)
    );
    let client = enter(&server, "/bytes").await;
    assert_eq!(
        (stats().polling_sessions, stats().websocket_connections),
        (1, 1)
    );
    assert_eq!((stats().connections, stats().max_connections), (2, 50_000));

    client.emit_with_ack(&Echo("x".repeat(10_000))).await;
    until("both ways are counted", || {
        let stats = stats();
        stats.received_bytes > 10_000 && stats.sent_bytes > 10_000
    })
    .await;
    assert!(stats().sent_bytes < 12_000, "counted once");
    assert_eq!(stats().emitted, 0, "acks are no events");
    server
        .hub()
        .namespace("/bytes")
        .unwrap()
        .everyone()
        .emit(&Echo("all".into()))
        .unwrap();
    client.emit(&Flood(1)).await;
    until(
        "emits are counted, from this thread and from the worker",
        || stats().emitted == 2,
    )
    .await;
    drop(client);
    until("it has gone", || stats().websocket_connections == 0).await;
}

#[actix_web::test]
async fn what_waits_for_a_slow_client_is_counted_until_it_has_gone() {
    let server = serve("/slow");
    let waiting = || server.hub().stats().outbox_bytes;
    let mut slow = RawClient::open(&server).await;
    slow.send("40/slow,").await;
    // One that exceeds what the kernel buffers, and is never read.
    slow.send(r#"42/slow,["flood",16000000]"#).await;
    until("it waits", || waiting() > 1_000_000).await;
    drop(slow);
    until("nothing waits", || waiting() == 0).await;
}

#[actix_web::test]
async fn every_figure_is_described() {
    let server = serve("/described");
    let client = enter(&server, "/described").await;
    client.emit_with_ack(&Echo("a".into())).await;
    let described = exporter().described.lock().unwrap().clone();
    for series in exporter().series.lock().unwrap().keys() {
        let name = series.split('{').next().unwrap();
        let is_ours = name.starts_with("roomcast_") || name == "websocket_connections";
        assert!(is_ours, "{name}");
        assert!(described.iter().any(|known| known == name), "{name}");
    }
}
