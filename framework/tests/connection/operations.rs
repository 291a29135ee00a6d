//! What a node tells about itself: `/health`, `/ready`, and workers that are blocked.

mod blocked;

use std::{
    sync::{
        Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use crate::common::{
    http::{Answer, request},
    until, within,
};
use actix_web::web;
use roomcast::{
    ClusterReadiness, HubBuilder, NotReady, ReadinessPolicy,
    prelude::*,
    testing::{TestClient, TestServer},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Blocks its thread until the test lets it go.
struct Gate {
    entered: SyncSender<()>,
    leave: Mutex<Receiver<()>>,
}

#[derive(EventHandlers)]
#[handles(Block)]
struct Guest;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = ())]
struct Block;

impl Session for Guest {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Block> for Guest {
    async fn handle(&mut self, Block: Block, socket: &Socket) -> Result<(), Rejection> {
        let gate: &Gate = socket.state();
        gate.entered.send(()).expect("a test");
        let leave = gate.leave.lock().expect("no panic");
        leave.recv().expect("a test");
        Ok(())
    }
}

fn hub() -> HubBuilder {
    Hub::builder().namespace::<Guest>("/")
}

/// Serves the routes for operators in a server of their own.
fn operators(hub: &Hub) -> TestServer {
    let routes = hub.operations();
    let server = TestServer::builder(hub.clone());
    server
        .configure(move |config| routes.clone()(config))
        .start()
}

async fn ask(server: &TestServer, target: &str) -> (u16, Value) {
    let answer = request(server, "GET", target, &[]).await;
    let body = serde_json::from_str(answer.text()).expect("JSON");
    (answer.status, body)
}

fn not_ready(reason: &str, message: &str) -> Value {
    json!({ "status": "not ready", "reasons": [{ "reason": reason, "message": message }] })
}

#[actix_web::test]
async fn a_node_that_is_well_says_so_on_another_port_and_below_a_scope() {
    let hub = hub().build().unwrap();
    let routes = hub.operations();
    let scoped = TestServer::builder(hub.clone()).configure(move |config| {
        config.service(web::scope("/internal").configure(routes.clone()));
    });
    let scoped = scoped.start();
    let operators = operators(&hub);
    for (server, scope) in [(&operators, ""), (&scoped, "/internal")] {
        let healthy = json!({ "status": "healthy", "workers": 0, "blocked": [] });
        assert_eq!(
            ask(server, &format!("{scope}/health")).await,
            (200, healthy)
        );
        let ready = json!({ "status": "ready", "reasons": [] });
        assert_eq!(ask(server, &format!("{scope}/ready")).await, (200, ready));
    }
    let mut stream = TcpStream::connect(operators.addr()).await.unwrap();
    let head = b"HEAD /ready HTTP/1.0\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut answer = Vec::new();
    let whole = within("the answer", stream.read_to_end(&mut answer));
    whole.await.unwrap();
    let answer = Answer::parse(answer);
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let ready = request(&operators, "GET", "/ready", &[]).await;
    assert_eq!(ready.header("cache-control"), Some("no-store"));
    assert_eq!(ready.header("content-type"), Some("application/json"));
    let clients = request(&operators, "GET", crate::common::http::POLLING, &[]).await;
    assert_eq!(clients.status, 404, "clients have no business there");
}

#[actix_web::test]
async fn a_full_node_is_ready_unless_its_policy_says_otherwise() {
    let hub = hub().max_connections(1).build().unwrap();
    let server = TestServer::start(hub.clone());
    let _only = TestClient::connect(&server).await.unwrap();
    TestClient::connect(&server).await.unwrap_err();
    let ready = json!({ "status": "ready", "reasons": [] });
    assert_eq!(ask(&operators(&hub), "/ready").await, (200, ready));
}

#[test]
fn a_share_that_is_never_reached_or_always_is_refused_when_the_hub_is_built() {
    for percent in [0, 101] {
        let policy = ReadinessPolicy::new().full_at_percent(percent);
        let refused = hub().readiness(policy).build().map(drop);
        let told = refused.unwrap_err().to_string();
        assert_eq!(told, "`full_at_percent` must be from 1 to 100");
    }
}

#[actix_web::test]
async fn a_node_that_is_nearly_full_wants_no_more_clients_and_still_takes_them() {
    let policy = ReadinessPolicy::new().full_at_percent(50);
    let hub = hub().max_connections(4).readiness(policy).build().unwrap();
    let server = TestServer::start(hub.clone());
    let operators = operators(&hub);
    let _first = TestClient::connect(&server).await.unwrap();
    assert!(hub.ready().is_ready());
    let second = TestClient::connect(&server).await.unwrap();
    let (open, limit) = (2, 4);
    assert_eq!(
        hub.ready().reasons(),
        [NotReady::NearCapacity { open, limit }]
    );
    let told = not_ready("near_capacity", "2 of 4 connections are open");
    assert_eq!(ask(&operators, "/ready").await, (503, told));
    assert_eq!(ask(&operators, "/health").await.0, 200);
    let third = TestClient::connect(&server).await.unwrap();
    drop((second, third));
    until("it has room again", || hub.ready().is_ready()).await;
}

#[actix_web::test]
async fn a_hub_that_shuts_down_is_not_ready_but_healthy() {
    let hub = hub().build().unwrap();
    let operators = operators(&hub);
    hub.drain().await;
    let told = not_ready("draining", "the hub drains");
    assert_eq!(ask(&operators, "/ready").await, (503, told));
    assert_eq!(ask(&operators, "/health").await.0, 200);
}

#[cfg(feature = "redis")]
mod cluster {
    use roomcast::adapter::Redis;
    use tokio::net::TcpSocket;

    use super::*;
    use crate::common::redis::RedisServer;

    struct Node {
        /// What runs the adapter.
        server: TestServer,
        operators: TestServer,
    }

    impl Node {
        fn start(redis: &str, cluster: ClusterReadiness) -> Self {
            let policy = ReadinessPolicy::new().cluster(cluster);
            let hub = hub().adapter(Redis::pub_sub(redis)).readiness(policy);
            let hub = hub.build().unwrap();
            let operators = operators(&hub);
            let server = TestServer::start(hub);
            Self { server, operators }
        }

        async fn ready(&self) -> (u16, Value) {
            ask(&self.operators, "/ready").await
        }

        async fn becomes(&self, connected: bool) {
            let hub = self.server.hub();
            let stats = || hub.stats().cluster_connected == u64::from(connected);
            until("it notices", stats).await;
        }
    }

    fn cut_off() -> Value {
        not_ready("cluster_disconnected", "not connected to the cluster")
    }

    #[actix_web::test]
    async fn a_node_that_has_not_reached_its_cluster_is_not_ready_unless_that_does_not_matter() {
        // Its port is taken, and nobody listens there.
        let taken = TcpSocket::new_v4().unwrap();
        taken.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let nobody = format!("redis://{}/", taken.local_addr().unwrap());
        for cluster in [ClusterReadiness::AtStart, ClusterReadiness::Required] {
            let node = Node::start(&nobody, cluster);
            assert_eq!(node.ready().await, (503, cut_off()));
            assert_eq!(ask(&node.operators, "/health").await.0, 200);
        }
        let node = Node::start(&nobody, ClusterReadiness::Ignored);
        assert_eq!(node.ready().await.0, 200);
    }

    #[actix_web::test]
    async fn a_redis_that_goes_makes_only_nodes_unready_that_must_be_connected() {
        let mut redis = RedisServer::start();
        let lenient = Node::start(&redis.url(), ClusterReadiness::AtStart);
        let strict = Node::start(&redis.url(), ClusterReadiness::Required);
        for node in [&lenient, &strict] {
            node.becomes(true).await;
            assert_eq!(node.ready().await.0, 200);
        }
        redis.kill();
        for node in [&lenient, &strict] {
            node.becomes(false).await;
        }
        assert_eq!(strict.ready().await, (503, cut_off()));
        assert_eq!(lenient.ready().await.0, 200, "it serves its own clients");
        redis.restart();
        strict.becomes(true).await;
        assert_eq!(strict.ready().await.0, 200);
    }
}
