//! Clients ask: what a handler returns or refuses is the ack.

use roomcast::{
    RejectionKind, Reply, WebSocketMode,
    prelude::*,
    testing::{TestClient, TestServer},
};
use serde_json::json;

use super::{Question, raw};
use crate::common::{
    both,
    journal::{Entries, Journal, journal},
};

#[derive(EventHandlers)]
#[handles(Add, Done, Both, Sum, Refuse, Bytes, Interview, Survey)]
struct Answering;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Add {
    left: u32,
    right: Operand,
}

#[derive(Serialize, Deserialize)]
struct Operand {
    value: u32,
}

#[derive(Serialize, Deserialize, Event)]
struct Done;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = (u32, String))]
struct Both(u32, String);

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Sum(u32, u32);

/// Asks for a rejection with these words; `quiet`, `custom` and `data` in their own way.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Refuse(String);

#[derive(Serialize, Deserialize, Event)]
#[event(ack = Binary)]
struct Bytes(Binary);

/// Has the handler ask its own client.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Interview;

/// Has the handler ask everyone, its own client included.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = usize)]
struct Survey;

impl Session for Answering {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }

    fn rejected(&mut self, event: &str, rejection: &Rejection, socket: &Socket) -> Reply {
        let kind = rejection.kind();
        socket
            .state::<Journal>()
            .write(format!("{event}: {kind:?}: {rejection}"));
        match (kind, rejection.message()) {
            (RejectionKind::Unhandled, _) | (_, "quiet") => Reply::None,
            (_, "custom") => Reply::with(&json!({"code": 429})),
            _ => Reply::Error,
        }
    }
}

impl Handle<Add> for Answering {
    async fn handle(&mut self, add: Add, _: &Socket) -> Result<u32, Rejection> {
        Ok(add.left + add.right.value)
    }
}

impl Handle<Done> for Answering {
    async fn handle(&mut self, _: Done, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

impl Handle<Both> for Answering {
    async fn handle(&mut self, both: Both, _: &Socket) -> Result<(u32, String), Rejection> {
        Ok((both.0 + 1, both.1 + "!"))
    }
}

impl Handle<Sum> for Answering {
    async fn handle(&mut self, sum: Sum, _: &Socket) -> Result<u32, Rejection> {
        Ok(sum.0 + sum.1)
    }
}

impl Handle<Refuse> for Answering {
    async fn handle(&mut self, Refuse(words): Refuse, _: &Socket) -> Result<u32, Rejection> {
        let rejection = Rejection::new(words.as_str());
        Err(match words.as_str() {
            "data" => rejection.with_data(&json!({"max": 50})),
            _ => rejection,
        })
    }
}

impl Handle<Bytes> for Answering {
    async fn handle(&mut self, Bytes(bytes): Bytes, _: &Socket) -> Result<Binary, Rejection> {
        Ok(bytes)
    }
}

impl Handle<Interview> for Answering {
    async fn handle(&mut self, _: Interview, socket: &Socket) -> Result<String, Rejection> {
        let first = socket.emit_with_ack(&Question("name".into())).await;
        let second = socket.emit_with_ack(&Question("age".into())).await;
        Ok(format!("{:?} {:?}", first.ok(), second.ok()))
    }
}

impl Handle<Survey> for Answering {
    async fn handle(&mut self, _: Survey, socket: &Socket) -> Result<usize, Rejection> {
        let everyone = socket.hub().everyone();
        Ok(everyone
            .emit_with_ack(&Question("ready".into()))
            .await?
            .into_values()
            .len())
    }
}

fn answering(mode: WebSocketMode) -> (TestServer, Entries) {
    let (journal, entries) = journal();
    let hub = Hub::builder()
        .namespace::<Answering>("/")
        .websocket_mode(mode)
        .state(journal);
    (TestServer::start(hub.build().expect("a hub")), entries)
}

both! {
    what_a_handler_returns_is_the_ack,
    each_form_of_ack_has_its_arguments_on_the_wire,
    without_an_ack_id_nothing_is_answered,
    a_rejection_is_answered_as_the_session_decides,
    a_payload_that_does_not_fit_is_answered_with_event_argument_and_field,
    a_handler_may_wait_for_its_own_client,
}

async fn what_a_handler_returns_is_the_ack(mode: WebSocketMode) {
    let (server, _) = answering(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    let add = |left, value| Add {
        left,
        right: Operand { value },
    };
    assert_eq!(client.emit_with_ack(&add(1, 2)).await, 3);
    assert_eq!(client.emit_with_ack(&Sum(3, 4)).await, 7);
    assert_eq!(
        client.emit_with_ack(&Both(1, "x".into())).await,
        (2, "x!".into())
    );
    client.emit_with_ack(&Done).await;
    let bytes = Binary::from(&[0, 1, 255][..]);
    assert_eq!(client.emit_with_ack(&Bytes(bytes.clone())).await, bytes);
}

async fn each_form_of_ack_has_its_arguments_on_the_wire(mode: WebSocketMode) {
    let (server, _) = answering(mode);
    let mut client = raw(&server).await;
    for (event, ack) in [
        (r#"420["done"]"#, "430[]"),
        (r#"421["sum",1,2]"#, "431[3]"),
        (r#"4212["both",1,"x"]"#, r#"4312[2,"x!"]"#),
        // More arguments than the event declares are ignored, as a JavaScript handler does.
        (r#"422["sum",1,2,"more",{}]"#, "432[3]"),
        // The largest id.
        (
            r#"4218446744073709551615["done"]"#,
            "4318446744073709551615[]",
        ),
    ] {
        client.send(event).await;
        client.expect_text(ack).await;
    }
}

async fn without_an_ack_id_nothing_is_answered(mode: WebSocketMode) {
    let (server, mut entries) = answering(mode);
    let mut client = raw(&server).await;
    for event in [r#"42["done"]"#, r#"42["refuse","no"]"#, r#"42["add",{}]"#] {
        client.send(event).await;
    }
    client.send(r#"421["done"]"#).await;
    client.expect_text("431[]").await;
    entries.expect("refuse: Handler: no").await;
    entries
        .expect("add: Payload: event `add`, argument 1: missing field `left`")
        .await;
    let rejected = server.hub().stats().rejected;
    assert_eq!(rejected, [("handler", 1), ("payload", 1)].into());
}

async fn a_rejection_is_answered_as_the_session_decides(mode: WebSocketMode) {
    let (server, _) = answering(mode);
    let mut client = raw(&server).await;
    for (words, ack) in [
        ("no", r#"[{"error":{"message":"no"}}]"#),
        (
            "data",
            r#"[{"error":{"message":"data","data":{"max":50}}}]"#,
        ),
        ("custom", r#"[{"code":429}]"#),
    ] {
        client.send(&format!(r#"425["refuse","{words}"]"#)).await;
        client.expect_text(&format!("435{ack}")).await;
    }
    // Neither of these is answered.
    client.send(r#"426["refuse","quiet"]"#).await;
    client.send(r#"427["nobody handles this"]"#).await;
    client.send(r#"428["done"]"#).await;
    client.expect_text("438[]").await;
    let stats = server.hub().stats();
    assert_eq!(stats.rejected, [("handler", 4)].into());
    assert_eq!(stats.unhandled, 1);
}

async fn a_payload_that_does_not_fit_is_answered_with_event_argument_and_field(
    mode: WebSocketMode,
) {
    let (server, mut entries) = answering(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    for (name, args, message) in [
        (
            "add",
            json!([{"left": 1, "right": {"value": "2"}}]),
            "event `add`, argument 1: field `right.value`: invalid type: string \"2\", expected u32",
        ),
        (
            "add",
            json!([{"left": 1}]),
            "event `add`, argument 1: missing field `right`",
        ),
        ("add", json!([]), "event `add`, argument 1: missing"),
        (
            "sum",
            json!([1, -2]),
            "event `sum`, argument 2: invalid value: integer `-2`, expected u32",
        ),
    ] {
        let answer = client.emit_raw_with_ack(name, &args).await;
        assert_eq!(
            answer.json(),
            json!([{"error": {"message": message}}]).to_string()
        );
        entries.expect(&format!("{name}: Payload: {message}")).await;
    }
}

async fn a_handler_may_wait_for_its_own_client(mode: WebSocketMode) {
    let (server, _) = answering(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    client.answer(|Question(question): Question| question.to_uppercase());
    let answer = client.emit_with_ack(&Interview).await;
    assert_eq!(answer, r#"Some("NAME") Some("AGE")"#);
    assert_eq!(client.emit_with_ack(&Survey).await, 1);
}
