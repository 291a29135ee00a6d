//! Acknowledgements in both directions: what is answered, what is not, and who waits how long.

use std::time::{Duration, Instant};

use crate::common::{
    both,
    journal::{Entries, Journal, journal},
    member::{Hall, members},
    until,
};
use crate::waiting::PATIENCE;
use roomcast::{
    AckError, Acks, EmitError, RejectionKind, Reply, WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestClient, TestServer},
};
use serde_json::json;

const SOON: Duration = Duration::from_millis(100);

// ---- the client asks

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

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Question(String);

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

async fn raw(server: &TestServer) -> RawClient {
    let mut client = RawClient::open(server).await;
    client.send("40").await;
    let Frame::Text(_) = client.next().await else {
        panic!("not connected");
    };
    client
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

// ---- the server asks

fn asking(mode: WebSocketMode) -> (TestServer, Hall) {
    let (hub, hall) = members();
    let hub = hub
        .websocket_mode(mode)
        .ack_timeout(PATIENCE)
        .build()
        .expect("a hub");
    (TestServer::builder(hub).workers(2).start(), hall)
}

/// A raw client that is a member, and its socket.
async fn raw_member(server: &TestServer, hall: &mut Hall) -> (RawClient, Socket) {
    let client = raw(server).await;
    (client, hall.next().await)
}

fn question(text: &str) -> Question {
    Question(text.to_owned())
}

both! {
    a_client_answers_one_emit,
    ids_count_from_zero_in_each_namespace,
    without_an_answer_in_time_it_is_a_timeout_and_a_late_one_is_ignored,
    a_second_answer_and_an_unknown_id_are_ignored_and_counted,
    another_client_cannot_answer_in_its_place,
    an_answer_of_another_type_is_an_error_that_names_the_event,
    a_client_that_goes_before_it_answers_is_told_at_once,
    a_broadcast_gathers_the_answers_of_all_workers,
    a_socket_asks_all_others_and_the_hub_one_by_its_id,
    a_broadcast_to_nobody_is_complete_at_once,
    at_the_timeout_a_broadcast_gives_the_answers_so_far,
    who_leaves_is_not_waited_for,
    an_answer_that_does_not_fit_is_an_error_among_the_others,
    an_emit_that_is_given_up_leaves_a_late_answer_to_be_ignored,
}

async fn a_client_answers_one_emit(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (client, socket) = hall.enter(&server, &[]).await;
    client.answer(|Question(text): Question| text + "?");
    let answer = socket.emit_with_ack(&question("you")).await;
    assert_eq!(answer.expect("an answer"), "you?");
    let answer = socket
        .timeout(PATIENCE)
        .emit_with_ack(&question("me"))
        .await;
    assert_eq!(answer.expect("an answer"), "me?");
}

async fn ids_count_from_zero_in_each_namespace(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (mut first, first_socket) = raw_member(&server, &mut hall).await;
    let (mut second, second_socket) = raw_member(&server, &mut hall).await;
    for (is_first, id) in [(true, 0), (false, 1), (true, 2)] {
        let (client, socket) = match is_first {
            true => (&mut first, &first_socket),
            false => (&mut second, &second_socket),
        };
        let text = question("q");
        let asked = socket.emit_with_ack(&text);
        let answered = async {
            client
                .expect_text(&format!(r#"42{id}["question","q"]"#))
                .await;
            client.send(&format!(r#"43{id}["a"]"#)).await;
        };
        let (answer, ()) = tokio::join!(asked, answered);
        assert_eq!(answer.expect("an answer"), "a");
    }
}

async fn without_an_answer_in_time_it_is_a_timeout_and_a_late_one_is_ignored(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (mut client, socket) = raw_member(&server, &mut hall).await;
    let start = Instant::now();
    let answer = socket.timeout(SOON).emit_with_ack(&question("q")).await;
    assert!(matches!(answer, Err(AckError::Timeout)), "{answer:?}");
    assert!(start.elapsed() >= SOON);
    assert_eq!(server.hub().stats().ack_timeouts, 1);
    client.expect_text(r#"420["question","q"]"#).await;
    client.send(r#"430["late"]"#).await;
    until("it is counted", || server.hub().stats().acks_ignored == 1).await;
    client.ping("alive").await;
    assert_eq!(client.next().await, Frame::Pong("alive".into()));
}

async fn a_second_answer_and_an_unknown_id_are_ignored_and_counted(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (mut client, socket) = raw_member(&server, &mut hall).await;
    let text = question("q");
    let asked = socket.emit_with_ack(&text);
    let answered = async {
        client.expect_text(r#"420["question","q"]"#).await;
        for ack in [
            r#"437["unknown"]"#,
            "43[]",
            r#"430["first"]"#,
            r#"430["second"]"#,
        ] {
            client.send(ack).await;
        }
    };
    let (answer, ()) = tokio::join!(asked, answered);
    assert_eq!(answer.expect("an answer"), "first");
    until("they are counted", || {
        server.hub().stats().acks_ignored == 3
    })
    .await;
}

async fn another_client_cannot_answer_in_its_place(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (mut client, socket) = raw_member(&server, &mut hall).await;
    let (mut other, _) = raw_member(&server, &mut hall).await;
    let text = question("q");
    let asked = socket.emit_with_ack(&text);
    let answered = async {
        client.expect_text(r#"420["question","q"]"#).await;
        other.send(r#"430["forged"]"#).await;
        until("it is ignored", || server.hub().stats().acks_ignored == 1).await;
        client.send(r#"430["genuine"]"#).await;
    };
    let (answer, ()) = tokio::join!(asked, answered);
    assert_eq!(answer.expect("an answer"), "genuine");
}

async fn an_answer_of_another_type_is_an_error_that_names_the_event(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (mut client, socket) = raw_member(&server, &mut hall).await;
    for (id, ack) in [(0, "[7]"), (1, "[]"), (2, "")] {
        let text = question("q");
        let asked = socket.emit_with_ack(&text);
        let answered = async {
            client
                .expect_text(&format!(r#"42{id}["question","q"]"#))
                .await;
            client.send(&format!("43{id}{ack}")).await;
        };
        let (answer, ()) = tokio::join!(asked, answered);
        let error = answer.expect_err("not a text").to_string();
        assert!(error.contains("`question`"), "{error}");
    }
}

async fn a_client_that_goes_before_it_answers_is_told_at_once(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (mut client, socket) = raw_member(&server, &mut hall).await;
    let text = question("q");
    let asked = socket.emit_with_ack(&text);
    let gone = async {
        client.expect_text(r#"420["question","q"]"#).await;
        drop(client);
    };
    let (answer, ()) = tokio::join!(asked, gone);
    assert!(matches!(answer, Err(AckError::Disconnected)), "{answer:?}");

    until("it is known to be gone", || !socket.is_connected()).await;
    let answer = socket.emit_with_ack(&question("anybody?")).await;
    assert!(
        matches!(answer, Err(AckError::Emit(EmitError::Disconnected))),
        "{answer:?}"
    );
}

async fn a_broadcast_gathers_the_answers_of_all_workers(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let mut clients = Vec::new();
    for number in 0..6 {
        let (client, _) = hall.enter(&server, &["asked"]).await;
        client.answer(move |Question(text): Question| format!("{text} {number}"));
        clients.push(client);
    }
    let (unasked, _) = hall.enter(&server, &[]).await;
    let acks = server
        .hub()
        .to("asked")
        .emit_with_ack(&question("I am"))
        .await;
    let acks = acks.expect("acks");
    assert!(acks.is_complete());
    let answered: std::collections::HashSet<_> = acks.iter().map(|(id, _)| id).collect();
    assert_eq!(
        answered,
        clients.iter().map(|client| Some(client.id())).collect()
    );
    let mut values = acks.into_values();
    values.sort();
    assert_eq!(
        values,
        (0..6)
            .map(|number| format!("I am {number}"))
            .collect::<Vec<_>>()
    );
    unasked.sync().await;
    assert_eq!(unasked.pending(), []);
}

async fn a_socket_asks_all_others_and_the_hub_one_by_its_id(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (asker, socket) = hall.enter(&server, &[]).await;
    let (other, _) = hall.enter(&server, &[]).await;
    for client in [&asker, &other] {
        client.answer(|Question(text): Question| text);
    }
    let who = |acks: Acks<String>| acks.iter().map(|(id, _)| id).collect::<Vec<_>>();
    let others = socket.broadcast().emit_with_ack(&question("others")).await;
    assert_eq!(who(others.expect("acks")), [Some(other.id())]);
    let everyone = server.hub().everyone().fetch_sockets().await;
    for remote in everyone.expect("sockets") {
        let one = server.hub().to(remote.id());
        let one = one.emit_with_ack(&question("you alone")).await;
        assert_eq!(who(one.expect("acks")), [Some(remote.id())]);
    }
}

async fn a_broadcast_to_nobody_is_complete_at_once(mode: WebSocketMode) {
    let (server, _) = asking(mode);
    let acks = server
        .hub()
        .to("nobody")
        .emit_with_ack(&question("q"))
        .await
        .expect("acks");
    assert!(acks.is_complete());
    assert_eq!(acks.iter().count(), 0);
    let acks = server
        .hub()
        .everyone()
        .emit_with_ack(&question("q"))
        .await
        .expect("acks");
    assert!(acks.is_complete());
}

async fn at_the_timeout_a_broadcast_gives_the_answers_so_far(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (diligent, _) = hall.enter(&server, &["asked"]).await;
    diligent.answer(|_: Question| "done".to_owned());
    let (_mute, _) = hall.enter(&server, &["asked"]).await;
    // Long enough for the one who answers.
    let time = Duration::from_secs(1);
    let everyone = server.hub().to("asked").timeout(time);
    let acks = everyone.emit_with_ack(&question("q")).await.expect("acks");
    assert!(!acks.is_complete());
    assert_eq!(acks.into_values(), ["done"]);
    assert_eq!(server.hub().stats().ack_timeouts, 1);
}

async fn who_leaves_is_not_waited_for(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (diligent, _) = hall.enter(&server, &["asked"]).await;
    diligent.answer(|_: Question| "done".to_owned());
    let (mut mute, _) = raw_member(&server, &mut hall).await;
    let text = question("q");
    let everyone = server.hub().everyone();
    let asked = everyone.emit_with_ack(&text);
    let gone = async {
        mute.expect_text(r#"420["question","q"]"#).await;
        drop(mute);
    };
    let (acks, ()) = tokio::join!(asked, gone);
    let acks = acks.expect("acks");
    assert!(acks.is_complete());
    assert_eq!(acks.into_values(), ["done"]);
}

async fn an_answer_that_does_not_fit_is_an_error_among_the_others(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (diligent, _) = hall.enter(&server, &[]).await;
    diligent.answer(|_: Question| "done".to_owned());
    let (mut odd, socket) = raw_member(&server, &mut hall).await;
    let text = question("q");
    let everyone = server.hub().everyone();
    let asked = everyone.emit_with_ack(&text);
    let answered = async {
        odd.expect_text(r#"420["question","q"]"#).await;
        odd.send("430[7]").await;
    };
    let (acks, ()) = tokio::join!(asked, answered);
    let acks = acks.expect("acks");
    assert!(acks.is_complete());
    let failed: Vec<_> = acks.iter().filter(|(_, answer)| answer.is_err()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].0, Some(socket.id()));
    assert_eq!(acks.into_values(), ["done"]);
}

async fn an_emit_that_is_given_up_leaves_a_late_answer_to_be_ignored(mode: WebSocketMode) {
    let (server, mut hall) = asking(mode);
    let (mut client, socket) = raw_member(&server, &mut hall).await;
    {
        let text = question("q");
        let asked = std::pin::pin!(socket.emit_with_ack(&text));
        let arrived = std::pin::pin!(client.expect_text(r#"420["question","q"]"#));
        // It goes out when it is polled, and is dropped when it has arrived.
        futures_util::future::select(asked, arrived).await;
    }
    client.send(r#"430["late"]"#).await;
    let text = question("next");
    let asked = socket.emit_with_ack(&text);
    let answered = async {
        client.expect_text(r#"421["question","next"]"#).await;
        client.send(r#"431["in time"]"#).await;
    };
    let (answer, ()) = tokio::join!(asked, answered);
    assert_eq!(answer.expect("an answer"), "in time");
}

#[actix_web::test]
async fn a_socket_that_was_found_is_asked_alone() {
    let (server, mut hall) = asking(WebSocketMode::Handoff);
    let (mut client, socket) = raw_member(&server, &mut hall).await;
    let (_other, _) = raw_member(&server, &mut hall).await;
    let found = server.hub().to(socket.id()).fetch_sockets().await;
    let [remote] = &found.expect("sockets")[..] else {
        panic!("not one");
    };
    remote.emit_raw("hello", &(1,)).expect("sent");
    client.expect_text(r#"42["hello",1]"#).await;
    let text = question("you");
    let (answer, ()) = tokio::join!(remote.emit_with_ack(&text), async {
        client.expect_text(r#"420["question","you"]"#).await;
        client.send(r#"430["me"]"#).await;
    });
    assert_eq!(answer.expect("an answer"), "me");
    let (answer, ()) = tokio::join!(remote.emit_raw_with_ack("question", &("you",)), async {
        client.expect_text(r#"421["question","you"]"#).await;
        client.send(r#"431["me",2]"#).await;
    });
    let answer = answer.expect("an answer").args::<(String, u32)>();
    assert_eq!(answer.expect("fits"), ("me".to_owned(), 2));
    drop(client);
    until("it is known to be gone", || !socket.is_connected()).await;
    let answer = remote.emit_with_ack(&text).await;
    assert!(matches!(answer, Err(AckError::Disconnected)), "{answer:?}");
}
