//! The server asks many clients at once.

use std::time::Duration;

use roomcast::{Acks, WebSocketMode};

use super::{Question, asking, question, raw_member};
use crate::common::both;

both! {
    a_broadcast_gathers_the_answers_of_all_workers,
    a_socket_asks_all_others_and_the_hub_one_by_its_id,
    a_broadcast_to_nobody_is_complete_at_once,
    at_the_timeout_a_broadcast_gives_the_answers_so_far,
    who_leaves_is_not_waited_for,
    an_answer_that_does_not_fit_is_an_error_among_the_others,
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
