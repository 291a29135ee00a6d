//! Faults of Redis and of the way to it: with recovery, clients get everything once and in order.

use std::{process::Command, time::Duration};

use serde_json::json;
use tokio::time::{sleep, timeout};

use super::world::{News, Node};
use crate::common::redis::RedisServer;
use crate::waiting::{PATIENCE, asked};
use crate::wire::recovering::{Client, Ticket};

/// Clients that hop between two nodes while one of them emits so many events, one every two
/// milliseconds.
async fn under_load(
    redis: &mut RedisServer,
    count: u32,
    fault: impl AsyncFnOnce(&mut RedisServer),
) {
    let (a, b) = (Node::start(redis).await, Node::start(redis).await);
    let stays = [a.enter(&["room"]).await, b.enter(&["room"]).await];
    let hops = b.enter(&["room"]).await;
    let port = redis.port();
    let emitting = async {
        for number in 1..=count {
            match number % 3 {
                0 => a.hub().emit(&News(number)).unwrap(),
                1 => a.hub().to("room").emit(&News(number)).unwrap(),
                _ => a
                    .hub()
                    .to("room")
                    .except("nobody")
                    .emit(&News(number))
                    .unwrap(),
            }
            sleep(Duration::from_millis(2)).await;
        }
    };
    let [x, y] = stays;
    let watching = async {
        tokio::join!(
            watch(x, count),
            watch(y, count),
            hop([&a, &b], port, hops, count)
        );
    };
    let all = async { tokio::join!(emitting, watching, fault(redis)) };
    timeout(4 * PATIENCE, all).await.expect("all of it in time");
    for node in [&a, &b] {
        assert!(node.gaps.lock().unwrap().is_empty());
    }
}

/// Each event once, in order.
async fn watch(mut client: Client, count: u32) {
    let mut last = 0;
    while last < count {
        let event = timeout(2 * PATIENCE, client.event()).await.unwrap();
        // Not those that others got alone.
        if event == json!(["news", 0]) {
            continue;
        }
        last += 1;
        assert_eq!(event, json!(["news", last]));
    }
}

/// The same for one whose connection breaks again and again, and who comes back to the other node.
async fn hop(nodes: [&Node; 2], port: u16, mut client: Client, count: u32) {
    let mut last = 0;
    let mut at = 1;
    while last < count {
        let event = timeout(2 * PATIENCE, client.event()).await.unwrap();
        last += 1;
        assert_eq!(event, json!(["news", last]));
        if last % 50 == 25 {
            let ticket: Ticket = client.cut();
            asked(async || is_kept(port, &ticket)).await;
            let next = at ^ 1;
            let (again, recovered) = Client::back(&nodes[next].server, &ticket).await;
            let refused = nodes[next].hub().stats().recovery_refused;
            assert!(recovered, "{refused:?}");
            for event in &again.missed {
                last += 1;
                assert_eq!(*event, json!(["news", last]));
            }
            (client, at) = (again, next);
        }
    }
}

/// Whether Redis has the session; not while it is away.
pub(super) fn is_kept(port: u16, ticket: &Ticket) -> bool {
    let key = format!("sio:session:{}", ticket.pid);
    let port = port.to_string();
    let asked = Command::new("timeout")
        .args(["1", "redis-cli", "-p", &port, "EXISTS", &key])
        .output();
    asked.unwrap().stdout.starts_with(b"1")
}

fn lasting() -> RedisServer {
    RedisServer::with(&["--appendonly", "yes"])
}

#[actix_web::test]
async fn without_faults() {
    under_load(&mut lasting(), 500, async |_| {}).await;
}

#[actix_web::test]
async fn connections_are_killed() {
    under_load(&mut lasting(), 500, async |redis| {
        for _ in 0..5 {
            sleep(Duration::from_millis(150)).await;
            redis.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        }
    })
    .await;
}

#[actix_web::test]
async fn redis_is_killed_and_comes_back_with_what_it_had() {
    under_load(&mut lasting(), 500, async |redis| {
        for _ in 0..2 {
            sleep(Duration::from_millis(200)).await;
            redis.restart();
        }
    })
    .await;
}

#[actix_web::test]
async fn redis_stalls_for_longer_than_anyone_waits() {
    under_load(&mut lasting(), 500, async |redis| {
        sleep(Duration::from_millis(200)).await;
        redis.pause();
        sleep(Duration::from_secs(3)).await;
        redis.resume();
    })
    .await;
}
