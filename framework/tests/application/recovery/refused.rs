//! Who is not recovered, and gets a fresh session instead.

use std::time::{Duration, Instant};

use roomcast::Recovery;
use serde_json::json;

use super::app::News;
use super::world::World;
use crate::common::until;
use crate::wire::{
    Message, Wire,
    recovering::{Client, Ticket, news},
    text,
};

#[actix_web::test]
async fn a_session_is_restored_once() {
    let mut world = World::new();
    let ticket = world.away(&[]).await;
    let (client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    // It left for good.
    let mut wire = client.wire;
    wire.text("41").await;
    until("it has left", || world.hub().stats().sockets == 0).await;
    let (_client, recovered) = world.back(&ticket).await;
    assert!(!recovered);
    assert_eq!(world.refused("unknown_session"), 1);
}

#[actix_web::test]
async fn an_unknown_session_or_offset_gives_a_fresh_one_without_an_error() {
    let mut world = World::new();
    let ticket = world.away(&["a"]).await;
    for (n, pid) in [(1, "unknown"), (2, &*ticket.sid)] {
        let other = Ticket {
            pid: pid.to_owned(),
            ..ticket.clone()
        };
        assert!(!world.back(&other).await.1);
        assert_eq!(world.refused("unknown_session"), n);
    }
    for (n, offset) in [(1, "abc"), (2, "zzzzzzzzzz")] {
        let other = Ticket {
            offset: Some(offset.to_owned()),
            ..world.away(&[]).await
        };
        let (client, recovered) = world.back(&other).await;
        assert!(!recovered);
        assert!(client.missed.is_empty());
        assert_eq!(world.refused("unknown_offset"), n);
    }
    // Neither is an attempt, and neither is refused.
    for auth in [json!({"pid": ticket.pid}), json!({"pid": 1, "offset": 2})] {
        let client = Client::connect(&world.server, "", auth).await;
        assert_ne!(client.pid, ticket.pid);
    }
}

#[actix_web::test]
async fn who_stays_away_too_long_gets_a_fresh_session() {
    let short = Recovery::new().max_disconnection_duration(Duration::from_millis(50));
    let mut world = World::with(1, |hub| hub, short);
    let ticket = world.away(&[]).await;
    let since = Instant::now();
    let over = || since.elapsed() > Duration::from_millis(50);
    until("it has expired", over).await;
    assert!(!world.back(&ticket).await.1);
    assert_eq!(world.refused("expired"), 1);
}

#[actix_web::test]
async fn what_no_longer_fits_the_log_gives_a_fresh_session() {
    let mut world = World::with(1, |hub| hub, Recovery::new().max_log_bytes(4096));
    let ticket = world.away(&[]).await;
    for number in 0..100 {
        world.hub().emit(&News(number)).unwrap();
    }
    assert!(world.hub().stats().recovery_events_evicted > 50);
    let (client, recovered) = world.back(&ticket).await;
    assert!(!recovered);
    assert!(client.missed.is_empty());
    assert_eq!(world.refused("trimmed"), 1);
}

#[actix_web::test]
async fn who_missed_less_than_the_log_keeps_is_recovered_though_others_are_not() {
    let mut world = World::with(1, |hub| hub, Recovery::new().max_log_bytes(4096));
    let early = world.away(&[]).await;
    for number in 0..100 {
        world.hub().emit(&News(number)).unwrap();
    }
    let late = world.away(&[]).await;
    for number in 0..3 {
        world.hub().emit(&News(number)).unwrap();
    }
    assert!(!world.back(&early).await.1);
    let (client, recovered) = world.back(&late).await;
    assert!(recovered);
    assert_eq!(client.missed, news(0..3));
}

#[actix_web::test]
async fn more_than_an_outbox_takes_gives_a_fresh_session() {
    let mut world = World::with(1, |hub| hub.max_outbox_bytes(1000), Recovery::new());
    let ticket = world.away(&[]).await;
    for number in 0..100 {
        world.hub().emit(&News(number)).unwrap();
    }
    assert!(!world.back(&ticket).await.1);
    assert_eq!(world.refused("too_much_missed"), 1);
}

/// Takes more than a quarter of the outbox, and less than half.
const MISSED: u32 = 40;

/// A client that was in two namespaces, of which each alone has missed what it may.
async fn away_from_both() -> (World, [Ticket; 2]) {
    let mut world = World::with(1, |hub| hub.max_outbox_bytes(10_000), Recovery::new());
    let mut away = Vec::new();
    for nsp in ["", "/other,"] {
        let (mut client, _) = world.seen_at(nsp, &[]).await;
        client.ask(json!(["add", 7])).await;
        away.push(world.cut(client).await);
        let everyone = world
            .hub()
            .namespace(&format!("/{}", nsp.trim_matches(['/', ','])))
            .unwrap();
        for number in 0..MISSED {
            everyone.emit(&News(number)).unwrap();
        }
    }
    (world, away.try_into().ok().unwrap())
}

#[actix_web::test]
async fn what_a_client_takes_at_once_is_not_held_against_its_next_namespace() {
    let (world, [root, other]) = away_from_both().await;
    let mut wire = Wire::open(&world.server).await;
    let auth = |ticket: &Ticket| json!({"pid": ticket.pid, "offset": ticket.offset});
    let connects = [
        format!("40{}", auth(&root)),
        format!("40/other,{}", auth(&other)),
    ];
    // In one turn.
    wire.write(&connects.map(|packet| text(&packet)).concat())
        .await;
    for (event, reply, ticket) in [("42[", "40{", root), ("42/other,[", "40/other,{", other)] {
        let mut missed = 0;
        loop {
            let Message::Text(text) = wire.next().await else {
                panic!("no text");
            };
            if text.starts_with(reply) {
                assert!(text.contains(&ticket.pid), "{text}");
                break;
            }
            assert!(text.starts_with(event), "{text}");
            missed += 1;
        }
        assert_eq!(missed, MISSED);
    }
}

#[actix_web::test]
async fn what_the_namespaces_of_a_connection_missed_shares_its_outbox() {
    let (world, [root, other]) = away_from_both().await;
    let mut wire = Wire::open(&world.server).await;
    let auth =
        |ticket: &Ticket| json!({"pid": ticket.pid, "offset": ticket.offset, "hesitate": true});
    wire.text(&format!("40{}", auth(&root))).await;
    wire.text(&format!("40/other,{}", auth(&other))).await;
    let reply = wire.next().await;
    assert!(
        matches!(&reply, Message::Text(text) if text.starts_with("40/other,") && !text.contains(&other.pid)),
        "{reply:?}"
    );
    assert_eq!(world.refused("too_much_missed"), 1);
    // What comes meanwhile has room.
    for number in 0..MISSED {
        world.hub().emit(&News(number)).unwrap();
    }
    world
        .hub()
        .namespace("/other")
        .unwrap()
        .emit(&News(7))
        .unwrap();
    let news = wire.next().await;
    assert!(
        matches!(&news, Message::Text(text) if text.starts_with(r#"42/other,["news",7"#)),
        "{news:?}"
    );
    assert_eq!(world.hub().stats().closed_slow, 0);
}

#[actix_web::test]
async fn the_oldest_sessions_make_room() {
    let mut world = World::with(1, |hub| hub, Recovery::new().max_sessions(1));
    let mut tickets = Vec::new();
    for _ in 0..2 {
        tickets.push(world.away(&[]).await);
    }
    until("one has gone", || {
        world.hub().stats().recovery_sessions_evicted == 1
    })
    .await;
    let (_fresh, recovered) = world.back(&tickets[0]).await;
    assert!(!recovered);
    assert!(world.back(&tickets[1]).await.1);
}

#[actix_web::test]
async fn who_left_or_was_disconnected_cannot_come_back() {
    let mut world = World::new();
    for by_client in [true, false] {
        let (mut client, socket) = world.seen(&[]).await;
        let ticket = client.ticket();
        match by_client {
            true => client.wire.text("41").await,
            false => socket.disconnect(false).unwrap(),
        }
        until("it has left", || world.hub().stats().sockets == 0).await;
        assert!(!world.back(&ticket).await.1);
        until("everyone has left", || world.hub().stats().sockets == 0).await;
    }
    assert_eq!(world.hub().stats().recovery_restored, 0);
}

#[actix_web::test]
async fn a_session_may_refuse_who_comes_back() {
    let mut world = World::new();
    let ticket = world.away(&["a"]).await;
    world.hub().emit(&News(2)).unwrap();
    let mut wire = Client::wish(&world.server, &ticket, "refuse").await;
    wire.expect(r#"44{"message":"not you"}"#).await;
    assert!(!world.back(&ticket).await.1);
    assert_eq!(world.hub().namespace("/").unwrap().rooms(), [""; 0]);
}

#[actix_web::test]
async fn a_session_that_panics_when_it_is_restored_is_lost() {
    let mut world = World::new();
    let (mut client, _) = world.seen(&["a"]).await;
    client.ask(json!(["add", 7])).await;
    let ticket = world.cut(client).await;
    let mut wire = Client::wish(&world.server, &ticket, "panic").await;
    wire.expect(r#"44{"message":"internal server error"}"#)
        .await;
    assert!(!world.back(&ticket).await.1);
    assert_eq!(world.refused("unknown_session"), 1);
}
