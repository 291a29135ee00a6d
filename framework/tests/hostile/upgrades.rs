//! Polling sessions that ask again and again for a WebSocket, and never change over.

use std::time::Duration;

use futures_util::future::join_all;
use roomcast::testing::RawClient;
use tokio::io::AsyncReadExt;

use crate::waiting::PATIENCE;
use crate::{
    common::{
        http::{UPGRADE, head},
        polling::Poller,
        until,
    },
    crowd::Crowd,
    stage::MIB,
    wire::{Wire, descriptors, text},
};

const SESSIONS: usize = 20;

/// Asks for a WebSocket for a session, and keeps the connection; with the status of the answer.
async fn ask(crowd: &Crowd, sid: &str) -> (Wire, u16) {
    let mut wire = Wire::dial(&crowd.server).await;
    let target = format!("/socket.io/?EIO=4&transport=websocket&sid={sid}");
    wire.write(head("GET", &target, UPGRADE).as_bytes()).await;
    let mut status = [0; "HTTP/1.1 101".len()];
    wire.stream.read_exact(&mut status).await.unwrap();
    let status = std::str::from_utf8(&status).unwrap();
    (wire, status[9..].parse().unwrap())
}

/// The client that behaves does all of it meanwhile.
async fn upgrades(crowd: &Crowd) {
    let poller = Poller::connected(&crowd.server).await;
    let mut websocket = RawClient::connect(&crowd.server, &poller.query("websocket")).await;
    websocket.send("2probe").await;
    websocket.expect_text("3probe").await;
    websocket.send("5").await;
    websocket.send(r#"421["echo",1]"#).await;
    websocket.expect_text("431[1]").await;
}

#[actix_web::test]
async fn of_many_attempts_each_session_has_one_and_goes_on_polling() {
    let crowd = Crowd::gather(|hub| hub.upgrade_timeout(PATIENCE * 10)).await;
    let before = descriptors();
    let flood = async {
        let pollers = (0..SESSIONS).map(|_| Poller::connected(&crowd.server));
        let pollers = join_all(pollers).await;
        let mut held = Vec::new();
        for _ in 0..10 {
            for poller in &pollers {
                held.push(ask(&crowd, &poller.sid).await);
            }
            held.push(ask(&crowd, "nobody").await);
            upgrades(&crowd).await;
        }
        let accepted = held.iter().filter(|(_, status)| *status == 101).count();
        assert_eq!(accepted, SESSIONS);
        let refused = held.iter().filter(|(_, status)| *status == 400).count();
        assert_eq!(accepted + refused, held.len());
        for poller in &pollers {
            poller.post(r#"421["echo",1]"#).await.expect(200, "ok");
            poller.poll().await.expect(200, "431[1]");
        }
        drop(held);
        for poller in &pollers {
            poller.post("1").await.expect(200, "ok");
        }
    };
    crowd.endures(8 * MIB, flood).await;
    crowd.has_gone().await;
    until("all descriptors are given back", || descriptors() <= before).await;
}

#[actix_web::test]
async fn attempts_that_are_held_open_are_given_up() {
    let crowd = Crowd::gather(|hub| {
        let short = Duration::from_millis(600);
        hub.upgrade_timeout(short).close_timeout(short)
    })
    .await;
    let before = descriptors();
    let flood = async {
        let pollers = (0..SESSIONS).map(|_| Poller::connected(&crowd.server));
        let pollers = join_all(pollers).await;
        let mut held = Vec::new();
        for (number, poller) in pollers.iter().enumerate() {
            let (mut wire, status) = ask(&crowd, &poller.sid).await;
            assert_eq!(status, 101);
            // Some have begun.
            if number % 2 == 0 {
                wire.try_write(&text("2probe")).await;
            }
            held.push(wire);
        }
        // The clients still hold their ends.
        until("the node has given its own up", || {
            descriptors() <= before + held.len()
        })
        .await;
        for poller in &pollers {
            poller.post("1").await.expect(200, "ok");
        }
    };
    crowd.endures(8 * MIB, flood).await;
    crowd.has_gone().await;
    until("all descriptors are given back", || descriptors() <= before).await;
}
