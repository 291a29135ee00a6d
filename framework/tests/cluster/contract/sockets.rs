//! Sockets of other nodes.

use roomcast::{RemoteSocket, SocketId, testing::Disconnected};
use serde_json::json;
use tokio::time::timeout;

use super::{Ask, Meeting, nothing_but, one_each, three};
use crate::common::member::Number;
use crate::waiting::PATIENCE;

fn ids<'a>(sockets: impl IntoIterator<Item = &'a RemoteSocket>) -> Vec<SocketId> {
    let mut ids: Vec<_> = sockets.into_iter().map(RemoteSocket::id).collect();
    ids.sort_unstable();
    ids
}

pub(crate) async fn the_sockets_of_all_nodes_are_found(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a"], &["a", "b"], &["b"]]).await;
    clients[1].1.set_data(&json!({"name": "ann"})).expect("set");
    let mut expected = clients.each_ref().map(|(_, socket)| socket.id());
    expected.sort_unstable();
    let found = nodes[0].hub().everyone().fetch_sockets().await;
    let found = found.expect("sockets");
    assert!(found.is_complete());
    assert_eq!(ids(&found), expected);
    let found = nodes[0].hub().to("b").except("a").fetch_sockets().await;
    assert_eq!(ids(&found.expect("sockets")), [clients[2].1.id()]);
    let found = nodes[2].hub().to(clients[1].1.id()).fetch_sockets().await;
    let found = found.expect("sockets").into_vec();
    let [one] = &*found else {
        panic!("{found:?}");
    };
    assert!(!one.is_local());
    let mut rooms: Vec<_> = one.rooms().collect();
    rooms.sort_unstable();
    assert_eq!(rooms, ["a", "b"]);
    let data: Option<serde_json::Value> = one.data().expect("data");
    assert_eq!(data, Some(json!({"name": "ann"})));
    let handshake: serde_json::Value = one.handshake().expect("a handshake");
    assert_eq!(handshake["query"]["EIO"], "4");
    assert_eq!(handshake["secure"], false);
}

pub(crate) async fn sockets_join_and_leave_wherever_they_are(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a"], &["a"], &[]]).await;
    let joined = nodes[2].hub().to("a").join(["new"]).await;
    joined.expect("confirmed by all nodes");
    let sizes = nodes
        .each_ref()
        .map(|node| node.main().rooms().contains(&"new".to_owned()));
    assert_eq!(sizes, [true, true, false]);
    nodes[0].hub().to("new").emit(&Number(1)).expect("emitted");
    for (client, _) in &clients[..2] {
        nothing_but(client, 1).await;
    }
    let left = nodes[2].hub().to(clients[0].1.id()).leave(["new"]).await;
    left.expect("confirmed by all nodes");
    nodes[1].hub().to("new").emit(&Number(2)).expect("emitted");
    nodes[1].hub().emit(&Number(3)).expect("emitted");
    nothing_but(&clients[0].0, 3).await;
}

pub(crate) async fn sockets_are_disconnected_wherever_they_are(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a"], &["a"], &[]]).await;
    let told = nodes[2].hub().to("a").disconnect(false).await;
    told.expect("confirmed by all nodes");
    let left = nodes[2].hub().to("a").fetch_sockets().await;
    assert_eq!(left.expect("sockets").len(), 0);
    for (client, _) in &clients[..2] {
        let why = timeout(PATIENCE, client.expect_disconnect()).await;
        assert_eq!(why.expect("in time"), Disconnected::ByServer);
    }
    let (client, socket) = &clients[2];
    let told = nodes[0].hub().to(socket.id()).disconnect(true).await;
    told.expect("confirmed by all nodes");
    let gone = timeout(PATIENCE, client.expect_disconnect()).await;
    gone.expect("its connection ends in time");
}

pub(crate) async fn a_remote_socket_is_a_handle(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&[], &["a"], &[]]).await;
    let (client, socket) = &clients[1];
    client.answer(|_: Ask| 7);
    let found = nodes[0]
        .hub()
        .to("a")
        .fetch_sockets()
        .await
        .expect("sockets");
    let remote = &found[0];
    assert_eq!(remote.id(), socket.id());
    remote.emit(&Number(1)).expect("emitted");
    nothing_but(client, 1).await;
    assert_eq!(remote.emit_with_ack(&Ask).await.expect("an answer"), 7);
    remote.join(["b"]).await.expect("joined");
    assert!(socket.namespace().rooms().contains(&"b".to_owned()));
    remote.leave(["b"]).await.expect("left");
    assert!(!socket.namespace().rooms().contains(&"b".to_owned()));
    remote.disconnect(false).await.expect("told");
    let why = timeout(PATIENCE, client.expect_disconnect()).await;
    assert_eq!(why.expect("in time"), Disconnected::ByServer);
}
