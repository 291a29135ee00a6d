//! Clients that ask for more than there is, in every way there is. Beside them stand some that behave, and
//! are served all the while; what they cost is bounded, and when they have gone, nothing of them is left.

use std::time::Duration;

use actix_web::rt::spawn;
use futures_util::future::join_all;
use roomcast::{Excess, NamespaceBuilder, Rate, testing::RawClient};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::waiting::PATIENCE;
use crate::{
    common::{
        http::{UPGRADE, WEBSOCKET, head},
        until,
    },
    crowd::{Crowd, Guest},
    stage::MIB,
    well_behaved::WELL_BEHAVED,
    wire::{HANDSHAKE, Wire},
};

/// Twenty thousand of these are far more than what any flood may cost.
const EVENT_BYTES: usize = 1000;

/// The time for the whole head is actix-web's `client_request_timeout`, 5 seconds unless told otherwise.
#[actix_web::test]
async fn handshakes_that_come_byte_by_byte_are_cut() {
    let crowd = Crowd::gather(|hub| hub).await;
    let request = head("GET", WEBSOCKET, UPGRADE);
    let slow = async {
        let mut dribbling = Vec::new();
        for _ in 0..100 {
            let stream = TcpStream::connect(crowd.server.addr()).await;
            let mut stream = stream.expect("a connection");
            let request = request.clone();
            dribbling.push(spawn(async move {
                // As long as it lasts; nothing of it is ever an end.
                for byte in request.bytes().cycle().filter(|byte| *byte != b'\n') {
                    let sent = stream.write_all(&[byte]).await;
                    let cut = timeout(Duration::from_millis(100), stream.read_u8()).await;
                    if sent.is_err() || cut.is_ok() {
                        return;
                    }
                }
            }));
        }
        for dribbling in dribbling {
            let cut = timeout(PATIENCE * 3, dribbling).await;
            cut.expect("it is cut").expect("a task");
        }
    };
    crowd.endures(8 * MIB, slow).await;
    crowd.has_gone().await;
}

/// Connections that ask for nothing are not counted against `max_connections`: only this time ends them.
#[actix_web::test]
async fn connections_that_never_become_handshakes_are_cut() {
    let crowd = Crowd::gather(|hub| hub).await;
    let idle = async {
        let mut waiting = Vec::new();
        for begun in [
            "",
            "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: x",
        ]
        .repeat(300)
        {
            let stream = TcpStream::connect(crowd.server.addr()).await;
            let mut stream = stream.expect("a connection");
            stream
                .write_all(begun.as_bytes())
                .await
                .expect("it is taken");
            // To the end, of an answer or without one.
            waiting.push(spawn(
                async move { while stream.read_u8().await.is_ok() {} },
            ));
        }
        for waiting in waiting {
            let cut = timeout(PATIENCE * 3, waiting).await;
            cut.expect("it is cut").expect("a task");
        }
    };
    crowd.endures(16 * MIB, idle).await;
    crowd.has_gone().await;
}

/// Their size is limited by actix-web, too.
#[actix_web::test]
async fn handshakes_whose_head_has_no_end_are_cut() {
    const TOGETHER: usize = 20;
    let crowd = Crowd::gather(|hub| hub).await;
    let endless = async {
        let heads = (0..TOGETHER).map(async |_| {
            for _ in crowd.flood(1..=200) {
                let mut wire = Wire::dial(&crowd.server).await;
                wire.write(HANDSHAKE.trim_end().as_bytes()).await;
                let header = format!("\r\nx-{}: {}", "n".repeat(90), "v".repeat(900));
                let sending =
                    async { while wire.stream.write_all(header.as_bytes()).await.is_ok() {} };
                timeout(PATIENCE, sending).await.expect("it is cut");
            }
        });
        join_all(heads).await;
    };
    crowd.endures(TOGETHER * MIB / 2, endless).await;
    crowd.has_gone().await;
}

#[actix_web::test]
async fn connections_beyond_the_limit_are_told_so() {
    let crowd = Crowd::gather(|hub| hub.max_connections(20)).await;
    let flood = async {
        let (mut inside, mut told) = (Vec::new(), 0);
        for _ in crowd.flood(300..=3_000) {
            let mut one = Wire::upgrade(&crowd.server).await;
            if inside.len() + WELL_BEHAVED < 20 {
                one.opened().await;
                inside.push(one);
            } else {
                assert_eq!(one.ended().await, (vec![], Some(1008)));
                told += 1;
            }
        }
        (inside, told)
    };
    let (inside, told) = crowd.endures(MIB, flood).await;
    assert_eq!(crowd.stats().connections, 20);
    let refused = crowd.stats().refused_handshakes;
    assert_eq!(refused.get("max_connections"), Some(&told));
    drop(inside);
    crowd.has_gone().await;
}

#[actix_web::test]
async fn events_beyond_the_rate_reach_no_handler() {
    // Those of the clients that behave are not limited.
    let flooded = NamespaceBuilder::named::<Guest>("/flooded")
        .event_rate(Rate::per_minute(1).burst(10))
        .excess(Excess::Drop);
    let crowd = Crowd::gather(|hub| hub.namespace_with(flooded)).await;
    let flood = async {
        let mut one = RawClient::open(&crowd.server).await;
        one.send("40/flooded,").await;
        one.next().await;
        let say = format!(r#"42/flooded,["say","{}"]"#, "x".repeat(EVENT_BYTES));
        let mut sent = 0;
        for _ in crowd.flood(20_000..=200_000) {
            one.send(&say).await;
            sent += 1;
        }
        until("all are read", || {
            let limited = crowd.stats().rate_limited;
            limited.get("event_rate") == Some(&(sent - 10))
        })
        .await;
    };
    crowd.endures(MIB, flood).await;
    crowd.has_gone().await;
}

/// Without a rate: the flooding client is read as fast as its events are handled.
#[actix_web::test]
async fn events_without_end_leave_others_their_turns() {
    let crowd = Crowd::gather(|hub| hub).await;
    let flood = async {
        let mut one = crowd.enter().await;
        let before = crowd.stats().events;
        let say = format!(r#"42["say","{}"]"#, "x".repeat(EVENT_BYTES));
        let mut sent = 0;
        for _ in crowd.flood(20_000..=200_000) {
            one.send(&say).await;
            sent += 1;
        }
        // Behind all the others.
        one.send(r#"421["echo",1]"#).await;
        one.expect_text("431[1]").await;
        assert!(crowd.stats().events > before + sent, "each was handled");
        assert!(crowd.stats().rate_limited.is_empty());
    };
    crowd.endures(MIB, flood).await;
    crowd.has_gone().await;
}

#[actix_web::test]
async fn joins_end_at_the_limit() {
    let crowd = Crowd::gather(|hub| hub.max_rooms_per_socket(50)).await;
    let flood = async {
        let mut one = crowd.enter().await;
        let long = "x".repeat(EVENT_BYTES);
        let mut sent = 0;
        for number in crowd.flood(5_000..=50_000) {
            one.send(&format!(r#"42["enter","{long} {number}"]"#)).await;
            sent += 1;
        }
        until("all but 50 are refused", || {
            let stats = crowd.stats();
            // And that of those who behave.
            (stats.refused_joins, stats.rooms) == (sent - 50, 50 + 1)
        })
        .await;
    };
    crowd.endures(MIB, flood).await;
    crowd.has_gone().await;
}

#[actix_web::test]
async fn namespaces_end_at_the_limit_of_a_connection() {
    let crowd = Crowd::gather(|hub| {
        hub.dynamic_namespace::<Guest>("/any-{name}")
            .max_namespaces_per_connection(30)
    })
    .await;
    let flood = async {
        let mut one = RawClient::open(&crowd.server).await;
        let mut sent = 0;
        for number in crowd.flood(2_000..=50_000) {
            one.send(&format!("40/any-{number},")).await;
            sent += 1;
            // What it does not read would be the end of it.
            if sent % 500 == 0 {
                for _ in 0..500 {
                    one.next().await;
                }
            }
        }
        until("all but 30 are refused", || {
            let refused = crowd.stats().refused_namespaces;
            refused == [("max_namespaces_per_connection", sent - 30)].into()
        })
        .await;
        assert_eq!(crowd.stats().dynamic_namespaces, 30);
    };
    crowd.endures(MIB, flood).await;
    crowd.has_gone().await;
    until("its namespaces have gone", || {
        crowd.stats().dynamic_namespaces == 0
    })
    .await;
}

#[actix_web::test]
async fn acks_that_are_never_given_end_at_the_limit() {
    let crowd = Crowd::gather(|hub| hub.max_pending_acks(100)).await;
    let flood = async {
        let mut one = crowd.enter().await;
        let mut sent = 0;
        // As long as others, so that few of them are on their way.
        let ask_me = format!(r#"42["ask_me","{}"]"#, "x".repeat(EVENT_BYTES));
        for _ in crowd.flood(10_000..=100_000) {
            one.send(&ask_me).await;
            sent += 1;
        }
        until("all but 100 are not asked", || {
            crowd.stats().dropped_pending_acks == sent - 100
        })
        .await;
    };
    crowd.endures(MIB, flood).await;
    crowd.has_gone().await;
}

#[actix_web::test]
async fn clients_that_vanish_leave_nothing() {
    let crowd = Crowd::gather(|hub| {
        let short = Duration::from_millis(700);
        hub.ping_interval(short).ping_timeout(short)
    })
    .await;
    let flood = async {
        let enter = async || {
            let mut one = Wire::join(&crowd.server).await;
            one.text(r#"42["enter","hall"]"#).await;
            one
        };
        for _ in crowd.flood(200..=2_000) {
            drop(enter().await);
        }
        let mut silent = Vec::new();
        for _ in 0..50 {
            silent.push(enter().await);
        }
        crowd.has_gone().await;
        silent
    };
    crowd.endures(MIB, flood).await;
    let reasons = crowd.stats().disconnects;
    assert_eq!(reasons.get("ping timeout"), Some(&50));
}
