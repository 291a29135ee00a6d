//! Rooms come with their first member and go with the last, however members go, and what is done to
//! many sockets at once reaches all workers.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::wire::{MODES, Message, Wire, deserted, eventually, serve_on};
use roomcast::{
    Namespace, RemoteSocket, WebSocketMode,
    prelude::*,
    testing::{Disconnected, TestClient, TestServer},
};
use serde_json::json;
use tokio::sync::Semaphore;

const WORKERS: usize = 4;
const CLIENTS: usize = 2 * WORKERS;

/// What slow sessions wait for, and how many do.
struct Gate {
    open: Semaphore,
    waiting: AtomicUsize,
}

impl Gate {
    async fn pass(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.open.acquire().await.unwrap().forget();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Ticket {
    rooms: Vec<String>,
    /// What `connect` does when it has joined.
    then: Then,
    /// Waits before it has left.
    leaves_slowly: bool,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
enum Then {
    #[default]
    Enter,
    Wait,
    Refuse,
    Panic,
}

#[derive(Serialize, Deserialize, Event)]
struct Work;

#[derive(Serialize, Deserialize, Event)]
struct Fail;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Said(String);

#[derive(EventHandlers)]
#[handles(Work, Fail)]
struct Member {
    leaves_slowly: bool,
}

impl Session for Member {
    type Auth = Ticket;

    async fn connect(ticket: Ticket, socket: &Socket) -> Result<Self, Refusal> {
        for room in &ticket.rooms {
            socket.join(room)?;
        }
        match ticket.then {
            Then::Enter => {}
            Then::Wait => socket.state::<Arc<Gate>>().pass().await,
            Then::Refuse => return Err(Refusal::new("no")),
            Then::Panic => panic!("told to"),
        }
        Ok(Self {
            leaves_slowly: ticket.leaves_slowly,
        })
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        assert!(socket.join("too late").is_err());
        if self.leaves_slowly {
            socket.state::<Arc<Gate>>().pass().await;
        }
    }
}

impl Handle<Work> for Member {
    async fn handle(&mut self, _: Work, socket: &Socket) -> Result<(), Rejection> {
        socket.join("working")?;
        socket.state::<Arc<Gate>>().pass().await;
        Ok(())
    }
}

impl Handle<Fail> for Member {
    async fn handle(&mut self, _: Fail, socket: &Socket) -> Result<(), Rejection> {
        socket.join("failing")?;
        panic!("told to");
    }
}

struct House {
    server: TestServer,
    gate: Arc<Gate>,
}

impl House {
    fn open(mode: WebSocketMode) -> Self {
        let gate = Arc::new(Gate {
            open: Semaphore::new(0),
            waiting: AtomicUsize::new(0),
        });
        let hub = Hub::builder()
            .namespace::<Member>("/")
            .state(Arc::clone(&gate));
        Self {
            server: serve_on(WORKERS, mode, hub),
            gate,
        }
    }

    fn hub(&self) -> &Hub {
        self.server.hub()
    }

    fn namespace(&self) -> Namespace {
        self.hub().namespace("/").unwrap()
    }

    fn rooms(&self) -> BTreeSet<String> {
        self.namespace().rooms().into_iter().collect()
    }

    async fn enter(&self, rooms: &[&str]) -> TestClient {
        let client = TestClient::builder(&self.server).auth(&json!({ "rooms": rooms }));
        client.connect().await.unwrap()
    }

    /// Two clients on each worker.
    async fn crowd(&self, rooms: &[&str]) -> Vec<TestClient> {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(self.enter(rooms).await);
        }
        clients
    }

    /// A peer that has sent this CONNECT payload, and may not be answered.
    async fn knock(&self, ticket: &Ticket) -> Wire {
        let mut wire = Wire::open(&self.server).await;
        wire.text(&format!("40{}", serde_json::to_string(ticket).unwrap()))
            .await;
        wire
    }

    async fn waiting(&self, count: usize) {
        let waiting = || self.gate.waiting.load(Ordering::Relaxed) == count;
        eventually("so many wait", waiting).await;
    }

    /// Nobody and nothing is left.
    async fn close(self) {
        deserted(self.hub()).await;
        assert!(self.rooms().is_empty(), "{:?}", self.rooms());
        assert!(
            self.hub()
                .everyone()
                .fetch_sockets()
                .await
                .unwrap()
                .is_empty()
        );
    }
}

fn names(rooms: &[&str]) -> BTreeSet<String> {
    rooms.iter().map(ToString::to_string).collect()
}

fn ids(sockets: &[RemoteSocket]) -> BTreeSet<SocketId> {
    sockets.iter().map(RemoteSocket::id).collect()
}

// ---- how rooms come and go

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

// ---- what is done to many

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
        assert_eq!(red[5].expect_disconnect().await, Disconnected::ByServer);
        eventually("its room has gone", || !house.rooms().contains("alone")).await;

        hub.to("blue").disconnect(true).await.unwrap();
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
