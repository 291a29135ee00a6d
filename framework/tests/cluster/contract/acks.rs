//! Answers of clients.

use std::time::Duration;

use super::{Ask, Meeting, one_each, three};
use crate::waiting::PATIENCE;

pub(crate) async fn answers_of_all_nodes_are_gathered(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a"], &["a"], &["a"]]).await;
    let (more, _) = nodes[1].enter(&["a"]).await;
    let all = clients.iter().map(|(client, _)| client).chain([&more]);
    for (n, client) in (0..).zip(all) {
        client.answer(move |_: Ask| n);
    }
    let acks = nodes[0].hub().to("a").timeout(PATIENCE);
    let acks = acks.emit_with_ack(&Ask).await.expect("acks");
    assert!(acks.is_complete());
    let known = acks.iter().filter_map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(known, [clients[0].1.id()], "others' ids are not told");
    let mut answers = acks.into_values();
    answers.sort_unstable();
    assert_eq!(answers, [0, 1, 2, 3]);
    let nobody = nodes[0].hub().to("nobody").timeout(PATIENCE);
    let acks = nobody.emit_with_ack(&Ask).await.expect("acks");
    assert!(acks.is_complete() && acks.into_values().is_empty());
}

pub(crate) async fn a_client_that_does_not_answer_leaves_the_acks_incomplete(
    meeting: &impl Meeting,
) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a"], &["a"], &["a"]]).await;
    for (client, _) in &clients[..2] {
        client.answer(|_: Ask| 1);
    }
    // On a busy machine the others may need longer: they are asked again, and are given more time.
    let mut time = Duration::from_millis(500);
    loop {
        let acks = nodes[0].hub().to("a").timeout(time);
        let acks = acks.emit_with_ack(&Ask).await.expect("acks");
        assert!(!acks.is_complete());
        let values = acks.into_values();
        if values == [1, 1] {
            return;
        }
        assert!(time < PATIENCE, "within {time:?}: {values:?}");
        time *= 2;
    }
}
