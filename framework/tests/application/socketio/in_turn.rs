//! One event after the other.

use std::{sync::Arc, time::Duration};

use roomcast::{
    RejectionKind, Reply, WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestClient, TestServer},
};
use serde_json::json;
use tokio::sync::Semaphore;

use super::suite::connected;
use crate::common::{
    both,
    journal::{Entries, Journal, journal},
    until,
};

/// Writes down what it handles; `Slow` waits for the gate.
#[derive(EventHandlers)]
#[handles(Slow, Quick, Leave, Typed, Ask)]
struct Orderly;

#[derive(Serialize, Deserialize, Event)]
struct Slow(u32);

#[derive(Serialize, Deserialize, Event)]
struct Quick(u32);

/// Asks to be disconnected, `true` for the whole connection.
#[derive(Serialize, Deserialize, Event)]
struct Leave(bool);

/// Asks its client something.
#[derive(Serialize, Deserialize, Event)]
struct Ask;

#[derive(Serialize, Deserialize, Event)]
struct Typed {
    binary: Binary,
    list: Vec<Binary>,
}

impl Session for Orderly {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        socket.state::<Journal>().write(reason);
    }

    fn rejected(&mut self, event: &str, rejection: &Rejection, socket: &Socket) -> Reply {
        let kind = rejection.kind();
        if kind != RejectionKind::Unhandled {
            socket.state::<Journal>().write(format!("{event} {kind:?}"));
        }
        Reply::Error
    }
}

impl Handle<Slow> for Orderly {
    async fn handle(&mut self, Slow(number): Slow, socket: &Socket) -> Result<(), Rejection> {
        let gate = socket.state::<Arc<Semaphore>>();
        socket
            .state::<Journal>()
            .write(format!("slow {number} begins"));
        gate.acquire().await.expect("a semaphore").forget();
        socket
            .state::<Journal>()
            .write(format!("slow {number} ends"));
        Ok(())
    }
}

impl Handle<Quick> for Orderly {
    async fn handle(&mut self, Quick(number): Quick, socket: &Socket) -> Result<(), Rejection> {
        socket.state::<Journal>().write(format!("quick {number}"));
        Ok(())
    }
}

impl Handle<Leave> for Orderly {
    async fn handle(&mut self, Leave(close): Leave, socket: &Socket) -> Result<(), Rejection> {
        socket.emit_raw("before", &[0; 0])?;
        socket.disconnect(close)?;
        Ok(())
    }
}

impl Handle<Ask> for Orderly {
    async fn handle(&mut self, _: Ask, socket: &Socket) -> Result<(), Rejection> {
        let soon = Duration::from_secs(2);
        let asked = socket.timeout(soon);
        let answer = asked.emit_raw_with_ack("question", &()).await;
        let answer = answer.map(|answer| answer.json());
        socket.state::<Journal>().write(format!("{answer:?}"));
        Ok(())
    }
}

impl Handle<Typed> for Orderly {
    async fn handle(&mut self, typed: Typed, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.emit(&typed)?)
    }
}

struct Order {
    server: TestServer,
    entries: Entries,
    gate: Arc<Semaphore>,
}

fn order(mode: WebSocketMode) -> Order {
    let gate = Arc::new(Semaphore::new(0));
    let (journal, entries) = journal();
    let hub = Hub::builder()
        .namespace::<Orderly>("/")
        .namespace::<Orderly>("/other")
        .websocket_mode(mode)
        .max_queued_events(4)
        .state(Arc::clone(&gate))
        .state(journal);
    let server = TestServer::start(hub.build().expect("a hub"));
    Order {
        server,
        entries,
        gate,
    }
}

both! {
    handlers_of_one_socket_run_one_after_the_other_in_order_of_arrival,
    a_client_that_leaves_lets_its_handler_end_and_drops_what_waits,
    a_socket_that_the_server_disconnects_gets_what_was_emitted_before,
    the_client_sees_why_it_was_disconnected,
    typed_attachments_travel_both_ways,
    what_does_not_fit_is_told_to_the_session_and_changes_nothing_else,
    an_ack_behind_as_many_events_as_may_queue_comes_too_late,
    an_ack_waits_for_the_events_of_any_namespace_of_its_connection,
}

async fn handlers_of_one_socket_run_one_after_the_other_in_order_of_arrival(mode: WebSocketMode) {
    let Order {
        server,
        mut entries,
        gate,
    } = order(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    let other = TestClient::connect(&server).await.expect("another");
    client.emit(&Slow(1)).await;
    for number in 0..10 {
        // More than may be queued: the rest waits unread.
        client.emit(&Quick(number)).await;
    }
    entries.expect("slow 1 begins").await;
    other.emit(&Quick(100)).await;
    entries.expect("quick 100").await;
    assert_eq!(
        entries.rest(),
        Vec::<String>::new(),
        "the others wait for the first"
    );
    gate.add_permits(1);
    entries.expect("slow 1 ends").await;
    for number in 0..10 {
        entries.expect(&format!("quick {number}")).await;
    }
}

async fn a_client_that_leaves_lets_its_handler_end_and_drops_what_waits(mode: WebSocketMode) {
    let Order {
        server,
        mut entries,
        gate,
    } = order(mode);
    let mut client = RawClient::open(&server).await;
    client.send("40").await;
    connected(&mut client, "").await;
    for packet in [
        r#"421["slow",1]"#,
        r#"42["quick",1]"#,
        r#"42["quick",2]"#,
        "41",
    ] {
        client.send(packet).await;
    }
    entries.expect("slow 1 begins").await;
    until("it has left", || server.hub().stats().sockets == 0).await;
    assert_eq!(entries.rest(), Vec::<String>::new());
    gate.add_permits(1);
    entries.expect("slow 1 ends").await;
    entries.expect("client namespace disconnect").await;
    assert_eq!(server.hub().stats().dropped_disconnected, 2);
    // Its ack, if any, would have come before this reply.
    client.send("40").await;
    connected(&mut client, "").await;
}

async fn a_socket_that_the_server_disconnects_gets_what_was_emitted_before(mode: WebSocketMode) {
    let Order {
        server,
        mut entries,
        ..
    } = order(mode);
    let mut client = RawClient::open(&server).await;
    for (connect, namespace) in [("40", ""), ("40/other", "/other,")] {
        client.send(connect).await;
        connected(&mut client, namespace).await;
    }
    client.send(r#"42["leave",false]"#).await;
    client.expect_text(r#"42["before"]"#).await;
    client.expect_text("41").await;
    entries.expect("server namespace disconnect").await;
    // The connection stays, with its other namespace.
    client.send(r#"42/other,["quick",7]"#).await;
    entries.expect("quick 7").await;

    client.send("40").await;
    connected(&mut client, "").await;
    client.send(r#"42["leave",true]"#).await;
    client.expect_text(r#"42["before"]"#).await;
    let mut farewells = [client.next().await, client.next().await];
    farewells.sort_by_key(|frame| format!("{frame:?}"));
    assert_eq!(
        farewells,
        [Frame::Text("41".into()), Frame::Text("41/other,".into())]
    );
    assert_eq!(client.closed().await, 1005);
    entries.expect("server namespace disconnect").await;
    entries.expect("server namespace disconnect").await;
}

async fn the_client_sees_why_it_was_disconnected(mode: WebSocketMode) {
    let Order { server, .. } = order(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    client.emit(&Leave(false)).await;
    assert_eq!(client.next().await.name(), "before");
    assert_eq!(
        client.expect_disconnect().await.as_str(),
        "io server disconnect"
    );
}

async fn typed_attachments_travel_both_ways(mode: WebSocketMode) {
    let Order { server, .. } = order(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    let binary = |bytes: &[u8]| Binary::from(bytes);
    let list = vec![binary(b""), binary(&[0, 255, 128])];
    client
        .emit(&Typed {
            binary: binary(b"one"),
            list: list.clone(),
        })
        .await;
    let typed = client.expect::<Typed>().await;
    assert_eq!((typed.binary, typed.list), (binary(b"one"), list));
}

async fn what_does_not_fit_is_told_to_the_session_and_changes_nothing_else(mode: WebSocketMode) {
    let Order {
        server,
        mut entries,
        ..
    } = order(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    client.emit_raw("quick", &["one"]).await;
    client.emit_raw("quick", &[0; 0]).await;
    client
        .emit_raw(
            "typed",
            &[json!({"binary": {"_placeholder": true, "num": 0}, "list": []})],
        )
        .await;
    client.emit(&Quick(1)).await;
    entries.expect("quick Payload").await;
    entries.expect("quick Payload").await;
    entries.expect("typed Payload").await;
    entries.expect("quick 1").await;
    let rejected = server.hub().stats().rejected;
    assert_eq!(rejected, [("payload", 3)].into());
    assert_eq!(Quick::NAME, "quick");
}

/// Is asked something, and answers behind so many events of a namespace (of which packets name it so).
async fn answers_behind(client: &mut RawClient, namespace: &str, events: u32) {
    client.send(r#"42["ask"]"#).await;
    let question = client.next().await;
    let Frame::Text(question) = question else {
        panic!("{question:?}");
    };
    let id = question.trim_start_matches("42").split('[').next();
    for number in 0..events {
        let event = format!(r#"42{namespace}["quick",{number}]"#);
        client.send(&event).await;
    }
    client.send(&format!("43{}[1]", id.expect("an id"))).await;
}

async fn an_ack_behind_as_many_events_as_may_queue_comes_too_late(mode: WebSocketMode) {
    let Order {
        server,
        mut entries,
        ..
    } = order(mode);
    let mut client = RawClient::open(&server).await;
    client.send("40").await;
    connected(&mut client, "").await;
    for (events, outcome) in [(3, r#"Ok("[1]")"#), (4, "Err(Timeout)")] {
        answers_behind(&mut client, "", events).await;
        entries.expect(outcome).await;
        for number in 0..events {
            entries.expect(&format!("quick {number}")).await;
        }
    }
    let ignored = || server.hub().stats().acks_ignored;
    until("the ack is read", || ignored() == 1).await;
}

async fn an_ack_waits_for_the_events_of_any_namespace_of_its_connection(mode: WebSocketMode) {
    let Order {
        server,
        mut entries,
        gate,
    } = order(mode);
    let mut client = RawClient::open(&server).await;
    for (connect, namespace) in [("40", ""), ("40/other", "/other,")] {
        client.send(connect).await;
        connected(&mut client, namespace).await;
    }
    client.send(r#"42/other,["slow",1]"#).await;
    entries.expect("slow 1 begins").await;
    answers_behind(&mut client, "/other,", 4).await;
    entries.expect("Err(Timeout)").await;
    gate.add_permits(1);
    let ignored = || server.hub().stats().acks_ignored;
    until("the ack is read", || ignored() == 1).await;
}
