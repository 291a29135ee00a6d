//! Socket.IO v5 on the wire: the cases of its conformance suite, the table of invalid packets, and
//! what happens while a client connects.

mod common;

use std::{sync::Arc, time::Duration};

use common::{
    both,
    journal::{Journal, journal},
    until,
};
use roomcast::{
    EmitError, Event as _, HubBuilder, RejectionKind, Reply, WebSocketMode,
    event::Args,
    prelude::*,
    testing::{Frame, PATIENCE, RawClient, TestClient, TestServer},
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, time::timeout};

/// The application of the conformance suite.
#[derive(EventHandlers)]
#[handles(Message, MessageWithAck)]
struct Suite;

/// Any number of arguments.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Message(Vec<Argument>);

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct MessageWithAck(Vec<Argument>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Argument {
    Binary(Binary),
    Json(Value),
}

// By hand, because derived events have a fixed number of arguments.
impl roomcast::Event for Message {
    const NAME: &'static str = "message";
    const ARGS: Args = Args::Many(0);
    type Ack = ();
    const ACK_ARGS: Args = Args::None;
}

impl roomcast::Event for MessageWithAck {
    const NAME: &'static str = "message-with-ack";
    const ARGS: Args = Args::Many(0);
    type Ack = Vec<Argument>;
    const ACK_ARGS: Args = Args::Many(0);
}

impl Session for Suite {
    type Auth = Value;

    async fn connect(auth: Value, socket: &Socket) -> Result<Self, Refusal> {
        socket.emit_raw("auth", &[auth])?;
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        socket.state::<Journal>().write(reason);
    }
}

impl Handle<Message> for Suite {
    async fn handle(&mut self, message: Message, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.emit_raw("message-back", &message)?)
    }
}

impl Handle<MessageWithAck> for Suite {
    async fn handle(
        &mut self,
        message: MessageWithAck,
        _: &Socket,
    ) -> Result<Vec<Argument>, Rejection> {
        Ok(message.0)
    }
}

fn suite(mode: WebSocketMode) -> (TestServer, common::journal::Entries) {
    suite_with(mode, |hub| hub)
}

fn suite_with(
    mode: WebSocketMode,
    set: impl FnOnce(HubBuilder) -> HubBuilder,
) -> (TestServer, common::journal::Entries) {
    let (journal, reasons) = journal();
    let hub = Hub::builder()
        .namespace::<Suite>("/")
        .namespace::<Suite>("/custom")
        .websocket_mode(mode)
        .state(journal);
    (TestServer::start(set(hub).build().expect("a hub")), reasons)
}

/// The id in the reply to a CONNECT, which must come next.
async fn connected(client: &mut RawClient, namespace: &str) -> String {
    let Frame::Text(reply) = client.next().await else {
        panic!("not a text");
    };
    let head = format!("40{namespace}{{\"sid\":\"");
    let id = reply
        .strip_prefix(&head)
        .and_then(|rest| rest.strip_suffix("\"}"));
    id.unwrap_or_else(|| panic!("not a reply to CONNECT: {reply}"))
        .to_owned()
}

/// A client in the namespace `/` of the suite.
async fn joined(server: &TestServer) -> RawClient {
    let mut client = RawClient::open(server).await;
    client.send("40").await;
    connected(&mut client, "").await;
    client.expect_text(r#"42["auth",{}]"#).await;
    client
}

/// The client is still served, and nothing else has come before.
async fn alive(client: &mut RawClient) {
    client.send(r#"427["message-with-ack","alive"]"#).await;
    client.expect_text(r#"437["alive"]"#).await;
}

both! {
    connect_is_answered_and_what_connect_emits_follows,
    an_unknown_namespace_is_refused_and_the_connection_stays,
    an_invalid_packet_closes_before_and_after_connecting,
    after_a_disconnect_packet_the_connection_stays,
    leaving_one_namespace_does_not_concern_the_other,
    an_event_with_plain_arguments_comes_back,
    an_event_with_attachments_comes_back,
    an_ack_carries_every_argument,
    an_ack_carries_attachments,
    every_invalid_packet_closes_the_connection_and_is_counted_by_its_reason,
    text_between_attachments_and_attachments_that_nobody_announced_close,
    pings_may_come_between_attachments,
    ten_attachments_are_allowed_unless_the_hub_says_otherwise,
    anything_but_connect_before_connecting_closes,
    an_event_without_payload_or_without_handler_is_ignored_and_counted,
    an_empty_message_is_a_connect_as_in_the_reference,
    a_client_that_left_may_connect_again_and_is_somebody_else,
    reserved_names_cannot_be_emitted,
}

// ---- the conformance suite (section 11)

async fn connect_is_answered_and_what_connect_emits_follows(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    for (packet, namespace, event) in [
        ("40", "", r#"42["auth",{}]"#),
        (r#"40{"token":"123"}"#, "", r#"42["auth",{"token":"123"}]"#),
        ("40/custom", "/custom,", r#"42/custom,["auth",{}]"#),
        ("40/custom,", "/custom,", r#"42/custom,["auth",{}]"#),
        (
            r#"40/custom,{"token":"abc"}"#,
            "/custom,",
            r#"42/custom,["auth",{"token":"abc"}]"#,
        ),
    ] {
        let mut client = RawClient::open(&server).await;
        client.send(packet).await;
        connected(&mut client, namespace).await;
        client.expect_text(event).await;
    }
}

async fn an_unknown_namespace_is_refused_and_the_connection_stays(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = RawClient::open(&server).await;
    client.send("40/random").await;
    client
        .expect_text(r#"44/random,{"message":"Invalid namespace"}"#)
        .await;
    // The query is part of the name.
    client.send("40/custom?a=1").await;
    client
        .expect_text(r#"44/custom?a=1,{"message":"Invalid namespace"}"#)
        .await;
    client.send("40").await;
    connected(&mut client, "").await;
}

async fn an_invalid_packet_closes_before_and_after_connecting(mode: WebSocketMode) {
    let (server, mut reasons) = suite(mode);
    let mut client = RawClient::open(&server).await;
    client.send("4abc").await;
    assert_eq!(client.closed().await, 1005);
    let mut client = joined(&server).await;
    client.send("4abc").await;
    assert_eq!(client.closed().await, 1005);
    reasons.expect("forced close").await;
}

async fn after_a_disconnect_packet_the_connection_stays(mode: WebSocketMode) {
    let interval = Duration::from_millis(100);
    let (server, mut reasons) = suite_with(mode, |hub| hub.ping_interval(interval));
    let mut client = joined(&server).await;
    client.send("41").await;
    client.expect_text("2").await;
    reasons.expect("client namespace disconnect").await;
}

async fn leaving_one_namespace_does_not_concern_the_other(mode: WebSocketMode) {
    let (server, mut reasons) = suite(mode);
    let mut client = joined(&server).await;
    client.send("40/custom").await;
    connected(&mut client, "/custom,").await;
    client.expect_text(r#"42/custom,["auth",{}]"#).await;
    client.send("41/custom").await;
    client
        .send(r#"42["message","message to main namespace"]"#)
        .await;
    client
        .expect_text(r#"42["message-back","message to main namespace"]"#)
        .await;
    reasons.expect("client namespace disconnect").await;
    assert_eq!(reasons.rest(), Vec::<String>::new());
}

async fn an_event_with_plain_arguments_comes_back(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    client.send(r#"42["message",1,"2",{"3":[true]}]"#).await;
    client
        .expect_text(r#"42["message-back",1,"2",{"3":[true]}]"#)
        .await;
}

async fn an_event_with_attachments_comes_back(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    let args = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
    client.send(&format!(r#"452-["message",{args}]"#)).await;
    client.send_binary(vec![1, 2, 3]).await;
    client.send_binary(vec![4, 5, 6]).await;
    client
        .expect_text(&format!(r#"452-["message-back",{args}]"#))
        .await;
    client.expect_binary(&[1, 2, 3]).await;
    client.expect_binary(&[4, 5, 6]).await;
}

async fn an_ack_carries_every_argument(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    client
        .send(r#"42456["message-with-ack",1,"2",{"3":[false]}]"#)
        .await;
    client.expect_text(r#"43456[1,"2",{"3":[false]}]"#).await;
}

async fn an_ack_carries_attachments(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    let args = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
    client
        .send(&format!(r#"452-789["message-with-ack",{args}]"#))
        .await;
    client.send_binary(vec![1, 2, 3]).await;
    client.send_binary(vec![4, 5, 6]).await;
    client.expect_text(&format!(r#"462-789[{args}]"#)).await;
    client.expect_binary(&[1, 2, 3]).await;
    client.expect_binary(&[4, 5, 6]).await;
}

// ---- invalid packets (sections 1, 2 and 6)

async fn every_invalid_packet_closes_the_connection_and_is_counted_by_its_reason(
    mode: WebSocketMode,
) {
    let (server, mut reasons) = suite(mode);
    let placeholder = r#"["message",{"_placeholder":true,"num":1}]"#;
    let texts = [
        ("unknown_type", "49".to_owned()),
        ("invalid_payload", "42{}".to_owned()),
        ("invalid_payload", r#"42["message""#.to_owned()),
        ("invalid_payload", r#"42["message"]x"#.to_owned()),
        ("invalid_payload", r#"42abc["message"]"#.to_owned()),
        ("invalid_payload", "42[]".to_owned()),
        ("invalid_payload", "42[null]".to_owned()),
        ("invalid_payload", r#"42[{"a":1}]"#.to_owned()),
        ("invalid_payload", "43{}".to_owned()),
        ("invalid_payload", "41{}".to_owned()),
        ("invalid_payload", "40/custom,[]".to_owned()),
        ("illegal_id", format!(r#"42{}["message"]"#, "9".repeat(30))),
        ("reserved_name", r#"42["connect"]"#.to_owned()),
        ("reserved_name", r#"42["connect_error"]"#.to_owned()),
        ("reserved_name", r#"42["disconnect"]"#.to_owned()),
        ("reserved_name", r#"42["disconnecting"]"#.to_owned()),
        ("reserved_name", r#"42["newListener"]"#.to_owned()),
        ("reserved_name", r#"42["removeListener"]"#.to_owned()),
        ("reserved_name", r#"42["dis\u0063onnect"]"#.to_owned()),
        ("illegal_attachments", r#"45["message"]"#.to_owned()),
        ("illegal_attachments", r#"450-["message"]"#.to_owned()),
        ("illegal_attachments", r#"45-1-["message"]"#.to_owned()),
        ("illegal_attachments", r#"451.5-["message"]"#.to_owned()),
        ("too_many_attachments", r#"4511-["message"]"#.to_owned()),
        ("too_many_attachments", r#"451e300-["message"]"#.to_owned()),
        ("illegal_placeholder", format!("451-{placeholder}")),
        (
            "illegal_placeholder",
            r#"451-["message",{"_placeholder":true,"num":"0"}]"#.to_owned(),
        ),
        (
            "illegal_placeholder",
            r#"451-["message",{"_placeholder":true,"num":-1}]"#.to_owned(),
        ),
        (
            "illegal_placeholder",
            r#"451-["message",[{"_placeholder":true}]]"#.to_owned(),
        ),
        ("connect_twice", "40".to_owned()),
        ("not_connected", r#"42/custom,["message"]"#.to_owned()),
        ("not_connected", "43/custom,1[]".to_owned()),
        ("not_connected", "41/custom,".to_owned()),
        ("connect_error", r#"44{"message":"no"}"#.to_owned()),
    ];
    for (reason, text) in texts {
        let before = server.hub().stats().refused_packets;
        let mut client = joined(&server).await;
        client.send(&text).await;
        assert_eq!(client.closed().await, 1005, "{text}");
        reasons.expect("forced close").await;
        let after = server.hub().stats().refused_packets;
        let count = |stats: &std::collections::BTreeMap<_, u64>| {
            stats.get(reason).copied().unwrap_or_default()
        };
        assert_eq!(
            count(&after),
            count(&before) + 1,
            "{reason}: {text}: {after:?}"
        );
    }
}

async fn text_between_attachments_and_attachments_that_nobody_announced_close(mode: WebSocketMode) {
    let (server, mut reasons) = suite(mode);
    let mut client = joined(&server).await;
    client.send_binary(vec![1]).await;
    assert_eq!(client.closed().await, 1005);
    reasons.expect("forced close").await;

    let announced = r#"452-["message",{"_placeholder":true,"num":0}]"#;
    // Of another namespace, too: attachments follow their text at once.
    for between in [r#"42["message"]"#, "40/custom", announced] {
        let mut client = joined(&server).await;
        client.send(announced).await;
        client.send_binary(vec![1]).await;
        client.send(between).await;
        assert_eq!(client.closed().await, 1005, "{between}");
        reasons.expect("forced close").await;
    }
    let refused = server.hub().stats().refused_packets;
    assert_eq!(refused.get("unexpected_binary"), Some(&1));
    assert_eq!(refused.get("unexpected_text"), Some(&3));
}

async fn pings_may_come_between_attachments(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    client
        .send(r#"452-["message",{"_placeholder":true,"num":1}]"#)
        .await;
    client.send_binary(vec![1]).await;
    client.send("3").await;
    client.ping("x").await;
    client.send_binary(vec![2]).await;
    assert_eq!(client.next().await, Frame::Pong("x".into()));
    client
        .expect_text(r#"451-["message-back",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[2]).await;
}

async fn ten_attachments_are_allowed_unless_the_hub_says_otherwise(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    client
        .send(r#"4510-9["message-with-ack",{"_placeholder":true,"num":9}]"#)
        .await;
    for number in 0..10 {
        client.send_binary(vec![number]).await;
    }
    client
        .expect_text(r#"461-9[{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[9]).await;

    let (server, _) = suite_with(mode, |hub| hub.max_attachments(2));
    let mut client = joined(&server).await;
    client.send(r#"453-["message"]"#).await;
    assert_eq!(client.closed().await, 1005);
}

async fn anything_but_connect_before_connecting_closes(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    for packet in [r#"42["message"]"#, "431[]", "41", r#"451-["message"]"#] {
        let mut client = RawClient::open(&server).await;
        client.send(packet).await;
        if packet.starts_with("45") {
            client.send_binary(vec![1]).await;
        }
        assert_eq!(client.closed().await, 1005, "{packet}");
    }
}

// ---- what is valid all the same

async fn an_event_without_payload_or_without_handler_is_ignored_and_counted(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    for packet in [
        "42",
        "425",
        r#"42["nobody"]"#,
        r#"425["nobody",1]"#,
        r#"42[7,"a number"]"#,
        r#"42[""]"#,
    ] {
        client.send(packet).await;
    }
    alive(&mut client).await;
    assert_eq!(server.hub().stats().unhandled, 6);
}

async fn an_empty_message_is_a_connect_as_in_the_reference(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = RawClient::open(&server).await;
    client.send("4").await;
    connected(&mut client, "").await;
}

async fn a_client_that_left_may_connect_again_and_is_somebody_else(mode: WebSocketMode) {
    let (server, mut reasons) = suite(mode);
    let mut client = RawClient::open(&server).await;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..3 {
        client.send("40").await;
        assert!(
            ids.insert(connected(&mut client, "").await),
            "a fresh id each time"
        );
        client.expect_text(r#"42["auth",{}]"#).await;
        alive(&mut client).await;
        client.send("41").await;
        reasons.expect("client namespace disconnect").await;
    }
    until("nobody is left", || server.hub().stats().sockets == 0).await;
}

async fn reserved_names_cannot_be_emitted(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        let emitted = server.hub().everyone().emit_raw(name, &[1]);
        assert!(matches!(emitted, Err(EmitError::Reserved(reserved)) if reserved == name));
    }
    assert_eq!(client.next().await.name(), "auth");
    client.sync().await;
    assert_eq!(client.pending(), []);
}

// ---- letting clients in

#[derive(Deserialize)]
struct Ticket {
    token: String,
    #[serde(default)]
    seat: Seat,
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

// ---- one event after the other

/// Writes down what it handles; `Slow` waits for the gate.
#[derive(EventHandlers)]
#[handles(Slow, Quick, Leave, Typed)]
struct Orderly;

#[derive(Serialize, Deserialize, Event)]
struct Slow(u32);

#[derive(Serialize, Deserialize, Event)]
struct Quick(u32);

/// Asks to be disconnected, `true` for the whole connection.
#[derive(Serialize, Deserialize, Event)]
struct Leave(bool);

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

impl Handle<Typed> for Orderly {
    async fn handle(&mut self, typed: Typed, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.emit(&typed)?)
    }
}

struct Order {
    server: TestServer,
    entries: common::journal::Entries,
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
    assert_eq!(server.hub().stats().rejected, 3);
    assert_eq!(Quick::NAME, "quick");
}
