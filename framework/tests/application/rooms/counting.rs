//! Rooms are known, and their members counted, from the first to the last.

use super::{CLIENTS, House, ids, names};
use crate::wire::{MODES, eventually};

#[actix_web::test]
async fn rooms_are_known_and_counted_while_they_have_members() {
    for mode in MODES {
        let house = House::open(mode);
        let here = house.namespace();
        assert!(house.rooms().is_empty());
        let mut clients = house.crowd(&["all", "some"]).await;
        clients.push(house.enter(&["all", ""]).await);
        assert_eq!(house.rooms(), names(&["", "all", "some"]));
        eventually("all are counted", || here.room_size("all") == CLIENTS + 1).await;
        eventually("so are the others", || here.room_size("some") == CLIENTS).await;
        eventually("a name may be empty", || here.room_size("") == 1).await;
        assert_eq!(here.room_size("none"), 0);
        eventually("each is supervised", || house.hub().stats().rooms == 3).await;

        clients.pop().unwrap().disconnect().await;
        eventually("a room goes with its last member", || {
            house.rooms() == names(&["all", "some"]) && house.hub().stats().rooms == 2
        })
        .await;
        house.hub().to("some").leave(["some"]).await.unwrap();
        assert_eq!(house.rooms(), names(&["all"]));
        assert_eq!(here.room_size("some"), 0);
        eventually("its supervisor goes too", || house.hub().stats().rooms == 1).await;

        // And comes back.
        house.hub().everyone().join(["some"]).await.unwrap();
        eventually("all are counted again", || {
            here.room_size("some") == CLIENTS
        })
        .await;
        drop(clients);
        house.close().await;
    }
}

#[actix_web::test]
async fn rooms_that_come_and_go_on_all_workers_end_with_the_right_count() {
    for mode in MODES {
        let house = House::open(mode);
        let clients = house.crowd(&[]).await;
        let hub = house.hub();
        for _ in 0..100 {
            for client in &clients {
                drop(hub.to(client.id().as_str()).join(["busy"]));
            }
            for client in &clients {
                drop(hub.to(client.id().as_str()).leave(["busy"]));
            }
        }
        let stays = clients[3].id();
        hub.to(stays.as_str()).join(["busy"]).await.unwrap();
        eventually("one is in it", || house.namespace().room_size("busy") == 1).await;
        assert_eq!(
            ids(&hub.to("busy").fetch_sockets().await.unwrap()),
            [stays].into()
        );
        eventually("it is supervised once", || hub.stats().rooms == 1).await;
        drop(clients);
        house.close().await;
    }
}

#[actix_web::test]
async fn a_join_that_finds_nobody_leaves_no_room() {
    for mode in MODES {
        let house = House::open(mode);
        let clients = house.crowd(&["all"]).await;
        let hub = house.hub();
        for _ in 0..50 {
            hub.to("all").except("all").join(["empty"]).await.unwrap();
            eventually("it was never one", || house.rooms() == names(&["all"])).await;
        }
        // Nor does it keep one that others leave meanwhile.
        for round in 0..300 {
            let visitor = clients[round % CLIENTS].id();
            drop(hub.to(visitor.as_str()).join(["visited"]));
            drop(hub.to("all").except("all").join(["visited"]));
            drop(hub.to(visitor.as_str()).leave(["visited"]));
        }
        eventually("everyone has left", || {
            house.rooms() == names(&["all"]) && hub.stats().rooms == 1
        })
        .await;
        drop(clients);
        house.close().await;
    }
}
