//! Clients come back to any node.

use std::time::Duration;

use roomcast::Binary;
use serde_json::json;
use tokio::time::timeout;

use super::{
    faults::is_kept,
    world::{News, Node, Picture},
};
use crate::common::{redis::RedisServer, until};
use crate::proxy::Proxy;
use crate::waiting::PATIENCE;
use crate::wire::recovering::{Client, Ticket, news};

async fn two() -> (RedisServer, Node, Node) {
    let redis = RedisServer::start();
    let (a, b) = (Node::start(&redis).await, Node::start(&redis).await);
    (redis, a, b)
}

/// The client's connection breaks; its session is in Redis.
pub(super) async fn saved(redis: &RedisServer, client: Client) -> Ticket {
    let ticket = client.cut();
    until("it is saved", || is_kept(redis.port(), &ticket)).await;
    ticket
}

#[actix_web::test]
async fn a_client_finds_everything_again_on_another_node() {
    let (redis, a, b) = two().await;
    let client = a.enter(&["room"]).await;
    let ticket = saved(&redis, client).await;
    b.hub().emit(&News(1)).unwrap();
    b.hub().to("room").emit(&News(2)).unwrap();
    b.hub().to("elsewhere").emit(&News(3)).unwrap();
    b.hub().except("room").emit(&News(4)).unwrap();
    let picture = Picture(5, Binary::from(vec![1, 2]));
    b.hub().to(ticket.sid.as_str()).emit(&picture).unwrap();
    b.hub().namespace("/other").unwrap().emit(&News(6)).unwrap();

    let (mut client, recovered) = Client::back(&b.server, &ticket).await;
    assert!(recovered, "{:?}", b.hub().stats().recovery_refused);
    let mut missed = news([1, 2]);
    missed.push(json!(["picture", 5, {"_placeholder": true, "num": 0}, [1, 2]]));
    assert_eq!(client.missed, missed);
    let (told, socket) = b.log.last();
    assert_eq!(
        told, "connect",
        "there is no state of the other node's session"
    );
    assert!(socket.recovered());
    assert_eq!(
        socket.data::<serde_json::Value>().unwrap(),
        Some(json!({"name": "Ada"}))
    );
    a.hub().to("room").emit(&News(7)).unwrap();
    client.expect(json!(["news", 7])).await;

    let again = saved(&redis, client).await;
    let (_there, recovered) = Client::back(&a.server, &again).await;
    assert!(recovered);
    let (_, recovered) = Client::back(&b.server, &again).await;
    assert!(!recovered, "it is connected to the other node");
}

#[actix_web::test]
async fn a_session_is_not_lost_with_the_answer_to_its_deletion() {
    let redis = RedisServer::start();
    let proxy = Proxy::before(redis.port()).await;
    let (a, b) = (Node::start(&redis).await, Node::at(&proxy.url()).await);
    let client = a.enter(&["room"]).await;
    let ticket = saved(&redis, client).await;
    b.hub().to("room").emit(&News(1)).unwrap();

    proxy.break_at(b"DEL");
    let (client, recovered) = Client::back(&b.server, &ticket).await;
    assert!(proxy.is_broken());
    assert!(recovered, "{:?}", b.hub().stats().recovery_refused);
    assert_eq!(client.missed, news([1]));
}

#[actix_web::test]
async fn on_the_same_node_the_session_has_its_state_unless_it_was_elsewhere_meanwhile() {
    let (redis, a, b) = two().await;
    let mut client = a.enter(&[]).await;
    client.ask(json!(["add", 3])).await;
    let ticket = saved(&redis, client).await;
    let (mut client, recovered) = Client::back(&a.server, &ticket).await;
    assert!(recovered);
    assert_eq!(a.log.last().0, "restore");
    assert_eq!(client.ask(json!(["add", 1])).await, "431[4]");

    let ticket = saved(&redis, client).await;
    let (client, recovered) = Client::back(&b.server, &ticket).await;
    assert!(recovered);
    let ticket = saved(&redis, client).await;
    let (_, recovered) = Client::back(&a.server, &ticket).await;
    assert!(recovered);
    assert_eq!(a.log.last().0, "connect", "what is here is older");
}

#[actix_web::test]
async fn who_comes_back_before_its_loss_is_known_takes_over() {
    let (_redis, a, b) = two().await;
    let mut client = a.enter(&["room"]).await;
    for number in 1..10 {
        let ticket = client.ticket();
        // Nobody reads the old connection any more.
        b.hub().to("room").emit(&News(number)).unwrap();
        let (next, recovered) = Client::back(&a.server, &ticket).await;
        assert!(recovered, "{:?}", a.hub().stats().recovery_refused);
        client = next;
        if client.missed.is_empty() {
            client.expect(json!(["news", number])).await;
        } else {
            assert_eq!(client.missed, news([number]));
        }
    }
}

#[actix_web::test]
async fn what_a_socket_that_was_found_is_sent_waits_for_its_client() {
    let (_redis, a, _b) = two().await;
    let gone = a.enter(&["idle"]).await;
    for socket in a.hub().to("idle").fetch_sockets().await.unwrap() {
        assert!(socket.is_local());
        socket.emit(&News(1)).unwrap();
        socket.emit_raw("news", &[2]).unwrap();
    }
    let (mut client, recovered) = Client::back(&a.server, &gone.ticket()).await;
    assert!(recovered, "{:?}", a.hub().stats().recovery_refused);
    let mut events = std::mem::take(&mut client.missed);
    while events.len() < 2 {
        events.push(client.event().await);
    }
    assert_eq!(events, news([1, 2]));
}

#[actix_web::test]
async fn clients_of_a_node_that_shuts_down_come_back_to_another() {
    let (_redis, a, b) = two().await;
    let client = a.enter(&["room"]).await;
    let ticket = client.ticket();
    let (hub, closing) = (a.hub().clone(), client.wire.ended());
    let (drained, _) = timeout(PATIENCE, async { tokio::join!(hub.drain(), closing) })
        .await
        .expect("drained in time");
    assert!(drained.clean, "{drained}");
    b.hub().to("room").emit(&News(1)).unwrap();
    let (client, recovered) = Client::back(&b.server, &ticket).await;
    assert!(recovered, "{:?}", b.hub().stats().recovery_refused);
    assert_eq!(client.missed, news([1]));
}

#[actix_web::test]
async fn what_is_no_event_of_the_log_does_not_disturb_the_offset() {
    let (_redis, a, _b) = two().await;
    let mut client = a.enter(&[]).await;
    let offset = client.offset.clone();
    a.hub()
        .everyone()
        .local()
        .emit_raw("text", &["here"])
        .unwrap();
    assert_eq!(client.event().await, json!(["text", "here", null]));
    assert_eq!(client.offset, offset);
    a.hub()
        .everyone()
        .volatile()
        .emit_raw("text", &["there"])
        .unwrap();
    assert_eq!(client.event().await, json!(["text", "there"]));
    assert!(client.offset > offset);
}

#[actix_web::test]
async fn the_time_of_a_socket_is_over_on_any_node() {
    let (redis, a, b) = two().await;
    let client = a.enter(&[]).await;
    a.log.last().1.expires_in(Duration::from_secs(60)).unwrap();
    let ticket = saved(&redis, client).await;
    let (_client, recovered) = Client::back(&b.server, &ticket).await;
    assert!(recovered, "{:?}", b.hub().stats().recovery_refused);
    let left = b.log.last().1.time_left().unwrap();
    assert!((Duration::from_secs(1)..=Duration::from_secs(60)).contains(&left));
}

#[actix_web::test]
async fn who_shows_something_else_gets_a_fresh_session() {
    let (redis, a, b) = two().await;
    let client = a.enter(&[]).await;
    let ticket = saved(&redis, client).await;
    for (offset, reason) in [("x", "unknown_offset"), ("1-1-1", "unknown_offset")] {
        let mut ticket = ticket.clone();
        ticket.offset = Some(offset.to_owned());
        assert!(!Client::back(&b.server, &ticket).await.1);
        assert!(b.hub().stats().recovery_refused.contains_key(reason));
    }
    // Nobody asked Redis for it.
    let key = format!("sio:session:{}", ticket.pid);
    assert_eq!(redis.command(&["EXISTS", &key]).trim(), "1");
    let mut unknown = ticket.clone();
    unknown.offset = Some("1-1".to_owned());
    assert!(!Client::back(&b.server, &unknown).await.1);
    assert_eq!(b.hub().stats().recovery_refused.get("trimmed"), Some(&1));
    assert!(!Client::back(&b.server, &ticket).await.1, "it was taken");
}
