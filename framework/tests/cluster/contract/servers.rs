//! The nodes themselves.

use std::time::Duration;

use roomcast::prelude::*;
use tokio::time::timeout;

use super::{Meeting, Node, Reload, nothing_but, one_each, see_each_other, three};
use crate::common::{member::Number, until};
use crate::waiting::PATIENCE;

pub(crate) async fn servers_tell_each_other(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&[], &[], &[]]).await;
    let what = "prices".to_owned();
    let main = nodes[0].main();
    main.server_side_emit(&Reload { what }).expect("emitted");
    for (client, _) in &clients[1..] {
        let told = timeout(PATIENCE, client.next()).await.expect("in time");
        assert_eq!((told.name(), &*told.json()), ("reloaded", r#"["prices"]"#));
    }
    nodes[0].hub().emit(&Number(1)).expect("emitted");
    nothing_but(&clients[0].0, 1).await;

    #[derive(Serialize, Event)]
    #[event(name = "reload")]
    struct Unfit(u8);
    main.server_side_emit(&Unfit(1)).expect("emitted");
    until("what does not fit is counted by the others", || {
        let of = |node: &Node| node.hub().stats().rejected;
        of(&nodes[0]).is_empty()
            && nodes[1..]
                .iter()
                .all(|node| of(node) == [("server_side", 1)].into())
    })
    .await;
}

pub(crate) async fn servers_answer_each_other(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let _clients = one_each(&mut nodes, [&[], &["a"], &["a", "b"]]).await;
    let what = "prices".to_owned();
    let asked = nodes[0]
        .main()
        .server_side_emit_with_ack(&Reload { what })
        .await;
    let answers = asked.expect("answers");
    assert!(answers.is_complete());
    let mut answers: Vec<_> = answers.into_values().into_iter().flatten().collect();
    answers.sort_unstable();
    assert_eq!(answers, ["prices on 1", "prices on 2"]);
}

pub(crate) async fn who_does_not_answer_is_named<M: Meeting>(meeting: &M) {
    let mut nodes = [
        Node::with(meeting, Duration::from_millis(1_500)).await,
        Node::start(meeting).await,
        Node::start(meeting).await,
    ];
    see_each_other(&nodes.each_ref(), 3).await;
    let _clients = one_each(&mut nodes, [&[], &["mute"], &[]]).await;
    let main = nodes[0].main();
    let known = nodes[0].cluster().server_ids(&main).await;
    let mut known: Vec<_> = known
        .expect("ids")
        .iter()
        .map(ToString::to_string)
        .collect();
    known.sort_unstable();
    let mut all = nodes
        .each_ref()
        .map(|node| node.cluster().server_id().to_owned());
    let mute = all[1].clone();
    all.sort_unstable();
    assert_eq!(known, all);

    let asking = async {
        loop {
            let what = "prices".to_owned();
            let asked = main.server_side_emit_with_ack(&Reload { what }).await;
            let answers = asked.expect("answers");
            assert!(!answers.is_complete(), "one never answers");
            // On a busy machine the other may be late as well, or who is missing is not found out in time.
            let is_known = !M::ANSWERS_ARE_SIGNED || !answers.missing_node_ids().is_empty();
            if answers.missing_nodes() == Some(1) && is_known {
                return answers;
            }
        }
    };
    // What Redis did not tell in time is not asked for again at once, so that many do not fit into less.
    let answers = timeout(3 * PATIENCE, asking).await;
    let answers = answers.expect("the one that is missing is named");
    assert!(nodes[0].hub().stats().cluster_requests_timed_out >= 1);
    let named: Vec<_> = answers.missing_node_ids().iter().map(|id| &**id).collect();
    match M::ANSWERS_ARE_SIGNED {
        true => assert_eq!(named, [mute]),
        false => assert!(named.is_empty()),
    }
    // Asked by one that has time for the answers.
    let found = nodes[2].hub().everyone().fetch_sockets().await;
    let found = found.expect("sockets");
    assert!(found.is_complete() && found.missing_node_ids().is_empty());
}

pub(crate) async fn nodes_come_and_go(meeting: &impl Meeting) {
    let [a, b, c] = three(meeting).await;
    c.server.stop().await;
    see_each_other(&[&a, &b], 2).await;
    let found = a.hub().everyone().fetch_sockets().await.expect("sockets");
    assert!(found.is_complete() && found.is_empty());
    let d = Node::start(meeting).await;
    see_each_other(&[&a, &b, &d], 3).await;
}
