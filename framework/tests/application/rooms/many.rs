//! What is done to many sockets at once.

use std::collections::BTreeSet;

use roomcast::testing::{Disconnected, TestClient};

use super::{CLIENTS, House, Said, ids, names};
use crate::wire::{MODES, eventually};

#[actix_web::test]
async fn many_are_found_moved_and_disconnected_on_all_workers() {
    for mode in MODES {
        let house = House::open(mode);
        let hub = house.hub();
        let red = house.crowd(&["red", "all"]).await;
        let blue = house.crowd(&["blue", "all"]).await;
        let of =
            |clients: &[TestClient]| clients.iter().map(TestClient::id).collect::<BTreeSet<_>>();

        let found = hub.everyone().fetch_sockets().await.unwrap();
        assert_eq!(found.len(), 2 * CLIENTS);
        let found = hub
            .to("red")
            .to("all")
            .except("blue")
            .fetch_sockets()
            .await
            .unwrap();
        assert_eq!(found.len(), CLIENTS, "each once");
        assert_eq!(ids(&found), of(&red));
        for socket in &found {
            let rooms: BTreeSet<_> = socket.rooms().map(ToOwned::to_owned).collect();
            assert_eq!(rooms, names(&["all", "red"]));
        }

        hub.to("red").join(["warm", "bright"]).await.unwrap();
        hub.to("blue").join(["cold", "bright"]).await.unwrap();
        hub.to("all").leave(["all"]).await.unwrap();
        assert_eq!(
            house.rooms(),
            names(&["red", "blue", "warm", "cold", "bright"])
        );
        assert_eq!(
            ids(&hub
                .to("bright")
                .except("cold")
                .fetch_sockets()
                .await
                .unwrap()),
            of(&red)
        );
        hub.to("warm").emit(&Said("warm".into())).unwrap();
        hub.to("bright").emit(&Said("bright".into())).unwrap();
        for client in &red {
            assert_eq!(client.expect::<Said>().await, Said("warm".into()));
            assert_eq!(client.expect::<Said>().await, Said("bright".into()));
        }
        for client in &blue {
            assert_eq!(client.expect::<Said>().await, Said("bright".into()));
        }

        // One alone, through what was found.
        let one = found
            .iter()
            .find(|socket| socket.id() == red[5].id())
            .unwrap();
        one.join(["alone"]).await.unwrap();
        one.emit(&Said("to you".into())).unwrap();
        assert_eq!(red[5].expect::<Said>().await, Said("to you".into()));
        one.disconnect(false).await.unwrap();
        assert_eq!(hub.to("alone").fetch_sockets().await.unwrap().len(), 0);
        assert_eq!(red[5].expect_disconnect().await, Disconnected::ByServer);
        eventually("its room has gone", || !house.rooms().contains("alone")).await;

        hub.to("blue").disconnect(true).await.unwrap();
        assert_eq!(hub.to("blue").fetch_sockets().await.unwrap().len(), 0);
        for client in &blue {
            let how = client.expect_disconnect().await;
            assert!(matches!(
                how,
                Disconnected::ByServer | Disconnected::TransportClose(_)
            ));
        }
        eventually("their rooms have gone", || {
            house.rooms() == names(&["red", "warm", "bright"])
        })
        .await;
        for (index, client) in red.iter().enumerate().filter(|(index, _)| *index != 5) {
            client.sync().await;
            assert_eq!(client.pending(), [], "{mode:?}: {index}");
        }
        drop((red, blue));
        house.close().await;
    }
}
