//! A hub that several servers serve, or none yet.

use std::sync::Arc;

use actix_web::rt;
use roomcast::{
    Hub, NotReady, WebSocketMode,
    adapter::{InProcess, IntoAdapter, Redis},
    testing::{RawClient, TestClient, TestServer},
};
use tokio::{sync::Notify, time::timeout};

use crate::waiting::PATIENCE;
use crate::{
    common::{
        clients::raw,
        http::{POLLING, request},
    },
    world::{World, assert_outcome, hub},
};

/// What a server of the hub waits for before it stops.
fn shutting_down(hub: &Hub, signal: &Arc<Notify>) -> rt::task::JoinHandle<()> {
    let signal = Arc::clone(signal);
    rt::spawn(hub.shutdown_on(async move { signal.notified().await }))
}

#[actix_web::test]
async fn two_servers_of_one_hub_wait_for_the_clients_of_both_and_drain_once() {
    let mut world = World::new(WebSocketMode::Handoff, |hub| hub);
    let second = TestServer::builder(world.hub().clone()).workers(2).start();
    let mut working = world.at_work(1).await;
    let mut idle: [RawClient; 2] = [raw(&second).await, raw(&second).await];
    let signal = Arc::new(Notify::new());
    let mut servers = [(); 2].map(|()| shutting_down(world.hub(), &signal));
    rt::task::yield_now().await;
    signal.notify_waiters();
    // From a thread without a worker of the hub, too.
    let hub = world.hub().clone();
    let elsewhere = std::thread::spawn(move || rt::System::new().block_on(hub.drain()));

    for client in &mut idle {
        assert_eq!(client.closed().await, 1001);
        world.entries.expect("server shutting down").await;
    }
    for server in [&world.server, &second] {
        let answer = request(server, "GET", POLLING, &[]).await;
        answer.expect(503, "Server draining");
    }
    assert!(
        servers.iter().all(|server| !server.is_finished()),
        "one still works"
    );
    world.gate.open(1);
    working.expect_text("431[1]").await;
    assert_eq!(working.closed().await, 1001);
    for server in &mut servers {
        timeout(PATIENCE, server).await.expect("in time").unwrap();
    }
    let drained = world.hub().drain().await;
    assert_outcome(drained, true, [3, 0, 0]);
    let elsewhere = rt::task::spawn_blocking(|| elsewhere.join());
    assert_eq!(elsewhere.await.unwrap().unwrap(), drained);
    world.entries.expect("server shutting down").await;
    assert!(world.entries.rest().is_empty(), "each is told once");
    assert_eq!(world.hub().stats().drained["closed"], 3);
}

async fn takes_nobody(adapter: impl IntoAdapter + 'static) -> TestServer {
    let hub = hub(WebSocketMode::Handoff)
        .adapter(adapter)
        .build()
        .unwrap();
    let drained = timeout(PATIENCE, hub.drain())
        .await
        .expect("drained in time");
    assert_outcome(drained, true, [0, 0, 0]);
    let server = TestServer::start(hub);
    request(&server, "GET", POLLING, &[])
        .await
        .expect(503, "Server draining");
    let refused = TestClient::connect(&server).await.err().unwrap();
    assert_eq!(refused.message, "Server draining");
    assert!(server.hub().ready().reasons().contains(&NotReady::Draining));
    assert_eq!(server.hub().drain().await, drained);
    server
}

#[actix_web::test]
async fn a_hub_that_has_drained_before_it_is_served_takes_nobody() {
    let cluster = InProcess::new();
    let gone = takes_nobody(cluster.clone()).await;
    // Nor do others wait for it.
    let other = hub(WebSocketMode::Handoff)
        .adapter(cluster)
        .build()
        .unwrap();
    let other = TestServer::start(other);
    let _client = raw(&other).await;
    let everyone = other.hub().everyone();
    let asked = timeout(PATIENCE, everyone.fetch_sockets()).await;
    assert_eq!(asked.unwrap().unwrap().len(), 1);
    drop(gone);

    // One that has never been connected.
    let nowhere = "redis://127.0.0.1:1/";
    takes_nobody(Redis::pub_sub(nowhere)).await;
    takes_nobody(Redis::sharded(nowhere)).await;
    takes_nobody(Redis::streams(nowhere)).await;
}
