//! The application of the conformance suite, and clients of it.

use roomcast::{
    HubBuilder, WebSocketMode,
    event::Args,
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};
use serde_json::Value;

use crate::common::journal::{Entries, Journal, journal};

/// The application of the conformance suite.
#[derive(EventHandlers)]
#[handles(Message, MessageWithAck)]
pub(crate) struct Suite;

/// Any number of arguments.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Message(Vec<Argument>);

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct MessageWithAck(Vec<Argument>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Argument {
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

pub(crate) fn suite(mode: WebSocketMode) -> (TestServer, Entries) {
    suite_with(mode, |hub| hub)
}

pub(crate) fn suite_with(
    mode: WebSocketMode,
    set: impl FnOnce(HubBuilder) -> HubBuilder,
) -> (TestServer, Entries) {
    let (journal, reasons) = journal();
    let hub = Hub::builder()
        .namespace::<Suite>("/")
        .namespace::<Suite>("/custom")
        .websocket_mode(mode)
        .state(journal);
    (TestServer::start(set(hub).build().expect("a hub")), reasons)
}

/// The id in the reply to a CONNECT, which must come next.
pub(crate) async fn connected(client: &mut RawClient, namespace: &str) -> String {
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
pub(crate) async fn joined(server: &TestServer) -> RawClient {
    let mut client = RawClient::open(server).await;
    client.send("40").await;
    connected(&mut client, "").await;
    client.expect_text(r#"42["auth",{}]"#).await;
    client
}

/// The client is still served, and nothing else has come before.
pub(crate) async fn alive(client: &mut RawClient) {
    client.send(r#"427["message-with-ack","alive"]"#).await;
    client.expect_text(r#"437["alive"]"#).await;
}
