//! The life of a session: what it is told when its socket goes, the data that goes with a socket,
//! and what it knows of the request that opened it.

use crate::common::{
    journal::{Entries, Journal, journal},
    member::members,
    until,
};
use roomcast::{
    DataError,
    prelude::*,
    testing::{TestClient, TestServer},
};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// Says goodbye to its rooms.
#[derive(EventHandlers)]
#[handles(Hold)]
struct Leaving;

/// Its handler waits for the gate.
#[derive(Serialize, Deserialize, Event)]
struct Hold;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Left {
    rooms: Vec<String>,
    reason: String,
}

struct Gate(Notify);

impl Session for Leaving {
    type Auth = Option<Value>;

    async fn connect(_: Option<Value>, socket: &Socket) -> Result<Self, Refusal> {
        socket.join("a")?;
        Ok(Self)
    }

    fn disconnecting(&mut self, socket: &Socket, reason: DisconnectReason) {
        assert!(socket.auth() != Some(r#"{"panic":true}"#), "as it wishes");
        let mut rooms = socket.rooms();
        for room in rooms.clone() {
            rooms.push("told".to_owned());
            let left = Left {
                rooms: rooms.clone(),
                reason: reason.to_string(),
            };
            socket.to(room).emit(&left).expect("sent");
        }
        let here = socket.namespace().room_size("a");
        let journal = socket.state::<Journal>();
        journal.write(format!("disconnecting {rooms:?} of {here}, {reason:?}"));
        assert!(socket.emit_raw("too late", &()).is_err());
        assert!(socket.join("b").is_err());
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        let here = socket.namespace().room_size("a");
        let journal = socket.state::<Journal>();
        journal.write(format!("disconnect of {here}, {reason:?}"));
    }
}

impl Handle<Hold> for Leaving {
    async fn handle(&mut self, _: Hold, socket: &Socket) -> Result<(), Rejection> {
        socket.state::<Journal>().write("hold");
        socket.state::<Gate>().0.notified().await;
        socket.state::<Journal>().write("held");
        Ok(())
    }
}

/// A server, someone who stays in the room, and someone who goes.
async fn leaving() -> (TestServer, TestClient, TestClient, Entries) {
    let (journal, entries) = journal();
    let hub = Hub::builder()
        .namespace::<Leaving>("/")
        .state(journal)
        .state(Gate(Notify::new()));
    let server = TestServer::start(hub.build().expect("a hub"));
    let stays = TestClient::connect(&server).await.expect("a client");
    let goes = TestClient::connect(&server).await.expect("a client");
    let room = server.hub().namespace("/").expect("it");
    until("both are counted", || room.room_size("a") == 2).await;
    (server, stays, goes, entries)
}

#[actix_web::test]
async fn disconnecting_comes_before_the_rooms_are_left() {
    let (server, stays, goes, mut entries) = leaving().await;
    goes.disconnect().await;
    let reason = "client namespace disconnect".to_owned();
    let rooms = vec!["a".to_owned(), "told".to_owned()];
    assert_eq!(stays.expect::<Left>().await, Left { rooms, reason });
    entries
        .expect(r#"disconnecting ["a", "told"] of 2, ClientNamespaceDisconnect"#)
        .await;
    let disconnect = entries.next().await;
    assert!(
        disconnect.ends_with("ClientNamespaceDisconnect"),
        "{disconnect}"
    );

    let room = server.hub().namespace("/").expect("it");
    until("it has left", || room.room_size("a") == 1).await;
}

#[actix_web::test]
async fn the_server_disconnects_after_the_session_has_told_its_rooms() {
    let (server, _stays, goes, mut entries) = leaving().await;
    server
        .hub()
        .to(goes.id())
        .disconnect(false)
        .await
        .expect("done");
    goes.expect_disconnect().await;
    entries
        .expect(r#"disconnecting ["a", "told"] of 2, ServerNamespaceDisconnect"#)
        .await;
    assert_eq!(goes.pending(), []);
}

#[actix_web::test]
async fn while_a_handler_runs_it_comes_when_that_has_ended() {
    let (server, stays, goes, mut entries) = leaving().await;
    goes.emit(&Hold).await;
    entries.expect("hold").await;
    goes.disconnect().await;
    let room = server.hub().namespace("/").expect("it");
    until("it has left its room", || room.room_size("a") == 1).await;
    assert_eq!(entries.rest(), [""; 0]);
    server.hub().state::<Gate>().0.notify_one();
    entries.expect("held").await;
    entries
        .expect(r#"disconnecting ["a", "told"] of 1, ClientNamespaceDisconnect"#)
        .await;
    entries
        .expect("disconnect of 1, ClientNamespaceDisconnect")
        .await;
    assert_eq!(stays.expect::<Left>().await.rooms, ["a", "told"]);
}

#[actix_web::test]
async fn a_panic_in_disconnecting_is_counted_and_ends_the_session() {
    let (server, _stays, _goes, mut entries) = leaving().await;
    let wild = TestClient::builder(&server)
        .auth(&json!({"panic": true}))
        .connect()
        .await
        .expect("a client");
    let room = server.hub().namespace("/").expect("it");
    until("it is counted", || room.room_size("a") == 3).await;
    wild.disconnect().await;
    until("it has left", || room.room_size("a") == 2).await;
    assert_eq!(server.hub().stats().panics, 1);
    assert_eq!(entries.rest(), [""; 0]);
}

// ---- data

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Profile {
    name: String,
    level: u8,
}

fn profile(name: &str, level: u8) -> Profile {
    Profile {
        name: name.to_owned(),
        level,
    }
}

#[actix_web::test]
async fn everyone_sees_the_data_that_a_socket_was_given_last() {
    let (hub, mut hall) = members();
    let hub = hub.build().expect("a hub");
    let server = TestServer::builder(hub).workers(2).start();
    let (_first, ada) = hall.enter(&server, &[]).await;
    let (_second, bob) = hall.enter(&server, &[]).await;
    assert_eq!(ada.data::<Profile>().expect("nothing"), None);
    ada.set_data(&profile("Ada", 1)).expect("set");
    ada.set_data(&profile("Ada", 2)).expect("set");
    bob.set_data("only a text").expect("set");
    assert_eq!(ada.data().expect("a profile"), Some(profile("Ada", 2)));

    let sockets = server.hub().everyone().fetch_sockets().await;
    for socket in sockets.expect("two sockets") {
        if socket.id() == ada.id() {
            assert_eq!(socket.data().expect("a profile"), Some(profile("Ada", 2)));
        } else {
            assert!(socket.data::<Profile>().is_err());
            let text = socket.data::<String>().expect("a text");
            assert_eq!(text.as_deref(), Some("only a text"));
        }
    }
}

#[actix_web::test]
async fn data_that_cannot_be_set_leaves_what_was_there() {
    let (hub, mut hall) = members();
    let server = TestServer::start(hub.build().expect("a hub"));
    let (client, socket) = hall.enter(&server, &[]).await;
    socket.set_data(&1).expect("set");
    let keys = std::collections::HashMap::from([((1, 2), 3)]);
    let refused = socket.set_data(&keys);
    assert!(matches!(refused, Err(DataError::Encode(_))), "{refused:?}");
    assert_eq!(socket.data::<u8>().expect("a number"), Some(1));

    drop(client);
    until("it has gone", || !socket.is_connected()).await;
    let refused = socket.set_data(&2);
    assert!(matches!(refused, Err(DataError::Emit(_))), "{refused:?}");
    assert_eq!(socket.data::<u8>().expect("a number"), Some(1));
}

// ---- the handshake

#[actix_web::test]
async fn the_handshake_tells_query_origin_and_auth() {
    let (hub, mut hall) = members();
    let server = TestServer::start(hub.build().expect("a hub"));
    let (_plain, socket) = hall.enter(&server, &["a"]).await;
    assert_eq!(socket.auth(), Some(r#"{"rooms":["a"]}"#));
    assert!(!socket.handshake().xdomain());
    assert_eq!(socket.handshake().query_value("EIO").as_deref(), Some("4"));

    let client = TestClient::builder(&server)
        .query("device=an%20old+one")
        .header("origin", "https://app.example")
        .connect()
        .await;
    client.expect("a client");
    let socket = hall.next().await;
    let handshake = socket.handshake();
    assert_eq!(socket.auth(), None);
    assert!(handshake.xdomain());
    let device = handshake.query_value("device");
    assert_eq!(device.as_deref(), Some("an old one"));
    let since = handshake.time().duration_since(std::time::UNIX_EPOCH);
    assert_eq!(
        u128::from(handshake.issued()),
        since.expect("after 1970").as_millis()
    );
}
