//! What is published, and what becomes of what does not fit.

use std::{io::Write, net::TcpStream};

use super::*;

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
async fn a_server_whose_disk_is_full_carries_messages_all_the_same() {
    local(async {
        let server = RedisServer::start();
        let connected = Rig::connected(&options(&server.url())).await;
        server.cannot_save();
        // The pings of the session, among others.
        let refused = || {
            let stats = server.command(&["INFO", "commandstats"]);
            let pings = stats
                .lines()
                .find_map(|it| it.strip_prefix("cmdstat_ping:"));
            let refused = pings.and_then(|it| it.split("rejected_calls=").nth(1));
            let count = refused.and_then(|it| it.split(',').next()?.parse::<usize>().ok());
            count.unwrap_or(0)
        };
        let before = refused();
        connected.wait(|_| refused() > before + 6).await;
        connected.works().await;
        assert_eq!(connected.ear.says("disconnected"), 0);
        let connects = Rig::connected(&options(&server.url())).await;
        connects.works().await;
    })
    .await;
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

/// As many as may be under way, and more.
const MANY: usize = 2_000;

fn in_order(rig: &Rig) -> bool {
    let heard = rig.ear.heard();
    heard
        .into_iter()
        .map(|(_, text)| text)
        .eq((0..MANY).map(|number| number.to_string()))
}

#[tokio::test]
async fn what_comes_while_a_script_runs_arrives_behind_it() {
    local(async {
        let server = RedisServer::with(&["--lua-time-limit", "1"]);
        let rig = Rig::connected(&options(&server.url())).await;
        let mut script = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        script
            .write_all(b"EVAL \"while true do end\" 0\r\n")
            .unwrap();
        server.wait_for(&["PING"], |answer| answer.contains("BUSY"));
        for number in 0..MANY {
            rig.send("PUBLISH", "c:/", &number.to_string()).unwrap();
        }
        // Until all connections have been asked whether they still are some.
        let start = Instant::now();
        rig.wait(|_| start.elapsed() > Duration::from_secs(3)).await;
        server.command(&["SCRIPT", "KILL"]);
        rig.hears(MANY).await;
        assert!(in_order(&rig), "{:?}", rig.ear.heard());
        assert_eq!(rig.ear.says("disconnected"), 0);
        assert!(rig.metrics.read().cluster_dropped.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_is_under_way_to_a_slot_that_has_moved_arrives_where_it_is_now() {
    local(async {
        let cluster = RedisCluster::start();
        let mut options = options(&cluster.nodes[0].url());
        options.kind = Kind::Cluster { urls: Vec::new() };
        let rig = Rig::connected(&options).await;
        cluster.move_slot(slot(b"s:/:7"));
        let other = Rig::connected(&options).await;
        other.ear.wanted.lock().unwrap().insert(room("7"));
        other.link.mark(room("7"));
        other.link.settled().await;
        for number in 0..MANY {
            rig.send("SPUBLISH", "s:/:7", &number.to_string()).unwrap();
        }
        other.hears(MANY).await;
        assert!(in_order(&other), "{:?}", other.ear.heard());
        assert_eq!(rig.lost(), 0);
        assert!(rig.metrics.read().cluster_dropped.is_empty());
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
