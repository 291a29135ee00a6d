//! Servers that are none, or not in the state to serve.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Rig, local, options, redis::RedisServer};
use crate::cluster::adapter::redis::options::{Kind, LinkOptions};

/// Answers everything with the same.
struct Impostor {
    address: SocketAddr,
    /// How often someone has connected.
    connections: Arc<AtomicUsize>,
}

impl Impostor {
    /// Must be called in a `LocalSet`. With `endless` the answer goes on for ever.
    async fn new(answer: &'static str, endless: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::task::spawn_local(answers(stream, answer, endless));
            }
        });
        Self {
            address,
            connections,
        }
    }

    fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    /// As one of a Redis Cluster, which is asked for the others over the library's connection.
    fn in_a_cluster(&self) -> LinkOptions {
        LinkOptions {
            kind: Kind::Cluster { urls: Vec::new() },
            ..options(&self.url())
        }
    }
}

async fn answers(mut stream: TcpStream, answer: &'static str, endless: bool) {
    let mut asked = [0; 4096];
    while let Ok(1..) = stream.read(&mut asked).await {
        let mut sent = stream.write_all(answer.as_bytes()).await;
        while endless && sent.is_ok() {
            sent = stream.write_all(&[b'x'; 4096]).await;
        }
        if sent.is_err() {
            return;
        }
    }
}

/// It says so once, and tries again less and less often.
async fn is_left_alone(impostor: &Impostor, options: &LinkOptions, why: &str) {
    let rig = Rig::new(options);
    rig.wait(|rig| rig.ear.says("disconnected") == 1).await;
    let said = rig.ear.said.lock().unwrap().clone();
    assert!(said[0].contains(why), "{said:?}");
    let before = impostor.connections.load(Ordering::Relaxed);
    let start = tokio::time::Instant::now();
    rig.wait(|_| start.elapsed() > Duration::from_secs(1)).await;
    let attempts = impostor.connections.load(Ordering::Relaxed) - before;
    assert!(attempts < 15, "{attempts} in a second");
    assert_eq!(rig.ear.says("disconnected"), 1);
    assert_eq!(rig.ear.says("connected"), 0);
}

#[tokio::test]
async fn what_is_no_redis_is_left_alone() {
    local(async {
        let impostor = Impostor::new("HTTP/1.1 400 Bad Request\r\n\r\n", false).await;
        is_left_alone(&impostor, &options(&impostor.url()), "Redis sends").await;
        is_left_alone(&impostor, &impostor.in_a_cluster(), "").await;
    })
    .await;
}

#[tokio::test]
async fn a_reply_without_end_is_not_kept() {
    local(async {
        for answer in ["$99999999999\r\n", "*99999999999\r\n$4\r\n", "+"] {
            let impostor = Impostor::new(answer, true).await;
            is_left_alone(&impostor, &options(&impostor.url()), "too long").await;
            is_left_alone(&impostor, &impostor.in_a_cluster(), "too long").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_ready_is_asked_again_later_and_says_why() {
    local(async {
        for (answer, code) in [
            (
                "-LOADING Redis is loading the dataset in memory\r\n",
                "LOADING",
            ),
            ("-NOAUTH Authentication required.\r\n", "NOAUTH"),
            ("-NOPERM this user has no permissions\r\n", "NOPERM"),
            (
                "-READONLY You can't write against a read only replica.\r\n",
                "READONLY",
            ),
            ("-MASTERDOWN Link with MASTER is down\r\n", "MASTERDOWN"),
        ] {
            let impostor = Impostor::new(answer, false).await;
            is_left_alone(&impostor, &options(&impostor.url()), code).await;
        }
    })
    .await;
}

/// A server with a user `ann` who may do this.
fn with_user(rights: &str) -> RedisServer {
    RedisServer::launch(
        |port| {
            let text = format!("--port {port} --user ann on >pw {rights}");
            text.split(' ').map(ToOwned::to_owned).collect()
        },
        &[],
    )
}

#[tokio::test]
async fn who_may_not_subscribe_is_told_so() {
    local(async {
        let server = with_user("~* resetchannels +@all");
        let rig = Rig::new(&options(&format!(
            "redis://ann:pw@127.0.0.1:{}/",
            server.port()
        )));
        rig.wait(|rig| rig.ear.says("disconnected") == 1).await;
        let said = rig.ear.said.lock().unwrap().clone();
        assert!(said[0].contains("no permissions"), "{said:?}");
    })
    .await;
}

#[tokio::test]
async fn what_may_not_be_published_is_counted_and_the_rest_goes_on() {
    local(async {
        let server = with_user("~* &* +@all -publish");
        let rig = Rig::connected(&options(&format!(
            "redis://ann:pw@127.0.0.1:{}/",
            server.port()
        )))
        .await;
        for _ in 0..5 {
            rig.send("PUBLISH", "c:/", "x").unwrap();
        }
        let refused = |rig: &Rig| {
            let dropped = rig.metrics.read().cluster_dropped;
            dropped.get("refused_by_redis").copied().unwrap_or(0)
        };
        rig.wait(|rig| refused(rig) == 5).await;
        server.command(&["PUBLISH", "c:/", "from another"]);
        rig.hears(1).await;
        assert_eq!(rig.ear.says("disconnected"), 0);
    })
    .await;
}
