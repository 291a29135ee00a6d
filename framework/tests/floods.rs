//! Clients that ask for more than there is, in every way there is. Beside each of them stands one that behaves, and
//! is served all the while; when they have gone, nothing of them is left.

mod common;

use std::{cell::Cell, future::Future, time::Duration};

use actix_web::rt::spawn;
use common::{
    http::{UPGRADE, WEBSOCKET, head},
    until,
};
use roomcast::{
    Excess, HubBuilder, NamespaceBuilder, Rate,
    prelude::*,
    testing::{PATIENCE, RawClient, TestClient, TestServer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u64)]
struct Echo(u64);

/// Has its session join a room.
#[derive(Serialize, Deserialize, Event)]
struct Enter(String);

/// Has its session emit a question, and not wait for the answer.
#[derive(Serialize, Deserialize, Event)]
struct AskMe;

#[derive(Serialize, Event)]
#[event(ack = u64)]
struct Question;

#[derive(EventHandlers)]
#[handles(Echo, Enter, AskMe)]
struct Guest;

impl Session for Guest {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Echo> for Guest {
    async fn handle(&mut self, Echo(number): Echo, _: &Socket) -> Result<u64, Rejection> {
        Ok(number)
    }
}

impl Handle<Enter> for Guest {
    async fn handle(&mut self, Enter(room): Enter, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.join(&room)?)
    }
}

impl Handle<AskMe> for Guest {
    async fn handle(&mut self, _: AskMe, socket: &Socket) -> Result<(), Rejection> {
        let socket = socket.clone();
        spawn(async move {
            socket
                .timeout(PATIENCE * 100)
                .emit_with_ack(&Question)
                .await
        });
        Ok(())
    }
}

fn start(limit: impl FnOnce(HubBuilder) -> HubBuilder) -> TestServer {
    let hub = limit(Hub::builder().namespace::<Guest>("/"));
    TestServer::start(hub.build().expect("a hub"))
}

async fn connect(server: &TestServer) -> TestClient {
    TestClient::connect(server).await.expect("a client")
}

/// A client whose frames are written by hand, connected to `/`.
async fn raw(server: &TestServer) -> RawClient {
    let mut client = RawClient::open(server).await;
    client.send("40").await;
    client.next().await;
    client
}

/// Sends echoes, one after the other, as long as the flood lasts: each is answered.
async fn beside<T>(client: &TestClient, flood: impl Future<Output = T>) -> T {
    let answered = Cell::new(0);
    let echoes = async {
        loop {
            let number = answered.get();
            assert_eq!(client.emit_with_ack(&Echo(number)).await, number);
            answered.set(number + 1);
        }
    };
    let result = tokio::select! {
        never = echoes => never,
        result = flood => result,
    };
    assert!(answered.get() > 0, "nothing was answered meanwhile");
    assert_eq!(client.emit_with_ack(&Echo(7)).await, 7);
    result
}

/// Only the one that behaves is left.
async fn one_is_left(server: &TestServer) {
    until("the others have gone", || {
        let stats = server.hub().stats();
        (stats.connections, stats.sockets, stats.rooms) == (1, 1, 0)
    })
    .await;
}

/// The time for the whole head is actix-web's `client_request_timeout`, 5 seconds unless told otherwise.
#[actix_web::test]
async fn handshakes_that_come_byte_by_byte_are_cut() {
    let server = start(|hub| hub);
    let client = connect(&server).await;
    let request = head("GET", WEBSOCKET, UPGRADE);
    let slow = async {
        let mut dribbling = Vec::new();
        for _ in 0..100 {
            let stream = TcpStream::connect(server.addr()).await;
            let mut stream = stream.expect("a connection");
            let request = request.clone();
            dribbling.push(spawn(async move {
                // As long as it lasts; nothing of it is ever an end.
                for byte in request.bytes().cycle().filter(|byte| *byte != b'\n') {
                    let sent = stream.write_all(&[byte]).await;
                    let cut = timeout(Duration::from_millis(100), stream.read_u8()).await;
                    if sent.is_err() || cut.is_ok() {
                        return;
                    }
                }
            }));
        }
        for dribbling in dribbling {
            let cut = timeout(PATIENCE * 3, dribbling).await;
            cut.expect("it is cut").expect("a task");
        }
    };
    beside(&client, slow).await;
    assert_eq!(server.hub().stats().connections, 1);
}

#[actix_web::test]
async fn connections_beyond_the_limit_are_told_so() {
    let server = start(|hub| hub.max_connections(20));
    let client = connect(&server).await;
    let flood = async {
        let mut inside = Vec::new();
        for _ in 0..300 {
            let query = "EIO=4&transport=websocket";
            let mut one = RawClient::connect(&server, query).await;
            if inside.len() < 19 {
                one.next().await;
                inside.push(one);
            } else {
                assert_eq!(one.closed().await, 1008);
            }
        }
        inside
    };
    let inside = beside(&client, flood).await;
    assert_eq!(server.hub().stats().connections, 20);
    let refused = server.hub().stats().refused_handshakes;
    assert_eq!(refused.get("max_connections"), Some(&281));
    drop(inside);
    one_is_left(&server).await;
}

#[actix_web::test]
async fn events_beyond_the_rate_reach_no_handler() {
    // Those of the client that behaves are not limited.
    let flooded = NamespaceBuilder::named::<Guest>("/flooded")
        .event_rate(Rate::per_minute(10))
        .excess(Excess::Drop);
    let server = start(|hub| hub.namespace_with(flooded));
    let client = connect(&server).await;
    let flood = async {
        let mut one = RawClient::open(&server).await;
        one.send("40/flooded,").await;
        one.next().await;
        for _ in 0..20_000 {
            one.send(r#"42/flooded,["echo",1]"#).await;
        }
        until("all are read", || {
            let limited = server.hub().stats().rate_limited;
            limited.get("event_rate") == Some(&19_990)
        })
        .await;
    };
    beside(&client, flood).await;
    one_is_left(&server).await;
}

/// Without a rate: the flooding client is read as fast as its events are handled.
#[actix_web::test]
async fn events_without_end_leave_others_their_turns() {
    let server = start(|hub| hub);
    let client = connect(&server).await;
    let flood = async {
        let mut one = raw(&server).await;
        let before = server.hub().stats().events;
        for _ in 0..20_000 {
            one.send(r#"42["echo",1]"#).await;
        }
        until("all are handled", || {
            server.hub().stats().events >= before + 20_000
        })
        .await;
    };
    beside(&client, flood).await;
    one_is_left(&server).await;
}

#[actix_web::test]
async fn joins_end_at_the_limit() {
    let server = start(|hub| hub.max_rooms_per_socket(50));
    let client = connect(&server).await;
    let flood = async {
        let mut one = raw(&server).await;
        for number in 0..5_000 {
            one.send(&format!(r#"42["enter","room {number}"]"#)).await;
        }
        until("all but 50 are refused", || {
            server.hub().stats().refused_joins == 4_950
        })
        .await;
        assert_eq!(server.hub().stats().rooms, 50);
    };
    beside(&client, flood).await;
    one_is_left(&server).await;
}

#[actix_web::test]
async fn namespaces_end_at_the_limit_of_a_connection() {
    let server = start(|hub| {
        hub.dynamic_namespace::<Guest>("/any-{name}")
            .max_namespaces_per_connection(30)
    });
    let client = connect(&server).await;
    let flood = async {
        let mut one = RawClient::open(&server).await;
        for number in 0..2_000 {
            one.send(&format!("40/any-{number},")).await;
        }
        until("all but 30 are refused", || {
            server.hub().stats().refused_namespaces == 1_970
        })
        .await;
        assert_eq!(server.hub().stats().dynamic_namespaces, 30);
    };
    beside(&client, flood).await;
    one_is_left(&server).await;
    until("its namespaces have gone", || {
        server.hub().stats().dynamic_namespaces == 0
    })
    .await;
}

#[actix_web::test]
async fn acks_that_are_never_given_end_at_the_limit() {
    let server = start(|hub| hub.max_pending_acks(100));
    let client = connect(&server).await;
    let flood = async {
        let mut one = raw(&server).await;
        for _ in 0..2_000 {
            one.send(r#"42["ask_me"]"#).await;
        }
        until("all but 100 are not asked", || {
            server.hub().stats().dropped_pending_acks == 1_900
        })
        .await;
    };
    beside(&client, flood).await;
    one_is_left(&server).await;
}

#[actix_web::test]
async fn clients_that_vanish_leave_nothing() {
    let server = start(|hub| {
        let short = Duration::from_millis(200);
        hub.ping_interval(short).ping_timeout(short)
    });
    let client = connect(&server).await;
    let flood = async {
        for _ in 0..200 {
            let mut one = raw(&server).await;
            one.send(r#"42["enter","hall"]"#).await;
        }
        let mut silent = Vec::new();
        for _ in 0..50 {
            let mut one = raw(&server).await;
            one.send(r#"42["enter","hall"]"#).await;
            silent.push(one);
        }
        one_is_left(&server).await;
        silent
    };
    beside(&client, flood).await;
    let reasons = server.hub().stats().disconnects;
    assert_eq!(reasons.get("ping timeout"), Some(&50));
}
