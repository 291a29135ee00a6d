//! What is recovered.

use std::time::Duration;

use futures_util::future::join;
use roomcast::{Binary, Recovery, prelude::*};
use serde_json::json;

use super::app::{Add, News, Picture, Question};
use super::world::World;
use crate::common::NEVER;
use crate::waiting::PATIENCE;
use crate::wire::Message;
use crate::wire::recovering::news;

#[actix_web::test]
async fn who_comes_back_gets_its_id_its_rooms_its_session_and_what_it_missed_before_the_reply() {
    let mut world = World::new();
    let (mut client, _) = world.enter(&["a"]).await;
    let (mut witness, _) = world.enter(&["a", "c"]).await;
    assert_eq!(client.ask(json!(["join", "b"])).await, "431[]");
    assert_eq!(client.ask(json!(["add", 7])).await, "431[7]");
    world.hub().emit(&News(0)).unwrap();
    client.expect(json!(["news", 0])).await;
    witness.expect(json!(["news", 0])).await;
    let ticket = world.cut(client).await;

    let hub = world.hub();
    let id: SocketId = ticket.sid.parse().unwrap();
    hub.emit(&News(1)).unwrap();
    hub.to("b").emit(&News(2)).unwrap();
    hub.to("c").emit(&News(100)).unwrap();
    hub.to(id).emit(&News(3)).unwrap();
    hub.except("a").emit(&News(101)).unwrap();
    hub.to("a").except(id).emit(&News(102)).unwrap();
    hub.to("c").to("a").emit(&News(4)).unwrap();
    let elsewhere = hub.namespace("/other").unwrap();
    elsewhere.emit(&News(103)).unwrap();
    for number in [1, 100, 102, 4] {
        witness.expect(json!(["news", number])).await;
    }

    let (mut client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert_eq!(client.missed, news([1, 2, 3, 4]));
    let socket = world.socket().await;
    assert!(socket.recovered());
    let found = world.hub().to(id).fetch_sockets().await.unwrap();
    let mut rooms: Vec<_> = found.iter().flat_map(|socket| socket.rooms()).collect();
    rooms.sort_unstable();
    assert_eq!(rooms, ["a", "b"]);
    world.hub().to("b").emit(&News(5)).unwrap();
    client.expect(json!(["news", 5])).await;
    assert_eq!(client.ask(json!(["add", 1])).await, "431[8]");
    let stats = world.hub().stats();
    assert_eq!((stats.recovery_saved, stats.recovery_restored), (1, 1));
}

#[actix_web::test]
async fn who_heard_nothing_for_longer_than_events_are_kept_comes_back() {
    let heartbeat = Duration::from_millis(20);
    let recovery = Recovery::new().max_log_bytes(4096);
    let mut world = World::with(1, |hub| hub.ping_interval(heartbeat), recovery);
    let (mut client, _) = world.seen(&[]).await;
    for number in 0..100 {
        world.hub().to("others").emit(&News(number)).unwrap();
    }
    assert!(world.hub().stats().recovery_events_evicted > 50);
    // Its answers to pings say that it has seen all there was for it.
    for _ in 0..3 {
        let ping = client.wire.next_unanswered().await;
        assert_eq!(ping, Message::Text("2".to_owned()));
        client.wire.text("3").await;
    }
    let ticket = world.cut(client).await;
    let (client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert!(client.missed.is_empty());
}

#[actix_web::test]
async fn binary_events_are_replayed_with_their_attachments() {
    let mut world = World::new();
    let ticket = world.away(&[]).await;
    let bytes = Binary::from(vec![7; 200]);
    world.hub().emit(&Picture(1, bytes)).unwrap();
    world.hub().emit(&News(2)).unwrap();
    let (client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    let placeholder = json!({"_placeholder": true, "num": 0});
    let picture = json!(["picture", 1, placeholder, vec![7; 200]]);
    assert_eq!(client.missed, [picture, json!(["news", 2])]);
}

#[actix_web::test]
async fn a_session_that_keeps_nothing_passes_through_connect_again() {
    let mut world = World::new();
    let ticket = world.away(&["a"]).await;
    let (mut client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert!(world.socket().await.recovered());
    assert_eq!(client.ask(json!(["add", 1])).await, "431[1]");
}

#[actix_web::test]
async fn a_volatile_event_does_not_spoil_the_offset() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&[]).await;
    world.hub().emit(&News(1)).unwrap();
    socket.volatile().emit(&News(2)).unwrap();
    world
        .hub()
        .everyone()
        .volatile()
        .emit_raw("d4", &())
        .unwrap();
    client.expect(json!(["news", 1])).await;
    client.expect(json!(["news", 2])).await;
    client.expect(json!(["d4"])).await;
    let ticket = world.cut(client).await;
    world.hub().everyone().volatile().emit(&News(3)).unwrap();
    world.hub().emit(&News(4)).unwrap();
    let (client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert_eq!(client.missed, news([4]), "without what was volatile");
}

#[actix_web::test]
async fn what_asks_for_an_ack_has_no_offset_and_is_not_replayed() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&[]).await;
    let asking = tokio::task::spawn_local({
        let socket = socket.clone();
        async move { socket.timeout(NEVER).emit_with_ack(&Question).await }
    });
    client.expect(json!(["question"])).await;
    assert_eq!(client.offset, None);
    socket.emit(&News(1)).unwrap();
    client.event().await;
    let ticket = world.cut(client).await;
    assert!(asking.await.unwrap().is_err());
    let (client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert!(client.missed.is_empty());
}

#[actix_web::test]
async fn the_answer_to_an_event_that_was_waited_for_is_not_replayed() {
    let mut world = World::new();
    let (mut client, socket) = world.seen(&[]).await;
    let wait = socket.wait_for_with_ack::<Add>(PATIENCE);
    let (awaited, ()) = join(wait, client.wire.text(r#"421["add",5]"#)).await;
    awaited.unwrap().answer(&7).unwrap();
    client.wire.expect("431[7]").await;
    let ticket = world.cut(client).await;
    let (client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert!(client.missed.is_empty());
}

#[actix_web::test]
async fn pongs_that_nobody_asked_for_do_not_tell_what_was_seen() {
    let mut world = World::new();
    let (mut client, socket) = world.seen(&[]).await;
    let ticket = client.ticket();
    for number in 1..=2 {
        socket.emit(&News(number)).unwrap();
        client.expect(json!(["news", number])).await;
        client.wire.text("3").await;
        // The pong has been read.
        assert_eq!(client.ask(json!(["add", 0])).await, "431[0]");
    }
    world.cut(client).await;
    let (client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert_eq!(client.missed, news([1, 2]));
}
