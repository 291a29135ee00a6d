//! Events for clients.

use serde_json::json;
use tokio::time::timeout;

use super::{Meeting, nothing_but, number, one_each, three};
use crate::common::{member::Number, polling::Poller, until};
use crate::waiting::PATIENCE;

pub(crate) async fn a_broadcast_reaches_the_members_on_all_nodes(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a"], &["a", "b"], &["b"]]).await;
    nodes[0].hub().to("a").emit(&Number(1)).expect("emitted");
    nodes[2].hub().to("b").emit(&Number(2)).expect("emitted");
    nodes[0].hub().emit(&Number(3)).expect("emitted");
    assert_eq!(number(&clients[0].0).await, 1);
    nothing_but(&clients[0].0, 3).await;
    let mut both = [
        number(&clients[1].0).await,
        number(&clients[1].0).await,
        number(&clients[1].0).await,
    ];
    both.sort_unstable();
    assert_eq!(both, [1, 2, 3]);
    assert_eq!(number(&clients[2].0).await, 2);
    nothing_but(&clients[2].0, 3).await;
}

pub(crate) async fn everyone_and_several_rooms_are_reached_once(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a", "b"], &["a", "b"], &[]]).await;
    let to_both = nodes[1].hub().to("a").to("b");
    to_both.emit(&Number(1)).expect("emitted");
    nodes[1].hub().emit(&Number(2)).expect("emitted");
    for (client, _) in &clients[..2] {
        assert_eq!(number(client).await, 1);
        nothing_but(client, 2).await;
    }
    nothing_but(&clients[2].0, 2).await;
}

pub(crate) async fn a_broadcast_of_a_socket_leaves_it_out_and_excepted_rooms_too(
    meeting: &impl Meeting,
) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a"], &["a"], &["a", "quiet"]]).await;
    let (_, sender) = &clients[0];
    let to = sender.to("a").except("quiet");
    to.emit(&Number(1)).expect("emitted");
    // On the same channel as the first: there is no order between several.
    nodes[0].hub().to("a").emit(&Number(2)).expect("emitted");
    nothing_but(&clients[0].0, 2).await;
    assert_eq!(number(&clients[1].0).await, 1);
    nothing_but(&clients[1].0, 2).await;
    nothing_but(&clients[2].0, 2).await;
}

pub(crate) async fn local_broadcasts_stay(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a"], &["a"], &["a"]]).await;
    let local = nodes[0].hub().to("a").local();
    local.emit(&Number(1)).expect("emitted");
    nodes[0].hub().to("a").emit(&Number(2)).expect("emitted");
    assert_eq!(number(&clients[0].0).await, 1);
    nothing_but(&clients[1].0, 2).await;
    let found = nodes[0].hub().everyone().local().fetch_sockets().await;
    assert_eq!(found.expect("sockets").len(), 1);
}

pub(crate) async fn attachments_and_odd_texts_cross(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&[], &["ö/#*?[]"], &[]]).await;
    let binary = roomcast::Binary::from(vec![0, 255, 7]);
    let text = "\u{2028}\u{0}\"\\ é 🦀 {\"_placeholder\":true,\"num\":0}";
    let to = nodes[0].hub().to("ö/#*?[]");
    to.emit_raw("with", &(text, &binary, json!({"n": 1.5, "big": u64::MAX})))
        .expect("emitted");
    to.emit_raw("without", &(text, json!({"_placeholder": true, "num": 0})))
        .expect("emitted");
    let received = timeout(PATIENCE, clients[1].0.next())
        .await
        .expect("in time");
    assert_eq!(received.name(), "with");
    assert_eq!(received.attachments(), [vec![0, 255, 7]]);
    let args: serde_json::Value = serde_json::from_str(&received.json()).expect("json");
    assert_eq!(args[0], text);
    assert_eq!(args[2], json!({"n": 1.5, "big": u64::MAX}));
    let received = timeout(PATIENCE, clients[1].0.next())
        .await
        .expect("in time");
    let args: serde_json::Value = serde_json::from_str(&received.json()).expect("json");
    assert_eq!(args, json!([text, {"_placeholder": true, "num": 0}]));
}

pub(crate) async fn what_one_sender_emits_arrives_in_order(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a"], &["a"], &["a"]]).await;
    for number in 0..500 {
        nodes[0]
            .hub()
            .to("a")
            .emit(&Number(number))
            .expect("emitted");
    }
    for (client, _) in &clients {
        for expected in 0..500 {
            assert_eq!(number(client).await, expected);
        }
    }
}

pub(crate) async fn volatile_events_cross(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&[], &[], &[]]).await;
    let idle = Poller::connected(&nodes[1].server).await;
    // It is connected, and polls no more for now.
    nodes[1].hall.next().await;
    let all = nodes[0].hub().everyone();
    let volatile = all.volatile().compress(false);
    volatile.emit(&Number(1)).expect("emitted");
    nodes[0].hub().emit(&Number(2)).expect("emitted");
    assert_eq!(number(&clients[1].0).await, 1);
    nothing_but(&clients[1].0, 2).await;
    until("who does not poll goes without", || {
        nodes[1].hub().stats().dropped_volatile == 1
    })
    .await;
    let polled = idle.poll().await;
    let polled = polled.text();
    // One packet, of the other event; with recovery it has an offset.
    assert!(polled.starts_with(r#"42["number",2"#), "{polled}");
}

pub(crate) async fn a_socket_is_reached_by_its_id_wherever_it_is(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&[], &[], &[]]).await;
    for (n, (client, socket)) in (0..).zip(&clients) {
        nodes[0]
            .hub()
            .to(socket.id())
            .emit(&Number(n))
            .expect("emitted");
        nothing_but(client, n).await;
    }
    let others = nodes[0].hub().except(clients[2].1.id());
    others.emit(&Number(10)).expect("emitted");
    nodes[0].hub().emit(&Number(11)).expect("emitted");
    nothing_but(&clients[2].0, 11).await;
    assert_eq!(number(&clients[1].0).await, 10);
}
