//! A Redis Cluster to which each request takes its time.

use std::time::Duration;

use futures_util::future::join_all;
use roomcast::{
    Recovery,
    adapter::{Redis, Streams},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::world::{News, Node};
use crate::waiting::PATIENCE;
use crate::{common::redis::RedisCluster, wire::recovering::Client};

/// One way.
const DISTANCE: Duration = Duration::from_millis(10);

const CLIENTS: usize = 200;

/// The servers of a Redis Cluster, each behind a port that is far away.
async fn far_away() -> (RedisCluster, String) {
    let cluster = RedisCluster::start();
    let mut ports = Vec::new();
    for node in &cluster.nodes {
        let port = distant(node.port()).await;
        node.command(&["CONFIG", "SET", "cluster-announce-port", &port]);
        ports.push(port);
    }
    for node in &cluster.nodes {
        node.wait_for(&["CLUSTER", "SLOTS"], |slots| {
            ports
                .iter()
                .all(|port| slots.lines().any(|line| line.trim() == port))
        });
    }
    let url = format!("redis://127.0.0.1:{}/", ports[0]);
    (cluster, url)
}

/// A port that leads to this one; runs as long as the test's runtime.
async fn distant(port: u16) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let here = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else {
                continue;
            };
            let (near, far) = (near.into_split(), far.into_split());
            tokio::spawn(carry(near.0, far.1));
            tokio::spawn(carry(far.0, near.1));
        }
    });
    here.to_string()
}

/// Everything arrives, later.
async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin + Send + 'static,
) {
    let (sent, mut travelling) = mpsc::channel::<(Instant, Vec<u8>)>(1024);
    tokio::spawn(async move {
        while let Some((arrival, bytes)) = travelling.recv().await {
            sleep_until(arrival).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer[..read].to_vec();
        let _ = sent.send((Instant::now() + DISTANCE, bytes)).await;
    }
}

async fn node(url: &str) -> Node {
    let clustered = |streams: Redis<Streams>| {
        let streams = streams.cluster(Vec::<String>::new());
        streams.hold(Duration::from_secs(60))
    };
    let node = Node::build(url, clustered, Some(Recovery::new()));
    node.connected().await;
    node
}

#[actix_web::test]
async fn who_is_told_to_go_is_recovered_at_once_however_many_go() {
    let (_redis, url) = far_away().await;
    let (a, b) = (node(&url).await, node(&url).await);
    let enter = |_| Client::connect(&a.server, "", json!({"rooms": ["room"]}));
    let mut clients = join_all((0..CLIENTS).map(enter)).await;
    a.hub().to("room").emit(&News(0)).unwrap();
    for client in &mut clients {
        client.expect(json!(["news", 0])).await;
    }
    let come_back = |client: Client| {
        let server = &b.server;
        async move {
            let ticket = client.ticket();
            client.wire.ended().await;
            Client::back(server, &ticket).await.1
        }
    };
    let hub = a.hub().clone();
    let coming_back = join_all(clients.into_iter().map(come_back));
    let (drained, recovered) = timeout(PATIENCE, async { tokio::join!(hub.drain(), coming_back) })
        .await
        .expect("drained in time");
    assert!(drained.clean, "{drained}");
    let recovered = recovered.into_iter().filter(|recovered| *recovered);
    assert_eq!(recovered.count(), CLIENTS);
}
