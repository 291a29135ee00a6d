//! What happens while a client connects.

use std::sync::Arc;

use roomcast::{
    WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestClient, TestServer},
};
use serde_json::json;
use tokio::{sync::Semaphore, time::timeout};

use super::suite::connected;
use crate::common::{both, until};
use crate::waiting::PATIENCE;

#[derive(Deserialize)]
struct Ticket {
    token: String,
    #[serde(default)]
    seat: Seat,
    /// How many greetings more its room gets.
    #[serde(default)]
    more: u32,
}

#[derive(Default, Deserialize)]
struct Seat {
    row: u8,
}

/// Emits and joins before it decides.
#[derive(EventHandlers)]
#[handles()]
struct Guarded;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Greeting(String);

impl Session for Guarded {
    type Auth = Ticket;

    async fn connect(ticket: Ticket, socket: &Socket) -> Result<Self, Refusal> {
        socket.join("visitors")?;
        socket.emit(&Greeting("direct".into()))?;
        socket.hub().to("visitors").emit(&Greeting("room".into()))?;
        socket.emit(&Greeting("last".into()))?;
        for number in 0..ticket.more {
            let greeting = Greeting(number.to_string());
            socket.hub().to("visitors").emit(&greeting)?;
        }
        match ticket.token.as_str() {
            "valid" => Ok(Self),
            "later" => {
                socket
                    .state::<Arc<Semaphore>>()
                    .acquire()
                    .await
                    .expect("a semaphore")
                    .forget();
                Ok(Self)
            }
            token => Err(Refusal::new("not authorized")
                .with_data(&json!({"row": ticket.seat.row, "token": token}))),
        }
    }
}

async fn nothing_is_left(server: &TestServer) {
    until("no connection, socket or room is left", || {
        let stats = server.hub().stats();
        (stats.connections, stats.sockets, stats.rooms) == (0, 0, 0)
    })
    .await;
}

struct Guard {
    server: TestServer,
    gate: Arc<Semaphore>,
}

fn guard(mode: WebSocketMode) -> Guard {
    let gate = Arc::new(Semaphore::new(0));
    let hub = Hub::builder()
        .namespace::<Guarded>("/")
        .websocket_mode(mode)
        .state(Arc::clone(&gate))
        .build();
    let server = TestServer::start(hub.expect("a hub"));
    Guard { server, gate }
}

both! {
    what_connect_emits_comes_behind_the_reply_and_in_order,
    it_also_does_when_connect_takes_its_time,
    each_of_what_it_emits_is_counted,
    a_refused_client_gets_message_and_data_and_nothing_else_and_is_nowhere,
    the_kit_tells_message_and_data_of_a_refusal,
    auth_that_does_not_fit_is_refused_by_the_name_of_its_field,
    a_second_connect_or_an_event_while_connecting_closes,
    a_client_that_goes_while_connecting_leaves_nothing_behind,
}

async fn what_connect_emits_comes_behind_the_reply_and_in_order(mode: WebSocketMode) {
    let Guard { server, .. } = guard(mode);
    let mut client = RawClient::open(&server).await;
    client.send(r#"40{"token":"valid"}"#).await;
    connected(&mut client, "").await;
    for greeting in ["direct", "room", "last"] {
        client
            .expect_text(&format!(r#"42["greeting","{greeting}"]"#))
            .await;
    }
}

async fn it_also_does_when_connect_takes_its_time(mode: WebSocketMode) {
    let Guard { server, gate } = guard(mode);
    let mut client = RawClient::open(&server).await;
    client.send(r#"40{"token":"later"}"#).await;
    until("connect has joined", || server.hub().stats().rooms == 1).await;
    server
        .hub()
        .to("visitors")
        .emit(&Greeting("from outside".into()))
        .expect("emitted");
    client.ping("nothing before the reply").await;
    assert_eq!(
        client.next().await,
        Frame::Pong("nothing before the reply".into())
    );
    gate.add_permits(1);
    connected(&mut client, "").await;
    for greeting in ["direct", "room", "last", "from outside"] {
        client
            .expect_text(&format!(r#"42["greeting","{greeting}"]"#))
            .await;
    }
}

async fn each_of_what_it_emits_is_counted(mode: WebSocketMode) {
    let Guard { server, .. } = guard(mode);
    let hub = server.hub();
    let mut client = RawClient::open(&server).await;
    client.send(r#"40{"token":"forged","more":4}"#).await;
    assert!(matches!(client.next().await, Frame::Text(text) if text.starts_with("44")));
    assert_eq!(hub.stats().dropped_closed, 7);
    let before = hub.stats().deliveries;
    client.send(r#"40{"token":"valid","more":4}"#).await;
    connected(&mut client, "").await;
    // Behind the reply seven greetings.
    let delivered = || hub.stats().deliveries - before;
    until("all are counted", || delivered() >= 8).await;
    assert_eq!(delivered(), 8);
}

async fn a_refused_client_gets_message_and_data_and_nothing_else_and_is_nowhere(
    mode: WebSocketMode,
) {
    let Guard { server, .. } = guard(mode);
    let mut client = RawClient::open(&server).await;
    client
        .send(r#"40{"token":"forged","seat":{"row":3}}"#)
        .await;
    client
        .expect_text(r#"44{"message":"not authorized","data":{"row":3,"token":"forged"}}"#)
        .await;
    let hub = server.hub();
    hub.to("visitors")
        .emit(&Greeting("for visitors".into()))
        .expect("emitted");
    hub.emit(&Greeting("for everyone".into())).expect("emitted");
    assert_eq!(
        hub.everyone()
            .fetch_sockets()
            .await
            .expect("an answer")
            .len(),
        0
    );
    until("the room is gone", || hub.stats().rooms == 0).await;
    assert_eq!(hub.namespace("/").expect("/").rooms(), Vec::<String>::new());
    // The connection stays, and the next attempt may succeed.
    client.send(r#"40{"token":"valid"}"#).await;
    connected(&mut client, "").await;
    client.expect_text(r#"42["greeting","direct"]"#).await;
}

async fn the_kit_tells_message_and_data_of_a_refusal(mode: WebSocketMode) {
    let Guard { server, .. } = guard(mode);
    let refused = TestClient::builder(&server)
        .auth(&json!({"token": "forged"}))
        .connect();
    let refused = refused.await.expect_err("a refusal");
    assert_eq!(refused.message, "not authorized");
    assert_eq!(refused.data, Some(json!({"token": "forged", "row": 0})));
}

async fn auth_that_does_not_fit_is_refused_by_the_name_of_its_field(mode: WebSocketMode) {
    let Guard { server, .. } = guard(mode);
    for (auth, part) in [
        (json!({}), "missing field `token`"),
        (json!({"token": 7}), "token"),
        (
            json!({"token": "valid", "seat": {"row": "first"}}),
            "seat.row",
        ),
    ] {
        let refused = TestClient::builder(&server).auth(&auth).connect().await;
        let message = refused.expect_err("a refusal").message;
        assert!(message.starts_with("invalid auth"), "{message}");
        assert!(message.contains(part), "{message}");
    }
    let refused = TestClient::connect(&server)
        .await
        .expect_err("no auth at all");
    assert!(
        refused.message.contains("missing field `token`"),
        "{refused}"
    );
    assert_eq!(server.hub().stats().sockets, 0);
}

async fn a_second_connect_or_an_event_while_connecting_closes(mode: WebSocketMode) {
    let Guard { server, .. } = guard(mode);
    for packet in [r#"40{"token":"later"}"#, r#"42["greeting"]"#, "41"] {
        let mut client = RawClient::open(&server).await;
        client.send(r#"40{"token":"later"}"#).await;
        client.send(packet).await;
        assert_eq!(client.closed().await, 1005, "{packet}");
    }
    nothing_is_left(&server).await;
}

async fn a_client_that_goes_while_connecting_leaves_nothing_behind(mode: WebSocketMode) {
    let Guard { server, gate } = guard(mode);
    let mut client = RawClient::open(&server).await;
    client.send(r#"40{"token":"later"}"#).await;
    until("connect has joined", || server.hub().stats().rooms == 1).await;
    drop(client);
    nothing_is_left(&server).await;
    gate.add_permits(1);
    // Nobody took the permit: its `connect` was dropped.
    assert!(timeout(PATIENCE, gate.acquire()).await.is_ok());
}
