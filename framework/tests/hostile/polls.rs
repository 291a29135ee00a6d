//! Clients on long-polling that fetch slowly, do not read what they have fetched, or never end what they post.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::{
    io::AsyncReadExt,
    task::yield_now,
    time::{Instant, sleep},
};

use crate::{
    common::{polling::Poller, until},
    crowd::Crowd,
    stage::{LATER, MIB, SOON},
    well_behaved::{THEIR_ROOM, WELL_BEHAVED},
    wire::{Wire, descriptors},
};

const CLIENTS: usize = 40;

#[actix_web::test]
async fn who_does_not_fetch_is_closed_when_too_much_waits_and_others_get_everything() {
    const LIMIT: usize = 64 * 1024;
    let crowd = Crowd::gather(|hub| hub.max_outbox_bytes(LIMIT)).await;
    let before = descriptors();
    let news = "x".repeat(1000);
    let flood = async {
        let pollers = (0..CLIENTS).map(|_| Poller::connected(&crowd.server));
        let pollers = join_all(pollers).await;
        let mut polls = Vec::new();
        for (number, poller) in pollers.iter().enumerate() {
            poller.post(r#"42["enter","hall"]"#).await.expect(200, "ok");
            // Some wait, for one answer.
            if number % 2 == 0 {
                polls.push(poller.start_poll().await);
            }
        }
        let fetching = Poller::connected(&crowd.server).await;
        fetching
            .post(r#"42["enter","hall"]"#)
            .await
            .expect(200, "ok");
        let hall = crowd.server.hub().to("hall");
        let all = || crowd.server.hub().namespace("/").unwrap().room_size("hall") == CLIENTS + 1;
        until("all are in the hall", all).await;
        let mut emitted = 0;
        while crowd.stats().closed_slow < CLIENTS as u64 {
            hall.emit_raw("news", &(emitted, &news)).unwrap();
            let expected = format!(r#"42["news",{emitted},"{news}"]"#);
            fetching.poll().await.expect(200, &expected);
            emitted += 1;
        }
        assert!((emitted as usize) * news.len() < 2 * LIMIT, "{emitted}");
        fetching.post("1").await.expect(200, "ok");
    };
    crowd.endures(CLIENTS * LIMIT + 4 * MIB, flood).await;
    crowd.has_gone().await;
    let slow = crowd.stats().disconnects["slow consumer"];
    assert_eq!(slow, CLIENTS as u64);
    until("all descriptors are given back", || descriptors() <= before).await;
}

/// Larger than what the system keeps between two sockets.
const PACKETS: usize = 12;
const PACKET_BYTES: usize = 2 * MIB;

/// A poller for whom much waits, and the connection on which it asks for it.
async fn asks_for_much(crowd: &Crowd) -> (Poller<'_>, Wire) {
    let poller = Poller::connected(&crowd.server).await;
    let everyone = crowd.server.hub().everyone();
    for _ in 0..PACKETS {
        let others = everyone.clone().except(THEIR_ROOM);
        let news = "x".repeat(PACKET_BYTES);
        others.emit_raw("news", &[news]).unwrap();
        // The others are served meanwhile.
        yield_now().await;
    }
    let mut wire = Wire::dial_narrow(&crowd.server).await;
    let session = format!("&sid={}", poller.sid);
    wire.begin("GET", &session, "").await;
    (poller, wire)
}

#[actix_web::test]
async fn an_answer_that_is_not_read_is_given_up() {
    let crowd = Crowd::gather(|hub| {
        let short = Duration::from_secs(1);
        // Those who behave have some time for their answers.
        let hub = hub.ping_interval(short).ping_timeout(3 * short);
        hub.close_timeout(short).max_outbox_bytes(32 * MIB)
    })
    .await;
    let before = descriptors();
    let flood = async {
        let (_poller, _wire) = asks_for_much(&crowd).await;
        let left = WELL_BEHAVED as u64;
        until("its session has ended", || {
            crowd.stats().connections == left
        })
        .await;
        until("its connection is given up", || descriptors() <= before + 1).await;
        assert_eq!(crowd.stats().cut_closing, 1);
    };
    crowd.endures(5 * PACKETS * PACKET_BYTES, flood).await;
    crowd.has_gone().await;
}

#[actix_web::test]
async fn an_answer_that_is_read_slowly_comes_whole() {
    const STOP: Duration = Duration::from_secs(1);
    let crowd = Crowd::gather(|hub| hub.close_timeout(STOP).max_outbox_bytes(32 * MIB)).await;
    let slow = async {
        let (poller, mut wire) = asks_for_much(&crowd).await;
        let (begun, mut read) = (Instant::now(), 0);
        let mut part = vec![0; PACKET_BYTES / 4];
        while read < PACKETS * PACKET_BYTES {
            read += wire.stream.read_exact(&mut part).await.unwrap();
            sleep(STOP / 20).await;
        }
        assert!(
            begun.elapsed() > 2 * STOP,
            "it took longer than one may stop"
        );
        poller.post("1").await.expect(200, "ok");
    };
    crowd.endures(5 * PACKETS * PACKET_BYTES, slow).await;
    assert_eq!(crowd.stats().cut_closing, 0);
}

/// It may take as long as its session, which nothing of it keeps alive.
#[actix_web::test]
async fn a_body_that_comes_byte_by_byte_ends_with_its_session() {
    const POSTS: usize = 10;
    let crowd = Crowd::gather(|hub| hub.ping_interval(SOON).ping_timeout(LATER)).await;
    let before = descriptors();
    let flood = async {
        let slow = (0..POSTS).map(async |_| {
            let poller = Poller::connected(&crowd.server).await;
            let mut post = poller.start_post(500_000, r#"42["say",""#, "").await;
            while !post.is_answered_within(SOON / 10).await {
                post.try_write("x").await;
            }
            let head = post.head().await;
            let broken_off = head.starts_with("HTTP/1.1 400") && head.contains("content-length: 0");
            assert!(broken_off, "{head}");
        });
        join_all(slow).await;
    };
    crowd.endures(4 * MIB, flood).await;
    crowd.has_gone().await;
    let ended = crowd.stats().disconnects;
    assert_eq!(ended.get("ping timeout"), Some(&(POSTS as u64)));
    until("all descriptors are given back", || descriptors() <= before).await;
}
