//! Sockets that expire: their end is the same for a client that comes back.

use std::time::{Duration, Instant};

use serde_json::json;

use super::world::World;
use crate::common::until;
use crate::wire::recovering::{Client, Ticket};

/// Enough for a client to come back, on a busy machine too.
const A_WHILE: Duration = Duration::from_secs(2);

/// What the client of a socket that expires needs to come back.
async fn away(world: &mut World) -> Ticket {
    let (mut client, socket) = world.seen(&[]).await;
    client.ask(json!(["add", 7])).await;
    socket.expires_in(A_WHILE).unwrap();
    world.cut(client).await
}

#[actix_web::test]
async fn who_comes_back_has_the_time_that_was_left() {
    let mut world = World::new();
    let ticket = away(&mut world).await;
    let (mut client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    let left = world.socket().await.time_left();
    assert!(left > Some(Duration::ZERO), "{left:?}");
    assert!(left <= Some(A_WHILE), "{left:?}");
    client.wire.expect("41").await;
    assert!(!world.back(&client.ticket()).await.1);
    assert_eq!(world.refused("unknown_session"), 1);
    assert_eq!(world.hub().stats().expired, 1);
}

#[actix_web::test]
async fn nobody_comes_back_to_a_socket_whose_time_is_over() {
    let mut world = World::new();
    let ticket = away(&mut world).await;
    let since = Instant::now();
    until("its time is over", || since.elapsed() > A_WHILE).await;
    assert!(!world.back(&ticket).await.1);
    assert_eq!(world.refused("expired"), 1);
}

#[actix_web::test]
async fn nobody_waits_for_a_socket_until_its_time_is_over_and_gets_it() {
    let mut world = World::new();
    let (mut client, socket) = world.seen(&[]).await;
    world.works(&mut client).await;
    socket.expires_in(A_WHILE).unwrap();
    let ticket = client.cut();
    let coming = world.back(&ticket);
    let going = async {
        let over = || socket.time_left() == Some(Duration::ZERO);
        until("its time is over", over).await;
        world.tower.go.notify_one();
    };
    let ((_client, recovered), ()) = tokio::join!(coming, going);
    assert!(!recovered);
    assert_eq!(world.refused("expired"), 1);
}

#[actix_web::test]
async fn who_expires_while_it_comes_back_is_refused_for_good() {
    let mut world = World::new();
    let ticket = away(&mut world).await;
    let mut wire = Client::wish(&world.server, &ticket, "hesitate").await;
    wire.expect(r#"44{"message":"expired"}"#).await;
    assert!(!world.back(&ticket).await.1);
    assert_eq!(world.hub().stats().recovery_restored, 0);
}
