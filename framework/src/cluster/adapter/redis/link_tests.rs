//! The link against real servers.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../../tests/common/redis.rs"]
pub(super) mod redis;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::task::LocalSet;

use self::redis::{Certificate, Directory, RedisCluster, RedisServer, Sentinels, free_port};
use super::{
    interest::{Interest, Topic},
    link::{Link, Listener},
    options::{Kind, LinkOptions, OutboxPolicy},
    outbox::Command,
    slot::slot,
};
use crate::{
    cluster::adapter::{AdapterContext, AdapterError, PublishError},
    metrics::Metrics,
};

#[derive(Default)]
struct Ear {
    wanted: Mutex<BTreeSet<Interest>>,
    heard: Mutex<Vec<(String, String)>>,
    said: Mutex<Vec<String>>,
}

impl Ear {
    fn heard(&self) -> Vec<(String, String)> {
        self.heard.lock().unwrap().clone()
    }

    fn says(&self, begin: &str) -> usize {
        self.said
            .lock()
            .unwrap()
            .iter()
            .filter(|said| said.starts_with(begin))
            .count()
    }
}

impl Listener for Ear {
    fn interests(&self) -> Vec<Interest> {
        self.wanted.lock().unwrap().iter().cloned().collect()
    }

    fn is_wanted(&self, interest: &Interest) -> bool {
        self.wanted.lock().unwrap().contains(interest)
    }

    fn topics(&self, interest: &Interest) -> Vec<Topic> {
        match &interest.room {
            None => vec![
                Topic::Channel(format!("c:{}", interest.namespace)),
                Topic::Pattern(format!("p:{}:*", interest.namespace)),
            ],
            Some(room) => vec![Topic::Shard(format!("s:{}:{room}", interest.namespace))],
        }
    }

    fn message(&self, _: &str, channel: &str, payload: Bytes) {
        let payload = String::from_utf8(payload.to_vec()).unwrap();
        self.heard
            .lock()
            .unwrap()
            .push((channel.to_owned(), payload));
    }

    fn connected(&self) {
        self.said.lock().unwrap().push("connected".to_owned());
    }

    fn disconnected(&self, error: &AdapterError) {
        self.said
            .lock()
            .unwrap()
            .push(format!("disconnected: {error}"));
    }
}

struct Rig {
    link: Arc<Link>,
    ear: Arc<Ear>,
    metrics: Arc<Metrics>,
}

fn options(url: &str) -> LinkOptions {
    LinkOptions {
        connection_timeout: Duration::from_secs(2),
        ..LinkOptions::new(url)
    }
}

impl Rig {
    /// Must be called in a `LocalSet`.
    fn new(options: &LinkOptions) -> Self {
        let metrics = Arc::new(Metrics::new());
        let context = AdapterContext {
            server_id: "0123456789abcdef".into(),
            recovery: false,
            metrics: Arc::clone(&metrics),
        };
        let link = Arc::new(Link::new(options, &context).unwrap());
        let ear = Arc::new(Ear::default());
        ear.wanted.lock().unwrap().insert(namespace());
        let (running, listener) = (Arc::clone(&link), Arc::clone(&ear));
        tokio::task::spawn_local(async move { running.run(listener).await });
        Self { link, ear, metrics }
    }

    async fn connected(options: &LinkOptions) -> Self {
        let rig = Self::new(options);
        rig.wait(|rig| rig.ear.says("connected") == 1).await;
        rig
    }

    async fn wait(&self, condition: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !condition(self) {
            let said = self.ear.said.lock().unwrap().clone();
            assert!(
                start.elapsed() < Duration::from_secs(25),
                "{said:?} {:?}",
                self.ear.heard().len()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn send(&self, command: &str, channel: &str, payload: &str) -> Result<(), PublishError> {
        let bytes = ::redis::cmd(command)
            .arg(channel)
            .arg(payload)
            .get_packed_command();
        self.link.send(Command {
            bytes: bytes.into(),
            slot: slot(channel.as_bytes()),
            resend: false,
            awaited: false,
        })
    }

    async fn hears(&self, count: usize) {
        self.wait(|rig| rig.ear.heard().len() >= count).await;
    }

    /// What is published arrives, on every kind of topic.
    async fn works(&self) {
        let payload = format!("{:?}", Instant::now());
        let arrived = |rig: &Self| {
            rig.ear
                .heard()
                .iter()
                .filter(|(_, heard)| *heard == payload)
                .count()
        };
        self.send("PUBLISH", "c:/", &payload).unwrap();
        self.send("PUBLISH", "p:/:x", &payload).unwrap();
        self.wait(|rig| arrived(rig) == 2).await;
    }

    fn lost(&self) -> u64 {
        self.metrics.read().cluster_lost_in_flight
    }
}

fn namespace() -> Interest {
    Interest {
        namespace: "/".into(),
        room: None,
    }
}

fn room(name: &str) -> Interest {
    Interest {
        namespace: "/".into(),
        room: Some(name.into()),
    }
}

async fn local<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}

#[tokio::test]
async fn what_one_thread_publishes_arrives_in_order() {
    local(async {
        let server = RedisServer::start();
        let rig = Rig::connected(&options(&server.url())).await;
        for number in 0..20_000 {
            rig.send("PUBLISH", "c:/", &number.to_string()).unwrap();
            if number % 1000 == 0 {
                tokio::task::yield_now().await;
            }
        }
        rig.hears(20_000).await;
        let heard: Vec<_> = rig
            .ear
            .heard()
            .into_iter()
            .map(|(_, text)| text.parse::<u32>().unwrap())
            .collect();
        assert_eq!(heard, (0..20_000).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_publish_is_with_redis_before_the_caller_does_anything_else() {
    local(async {
        let server = RedisServer::start();
        let rig = Rig::connected(&options(&server.url())).await;
        // Nothing of this thread's runtime runs between.
        rig.send("PUBLISH", "c:/", "x").unwrap();
        server.wait_for(&["INFO", "commandstats"], |stats| {
            stats.contains("cmdstat_publish:calls=1")
        });
    })
    .await;
}

#[tokio::test]
async fn rooms_are_subscribed_to_while_they_are_wanted() {
    local(async {
        let server = RedisServer::start();
        let rig = Rig::connected(&options(&server.url())).await;
        rig.ear.wanted.lock().unwrap().insert(room("a"));
        rig.link.mark(room("a"));
        rig.wait(|_| {
            server
                .command(&["PUBSUB", "SHARDNUMSUB", "s:/:a"])
                .contains("\n1")
        })
        .await;
        rig.send("SPUBLISH", "s:/:a", "x").unwrap();
        rig.hears(1).await;
        rig.ear.wanted.lock().unwrap().remove(&room("a"));
        rig.link.mark(room("a"));
        rig.wait(|_| {
            server
                .command(&["PUBSUB", "SHARDNUMSUB", "s:/:a"])
                .contains("\n0")
        })
        .await;
        rig.works().await;
        assert_eq!(rig.ear.says("disconnected"), 0);
    })
    .await;
}

#[tokio::test]
async fn subscriptions_are_restored_before_it_calls_itself_connected() {
    local(async {
        let mut server = RedisServer::start();
        let rig = Rig::connected(&options(&server.url())).await;
        rig.works().await;
        server.kill();
        rig.wait(|rig| rig.ear.says("disconnected") == 1).await;
        // Waits for Redis to come back.
        rig.send("PUBLISH", "c:/", "meanwhile").unwrap();
        server.restart();
        rig.wait(|rig| rig.ear.says("connected") == 2).await;
        assert_eq!(
            server.command(&["PUBSUB", "NUMSUB", "c:/"]).trim(),
            "c:/\n1"
        );
        rig.wait(|rig| rig.ear.heard().iter().any(|(_, text)| text == "meanwhile"))
            .await;
        rig.works().await;
        assert_eq!(rig.ear.says("disconnected"), 1);
        assert_eq!(rig.lost(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_client_kill_of_either_kind_is_repaired() {
    local(async {
        let server = RedisServer::start();
        let rig = Rig::connected(&options(&server.url())).await;
        for (times, kind) in [(2, "pubsub"), (3, "normal")] {
            server.command(&["CLIENT", "KILL", "TYPE", kind]);
            rig.wait(|rig| rig.ear.says("connected") == times).await;
            rig.works().await;
        }
        assert_eq!(rig.ear.says("disconnected"), 2);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stalls_is_noticed_and_what_waits_is_sent_when_it_goes_on() {
    local(async {
        let server = RedisServer::start();
        let rig = Rig::connected(&LinkOptions {
            response_timeout: Duration::from_millis(500),
            ..options(&server.url())
        })
        .await;
        server.pause();
        let start = Instant::now();
        rig.send("PUBLISH", "c:/", "lost or not").unwrap();
        rig.wait(|rig| rig.ear.says("disconnected") == 1).await;
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(rig.lost(), 1);
        for number in 0..100 {
            rig.send("PUBLISH", "c:/", &number.to_string()).unwrap();
        }
        server.resume();
        rig.wait(|rig| rig.ear.says("connected") == 2).await;
        rig.hears(100).await;
        rig.works().await;
    })
    .await;
}

async fn outbox(policy: OutboxPolicy) -> (Vec<bool>, Vec<String>, Vec<(&'static str, u64)>) {
    local(async {
        let port = free_port();
        let options = LinkOptions {
            max_outbox_bytes: 100_000,
            outbox_policy: policy,
            ..options(&format!("redis://127.0.0.1:{port}/"))
        };
        let rig = Rig::new(&options);
        rig.wait(|rig| rig.ear.says("disconnected") == 1).await;
        // 11 of them fit.
        let payload = |number: usize| format!("{number:02}{}", "x".repeat(8900));
        let taken = (0..20)
            .map(|number| rig.send("PUBLISH", "c:/", &payload(number)).is_ok())
            .collect();
        let port = port.to_string();
        let _server =
            RedisServer::launch(|_| vec!["--port".to_owned(), port.clone()], &["-p", &port]);
        rig.wait(|rig| rig.ear.says("connected") == 1).await;
        rig.hears(11).await;
        let heard = rig
            .ear
            .heard()
            .into_iter()
            .map(|(_, text)| text[..2].to_owned())
            .collect();
        let dropped = rig.metrics.read().cluster_dropped.into_iter().collect();
        (taken, heard, dropped)
    })
    .await
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("{number:02}")).collect()
}

#[tokio::test]
async fn what_does_not_fit_is_dropped() {
    let (taken, heard, dropped) = outbox(OutboxPolicy::DropNewest).await;
    assert_eq!(taken, [true; 20]);
    assert_eq!(heard, numbers(0..11));
    assert_eq!(dropped, [("outbox_full_newest", 9)]);
}

#[tokio::test]
async fn the_oldest_make_room() {
    let (taken, heard, dropped) = outbox(OutboxPolicy::DropOldest).await;
    assert_eq!(taken, [true; 20]);
    assert_eq!(heard, numbers(9..20));
    assert_eq!(dropped, [("outbox_full_oldest", 9)]);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let (taken, heard, dropped) = outbox(OutboxPolicy::Refuse).await;
    assert_eq!(taken[..11], [true; 11]);
    assert_eq!(taken[11..], [false; 9]);
    assert_eq!(heard, numbers(0..11));
    assert_eq!(dropped, [("outbox_refused", 9)]);
}

#[tokio::test]
async fn a_server_without_memory_carries_messages_all_the_same() {
    local(async {
        let server = RedisServer::with(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
        let rig = Rig::connected(&options(&server.url())).await;
        rig.works().await;
        let command = |number: usize| Command {
            bytes: ::redis::cmd("XADD")
                .arg("s")
                .arg("*")
                .arg("n")
                .arg(number)
                .get_packed_command()
                .into(),
            slot: slot(b"s"),
            resend: true,
            awaited: false,
        };
        for number in 0..10 {
            rig.link.send(command(number)).unwrap();
        }
        rig.works().await;
        server.command(&["CONFIG", "SET", "maxmemory", "0"]);
        rig.wait(|_| server.command(&["XLEN", "s"]).trim() == "10")
            .await;
        assert_eq!(rig.ear.says("disconnected"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_user_and_a_database_are_those_of_the_url() {
    local(async {
        let server = RedisServer::launch(
            |port| {
                let text =
                    format!("--port {port} --user ann on >pw:1 ~* &* +@all --user default off");
                text.split(' ').map(ToOwned::to_owned).collect()
            },
            &["--no-auth-warning", "--user", "ann", "--pass", "pw:1"],
        );
        let url = |password: &str| format!("redis://ann:{password}@127.0.0.1:{}/3", server.port());
        let refused = Rig::new(&options(&url("no")));
        refused.wait(|rig| rig.ear.says("disconnected") == 1).await;
        assert!(refused.ear.said.lock().unwrap()[0].contains("WRONGPASS"));
        let rig = Rig::connected(&options(&url("pw%3A1"))).await;
        rig.works().await;
        let clients = server.command(&["CLIENT", "LIST"]);
        let ours = clients
            .lines()
            .filter(|line| line.contains("user=ann") && line.contains(" db=3 "));
        assert_eq!(ours.count(), 3, "{clients}");
    })
    .await;
}

#[tokio::test]
async fn close_sends_what_waits_and_unsubscribes() {
    local(async {
        let server = RedisServer::start();
        let other = Rig::connected(&options(&server.url())).await;
        let rig = Rig::connected(&options(&server.url())).await;
        for number in 0..1000 {
            rig.send("PUBLISH", "c:/", &number.to_string()).unwrap();
        }
        rig.link.close().await;
        assert!(matches!(
            rig.send("PUBLISH", "c:/", "late"),
            Err(PublishError::Closed)
        ));
        assert_eq!(
            server.command(&["PUBSUB", "NUMSUB", "c:/"]).trim(),
            "c:/\n1"
        );
        other.hears(1000).await;
    })
    .await;
}

#[tokio::test]
async fn tls_trusts_the_certificate_that_was_named_and_no_other() {
    local(async {
        let certificate = Certificate::new();
        let server = RedisServer::with_tls(&certificate, "no");
        let url = format!("rediss://localhost:{}/", server.port());
        let mut trusting = options(&url);
        trusting.certificates.root = Some(certificate.pem());
        let rig = Rig::connected(&trusting).await;
        rig.works().await;
        for number in 0..5000 {
            rig.send("PUBLISH", "c:/", &number.to_string()).unwrap();
        }
        rig.hears(5001).await;

        let mut other = options(&url);
        other.certificates.root = Some(Certificate::new().pem());
        let rig = Rig::new(&other);
        rig.wait(|rig| rig.ear.says("disconnected") == 1).await;
        assert!(rig.ear.said.lock().unwrap()[0].contains("certificate"));
    })
    .await;
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    local(async {
        let certificate = Certificate::new();
        let server = RedisServer::with_tls(&certificate, "yes");
        let mut options = options(&format!("rediss://localhost:{}/", server.port()));
        options.certificates.root = Some(certificate.pem());
        let nameless = Rig::new(&options);
        nameless.wait(|rig| rig.ear.says("disconnected") == 1).await;
        options.certificates.client = Some((certificate.pem(), certificate.key()));
        Rig::connected(&options).await.works().await;
        assert_eq!(nameless.ear.says("connected"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_unix_socket_is_as_good() {
    local(async {
        let directory = Directory::new();
        let path = directory.file("redis.sock");
        let _server = RedisServer::with(&["--unixsocket", &path]);
        let rig = Rig::connected(&options(&format!("redis+unix://{path}"))).await;
        rig.works().await;
    })
    .await;
}

#[tokio::test]
async fn the_master_is_asked_of_the_sentinels_and_followed_after_a_failover() {
    local(async {
        let mut sentinels = Sentinels::start();
        let mut options = options("redis://unused/");
        options.kind = Kind::Sentinel {
            master: "main".to_owned(),
            // The first does not answer.
            urls: vec![
                format!("redis://127.0.0.1:{}/", free_port()),
                sentinels.url(),
            ],
        };
        let rig = Rig::connected(&options).await;
        rig.works().await;
        sentinels.master.kill();
        rig.wait(|rig| rig.ear.says("disconnected") == 1).await;
        rig.wait(|rig| rig.ear.says("connected") == 2).await;
        rig.works().await;
        assert!(
            sentinels
                .replica
                .command(&["PUBSUB", "NUMSUB", "c:/"])
                .ends_with("1\n")
        );
    })
    .await;
}

#[tokio::test]
async fn each_master_of_a_redis_cluster_carries_its_slots() {
    local(async {
        let cluster = RedisCluster::start();
        let mut options = options(&cluster.nodes[0].url());
        options.kind = Kind::Cluster { urls: Vec::new() };
        let rig = Rig::connected(&options).await;
        rig.works().await;
        for name in 0..30 {
            let room = room(&name.to_string());
            rig.ear.wanted.lock().unwrap().insert(room.clone());
            rig.link.mark(room);
        }
        rig.wait(|_| {
            let channels = |node: &RedisServer| {
                let channels = node.command(&["PUBSUB", "SHARDCHANNELS"]);
                channels.split_whitespace().count()
            };
            let known: Vec<_> = cluster.nodes.iter().map(channels).collect();
            known.iter().sum::<usize>() == 30 && known.iter().all(|count| *count > 0)
        })
        .await;
        for name in 0..30 {
            rig.send("SPUBLISH", &format!("s:/:{name}"), "x").unwrap();
        }
        rig.hears(32).await;

        // A slot moves, and with it the subscription.
        cluster.move_slot(slot(b"s:/:7"));
        rig.wait(|rig| rig.ear.says("connected") == 2).await;
        rig.send("SPUBLISH", "s:/:7", "moved").unwrap();
        rig.hears(33).await;
        assert_eq!(rig.lost(), 0);
    })
    .await;
}
