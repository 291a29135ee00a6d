//! The server asks one client.

use std::time::{Duration, Instant};

use roomcast::{AckError, EmitError, WebSocketMode, testing::Frame};

use super::{Question, asking, question, raw_member};
use crate::common::{both, until};
use crate::waiting::PATIENCE;

const SOON: Duration = Duration::from_millis(100);

both! {
    a_client_answers_one_emit,
    ids_count_from_zero_in_each_namespace,
    without_an_answer_in_time_it_is_a_timeout_and_a_late_one_is_ignored,
    a_second_answer_and_an_unknown_id_are_ignored_and_counted,
    another_client_cannot_answer_in_its_place,
    an_answer_of_another_type_is_an_error_that_names_the_event,
    a_client_that_goes_before_it_answers_is_told_at_once,
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
