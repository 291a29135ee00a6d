//! Fast reconnects: the old connection is still there, or its session.

use roomcast::Recovery;

use super::app::News;
use super::world::World;
use crate::common::until;
use crate::wire::deserted;
use crate::wire::recovering::{Client, news};

#[actix_web::test]
async fn who_comes_back_before_its_loss_is_known_takes_over() {
    for workers in [1, 4] {
        let mut world = World::with(workers, |hub| hub, Recovery::new());
        let (mut client, socket) = world.seen(&["a"]).await;
        for number in 2..20 {
            let ticket = client.ticket();
            // Nobody reads the old connection any more.
            world.hub().to("a").emit(&News(number)).unwrap();
            let (next, recovered) = world.back(&ticket).await;
            assert!(recovered);
            assert_eq!(next.missed, news([number]));
            let (before, _) = std::mem::replace(&mut client, next).wire.ended().await;
            assert!(before.len() <= 1, "{before:?}");
        }
        let stats = world.hub().stats();
        assert_eq!(stats.sockets, 1);
        assert_eq!(stats.disconnects.get("taken over"), Some(&18));
        assert!(!socket.is_connected());
    }
}

#[actix_web::test]
async fn it_waits_for_the_handler_that_still_runs() {
    let mut world = World::new();
    let (mut client, _) = world.seen(&[]).await;
    world.works(&mut client).await;
    let ticket = client.cut();
    let coming = world.back(&ticket);
    let going = async {
        until("it was told", || world.hub().stats().connections == 2).await;
        world.hub().emit(&News(2)).unwrap();
        world.tower.go.notify_one();
    };
    let ((client, recovered), ()) = tokio::join!(coming, going);
    assert!(recovered);
    assert_eq!(client.missed, news([2]));
}

#[actix_web::test]
async fn a_client_that_is_lost_while_it_comes_back_can_try_again() {
    let mut world = World::new();
    let (mut client, _) = world.seen(&[]).await;
    world.works(&mut client).await;
    let ticket = client.cut();
    let lost = Client::wish(&world.server, &ticket, "nothing").await;
    until("it was told", || world.hub().stats().sockets == 0).await;
    lost.reset();
    until("it is gone", || world.hub().stats().connections <= 1).await;
    world.tower.go.notify_one();
    assert!(world.back(&ticket).await.1);
}

#[actix_web::test]
async fn nothing_stays() {
    let mut world = World::new();
    let ticket = world.away(&["a"]).await;
    let (client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    drop(client);
    deserted(world.hub()).await;
}
