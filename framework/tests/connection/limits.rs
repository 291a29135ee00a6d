//! What one client can have: rooms, acks that it owes, and time in which it says nothing.

use std::{collections::BTreeMap, time::Duration};

use crate::common::{
    member::{Number, members},
    until,
};
use crate::waiting::PATIENCE;
use actix_web::rt::spawn;
use roomcast::{
    AckError, HubBuilder, PresenceError,
    prelude::*,
    testing::{Frame, RawClient, TestClient, TestServer},
};

/// Asks its session to join a room, or to leave it. Answered with its rooms, or with why not.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = Vec<String>)]
struct Enter(String);

#[derive(Serialize, Deserialize, Event)]
#[event(ack = Vec<String>)]
struct Exit(String);

#[derive(EventHandlers)]
#[handles(Enter, Exit)]
struct Visitor;

impl Session for Visitor {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        // The hub's own room for them takes no place.
        socket.bind_user("ann")?;
        Ok(Self)
    }
}

fn rooms(socket: &Socket) -> Vec<String> {
    let mut rooms = socket.rooms();
    rooms.sort_unstable();
    rooms
}

impl Handle<Enter> for Visitor {
    async fn handle(
        &mut self,
        Enter(room): Enter,
        socket: &Socket,
    ) -> Result<Vec<String>, Rejection> {
        match socket.join(&room) {
            Ok(()) => Ok(rooms(socket)),
            Err(error) => Ok(vec![error.to_string()]),
        }
    }
}

impl Handle<Exit> for Visitor {
    async fn handle(
        &mut self,
        Exit(room): Exit,
        socket: &Socket,
    ) -> Result<Vec<String>, Rejection> {
        socket.leave(&room)?;
        Ok(rooms(socket))
    }
}

#[derive(Serialize, Event)]
#[event(ack = String)]
struct Question;

fn start(builder: HubBuilder) -> TestServer {
    TestServer::start(builder.build().expect("a hub"))
}

#[actix_web::test]
async fn a_room_too_many_is_refused_until_another_is_left() {
    let hub = Hub::builder().namespace::<Visitor>("/");
    let server = start(hub.max_rooms_per_socket(2));
    let client = TestClient::connect(&server).await.expect("a client");
    let enter = async |room: &str| client.emit_with_ack(&Enter(room.to_owned())).await;
    assert_eq!(enter("a").await, ["a"]);
    assert_eq!(enter("b").await, ["a", "b"]);
    assert_eq!(enter("b").await, ["a", "b"], "it is in there already");
    let refused = "the socket is in as many rooms as `max_rooms_per_socket` allows";
    assert_eq!(enter("c").await, [refused]);
    assert_eq!(server.hub().stats().refused_joins, 1);
    assert_eq!(client.emit_with_ack(&Exit("a".to_owned())).await, ["b"]);
    assert_eq!(enter("c").await, ["b", "c"]);
    // One for itself, and the user's.
    let other = TestClient::connect(&server).await.expect("a client");
    assert_eq!(other.emit_with_ack(&Enter("c".to_owned())).await, ["c"]);
    let of_ann = server.hub().user("ann");
    of_ann.emit(&Number(7)).expect("a server");
    assert_eq!(client.expect::<Number>().await, Number(7));
}

#[actix_web::test]
async fn joins_from_elsewhere_pass_over_who_is_in_too_many_rooms() {
    let (hub, mut hall) = members();
    let server = start(hub.max_rooms_per_socket(1));
    let (full, full_socket) = hall.enter(&server, &["a"]).await;
    let (free, _free_socket) = hall.enter(&server, &[]).await;
    // Of all sockets, and of one; from the test's thread.
    server.hub().everyone().join(["b"]).await.expect("a server");
    full_socket
        .join("c")
        .expect("a server that says nothing of it");
    server
        .hub()
        .to("b")
        .to("c")
        .emit(&Number(1))
        .expect("a server");
    assert_eq!(free.expect::<Number>().await, Number(1));
    server.hub().to("a").emit(&Number(2)).expect("a server");
    assert_eq!(full.expect::<Number>().await, Number(2));
    assert_eq!(server.hub().stats().refused_joins, 2);
    until("the rooms that nobody is in are gone", || {
        server.hub().stats().rooms == 2
    })
    .await;
}

#[actix_web::test]
async fn a_user_with_as_many_sockets_as_allowed_gets_no_more_until_one_goes() {
    let hub = Hub::builder().namespace::<Visitor>("/");
    let server = start(hub.max_sockets_per_user(2));
    let first = TestClient::connect(&server).await.expect("a client");
    let _second = TestClient::connect(&server).await.expect("a client");
    let refused = TestClient::connect(&server).await.expect_err("it is full");
    assert_eq!(refused.to_string(), "too many connections of this user");
    assert_eq!(
        server.hub().stats().presence_refused,
        BTreeMap::from([("max_sockets_per_user", 1)])
    );
    first.disconnect().await;
    until("the place is free", || server.hub().stats().sockets == 1).await;
    let third = TestClient::connect(&server).await;
    assert!(third.is_ok());
}

#[actix_web::test]
async fn a_socket_whose_new_user_has_no_place_keeps_its_own() {
    let (hub, mut hall) = members();
    let server = start(hub.max_sockets_per_user(1));
    let (client, socket) = hall.enter(&server, &[]).await;
    let (_other, others) = hall.enter(&server, &[]).await;
    others.bind_user("bob").expect("a place");
    for _ in 0..3 {
        socket.bind_user("ann").expect("a place, and then its own");
        let refused = socket.bind_user("bob");
        assert!(
            matches!(refused, Err(PresenceError::TooManySockets(1))),
            "{refused:?}"
        );
    }
    assert_eq!(socket.user_id().as_deref(), Some("ann"));
    server.hub().user("ann").emit(&Number(1)).expect("a server");
    assert_eq!(client.expect::<Number>().await, Number(1));
    // Who goes over to another user, or to none, leaves its place.
    others.bind_user("cid").expect("a place");
    socket.bind_user("bob").expect("the place that was left");
    socket.unbind_user().expect("a server");
    others.bind_user("bob").expect("the place that was left");
}

#[actix_web::test]
async fn who_owes_as_many_acks_as_allowed_is_asked_no_more_until_one_comes() {
    let (hub, mut hall) = members();
    let server = start(hub.max_pending_acks(2));
    let mut client = RawClient::open(&server).await;
    client.send("40").await;
    let socket = hall.next().await;
    client.next().await;
    let ask = || {
        let socket = socket.clone();
        spawn(async move { socket.timeout(PATIENCE).emit_with_ack(&Question).await })
    };
    let first = ask();
    client.expect_text(r#"420["question"]"#).await;
    let _second = ask();
    client.expect_text(r#"421["question"]"#).await;
    let third = ask().await.expect("a task");
    assert!(matches!(third, Err(AckError::NotSent)), "{third:?}");
    // A broadcast does not wait for it.
    let all = server.hub().everyone().emit_with_ack(&Question).await;
    assert!(all.is_ok_and(|acks| acks.is_complete()));
    assert_eq!(server.hub().stats().dropped_pending_acks, 2);

    client.send(r#"430["yes"]"#).await;
    let answer = first.await.expect("a task").expect("an answer");
    assert_eq!(answer, "yes");
    let _fourth = ask();
    client.expect_text(r#"424["question"]"#).await;
}

#[actix_web::test]
async fn who_gives_up_waiting_leaves_nothing_owed() {
    let (hub, mut hall) = members();
    let server = start(hub.max_pending_acks(1));
    let (_client, socket) = hall.enter(&server, &[]).await;
    for _ in 0..3 {
        let short = Duration::from_millis(10);
        let answer = socket.timeout(short).emit_with_ack(&Question).await;
        assert!(matches!(answer, Err(AckError::Timeout)), "{answer:?}");
    }
    assert_eq!(server.hub().stats().dropped_pending_acks, 0);
}

#[actix_web::test]
async fn who_says_nothing_but_pongs_is_disconnected_and_who_speaks_stays() {
    let hub = Hub::builder().namespace::<Visitor>("/");
    let server = start(
        hub.idle_timeout(Duration::from_secs(2))
            .ping_interval(Duration::from_millis(50)),
    );
    let idle = TestClient::connect(&server).await.expect("a client");
    let speaks = TestClient::connect(&server).await.expect("a client");
    let speaking = async {
        loop {
            let enter = Enter("a".to_owned());
            assert_eq!(speaks.emit_with_ack(&enter).await, ["a"]);
        }
    };
    tokio::select! {
        () = speaking => {}
        reason = idle.expect_disconnect() => {
            assert_eq!(reason.as_str(), "io server disconnect");
        }
    }
    until("it is gone", || server.hub().stats().connections == 1).await;
    let stats = server.hub().stats();
    assert_eq!((stats.idle, &stats.disconnects["idle timeout"]), (1, &1));
    let enter = Enter("b".to_owned());
    assert_eq!(speaks.emit_with_ack(&enter).await, ["a", "b"]);
}

#[actix_web::test]
async fn a_connection_without_a_namespace_is_idle_too() {
    let hub = Hub::builder().namespace::<Visitor>("/");
    let server = start(hub.idle_timeout(Duration::from_millis(100)));
    let mut client = RawClient::open(&server).await;
    assert_eq!(client.next().await, Frame::Close(1005));
}
