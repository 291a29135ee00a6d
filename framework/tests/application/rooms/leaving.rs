//! However members go, and those that were never let in, nothing of them is left.

use std::sync::atomic::Ordering;

use roomcast::testing::{Disconnected, TestClient, TestServer};
use serde_json::json;

use super::{CLIENTS, Fail, House, Said, Then, Ticket, WORKERS, Work, names};
use crate::wire::{MODES, Message, eventually};

#[actix_web::test]
async fn a_refused_connect_leaves_no_rooms() {
    for mode in MODES {
        let house = House::open(mode);
        for then in [Then::Refuse, Then::Panic] {
            let message = match then {
                Then::Refuse => "no",
                _ => "internal server error",
            };
            let ticket = Ticket {
                rooms: vec!["a".into(), "b".into()],
                then,
                ..Ticket::default()
            };
            for _ in 0..CLIENTS {
                let mut wire = house.knock(&ticket).await;
                wire.expect(&format!(r#"44{{"message":"{message}"}}"#))
                    .await;
                assert!(house.rooms().is_empty());
            }
        }
        assert_eq!(house.hub().stats().panics as usize, CLIENTS);
        house.close().await;
    }
}

#[actix_web::test]
async fn a_refused_socket_gets_nothing_that_was_emitted_to_its_rooms() {
    for mode in MODES {
        let house = House::open(mode);
        let ticket = Ticket {
            rooms: vec!["news".into()],
            then: Then::Wait,
            ..Ticket::default()
        };
        let mut admitted = house.knock(&ticket).await;
        house.waiting(1).await;
        house.hub().to("news").emit(&Said("before".into())).unwrap();
        // Its own namespace does not know it yet.
        house
            .hub()
            .everyone()
            .emit(&Said("not for it".into()))
            .unwrap();
        house.gate.open.add_permits(1);
        let reply = admitted.next().await;
        assert!(matches!(reply, Message::Text(text) if text.starts_with("40{")));
        admitted.expect(r#"42["said","before"]"#).await;

        let refused = Ticket {
            then: Then::Refuse,
            ..ticket
        };
        let mut refused = house.knock(&refused).await;
        refused.expect(r#"44{"message":"no"}"#).await;
        house.hub().to("news").emit(&Said("after".into())).unwrap();
        admitted.expect(r#"42["said","after"]"#).await;
        drop((admitted, refused));
        house.close().await;
    }
}

#[actix_web::test]
async fn connections_that_die_in_any_state_leave_no_rooms() {
    for mode in MODES {
        let house = House::open(mode);
        let room = |name: &str| Ticket {
            rooms: vec![name.into()],
            ..Ticket::default()
        };
        for _ in 0..WORKERS {
            // While they connect.
            let connecting = Ticket {
                then: Then::Wait,
                ..room("connecting")
            };
            let connecting = house.knock(&connecting).await;
            house.waiting(1).await;
            assert_eq!(house.rooms(), names(&["connecting"]));
            connecting.reset();
            eventually("they are out of it", || house.rooms().is_empty()).await;
            house.gate.waiting.store(0, Ordering::Relaxed);

            // While their handler runs.
            let working = house.enter(&["connected"]).await;
            working.emit(&Work).await;
            house.waiting(1).await;
            assert_eq!(house.rooms(), names(&["connected", "working"]));
            drop(working);
            eventually("they are out of both", || house.rooms().is_empty()).await;
            let connections = || house.hub().stats().connections;
            eventually("only the one whose handler runs on is left", || {
                connections() == 1
            })
            .await;
            house.gate.open.add_permits(1);
            house.waiting(0).await;

            // While they leave.
            let leaving = Ticket {
                leaves_slowly: true,
                ..room("leaving")
            };
            let mut leaving = house.knock(&leaving).await;
            let reply = leaving.next().await;
            assert!(matches!(reply, Message::Text(text) if text.starts_with("40{")));
            leaving.text("41").await;
            house.waiting(1).await;
            assert!(house.rooms().is_empty(), "out at once");
            leaving.reset();
            house.gate.open.add_permits(1);
            house.waiting(0).await;

            // By a panic of their handler.
            let failing = house.enter(&["connected"]).await;
            failing.emit(&Fail).await;
            assert_eq!(failing.expect_disconnect().await, Disconnected::ByServer);
            assert!(house.rooms().is_empty());
        }
        house.close().await;
    }
}

#[actix_web::test]
async fn workers_that_end_leave_no_members_behind() {
    for mode in MODES {
        let house = House::open(mode);
        let here = house.namespace();
        // A second server of the same hub, in workers of its own.
        let second = TestServer::builder(house.hub().clone()).workers(2).start();
        let theirs = TestClient::builder(&second).auth(&json!({ "rooms": ["all", "theirs"] }));
        let first_in = theirs.connect().await.unwrap();
        let ours = house.crowd(&["all"]).await;
        let more = TestClient::builder(&second).auth(&json!({ "rooms": ["all"] }));
        let more = more.connect().await.unwrap();
        eventually("all are counted", || here.room_size("all") == CLIENTS + 2).await;

        // The room's supervisor, which is where the first member came, ends with it.
        drop(second);
        eventually("the others are counted", || {
            here.room_size("all") == CLIENTS
        })
        .await;
        assert_eq!(house.rooms(), names(&["all"]));
        eventually("the room is supervised", || house.hub().stats().rooms == 1).await;
        eventually("they are disconnected", || {
            house.hub().stats().connections as usize == CLIENTS
        })
        .await;
        house
            .hub()
            .to("all")
            .emit(&Said("still here".into()))
            .unwrap();
        for client in &ours {
            assert_eq!(client.expect::<Said>().await, Said("still here".into()));
        }
        assert_eq!(
            house.hub().everyone().fetch_sockets().await.unwrap().len(),
            CLIENTS
        );
        drop((ours, first_in, more));
        house.close().await;
    }
}
