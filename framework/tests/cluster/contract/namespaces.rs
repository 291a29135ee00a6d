//! Namespaces, those that are made when a client comes too.

use roomcast::testing::TestClient;
use serde_json::json;

use super::{Meeting, Node, nothing_but, one_each, see_each_other, settle, three};
use crate::common::{member::Number, until};
use crate::waiting::becomes;

pub(crate) async fn namespaces_are_apart(meeting: &impl Meeting) {
    let mut nodes = three(meeting).await;
    let clients = one_each(&mut nodes, [&["a"], &["a"], &["a"]]).await;
    let other = TestClient::builder(&nodes[1].server).namespace("/other");
    let other = other
        .auth(&json!({"rooms": ["a"]}))
        .connect()
        .await
        .expect("a client");
    let namespace = nodes[0].hub().namespace("/other").expect("registered");
    let joined = nodes[1].hub().namespace("/other").expect("registered");
    until("it is in its room", || !joined.rooms().is_empty()).await;
    settle(&nodes[1]).await;
    namespace.to("a").emit(&Number(1)).expect("emitted");
    nodes[0].hub().to("a").emit(&Number(2)).expect("emitted");
    nothing_but(&other, 1).await;
    nothing_but(&clients[1].0, 2).await;
}

pub(crate) async fn dynamic_namespaces_are_joined_across_nodes(meeting: &impl Meeting) {
    let nodes = three(meeting).await;
    let enter = |node: &Node| {
        let client = TestClient::builder(&node.server).namespace("/room-7");
        let client = client.auth(&json!({"rooms": ["a"]}));
        async move { client.connect().await.expect("a client") }
    };
    let (one, other) = (enter(&nodes[0]).await, enter(&nodes[1]).await);
    let namespaces = nodes[..2]
        .iter()
        .map(|node| node.hub().namespace("/room-7"));
    let namespaces: Vec<_> = namespaces.map(|child| child.expect("it exists")).collect();
    for node in &nodes[..2] {
        settle(node).await;
        let (cluster, child) = (node.cluster(), &namespaces[0]);
        becomes(Some(2), async || cluster.server_count(child).await.ok()).await;
    }
    namespaces[0].to("a").emit(&Number(1)).expect("emitted");
    nothing_but(&one, 1).await;
    nothing_but(&other, 1).await;
}

pub(crate) async fn a_node_that_has_let_nobody_into_a_dynamic_namespace_yet_answers(
    meeting: &impl Meeting,
) {
    let nodes = [Node::start(meeting).await, Node::start(meeting).await];
    see_each_other(&nodes.each_ref(), 2).await;
    let [here, there] = &nodes;
    let enter = async |node: &Node| {
        let client = TestClient::builder(&node.server).namespace("/club-7");
        let client = client.auth(&json!({"rooms": ["a"]})).connect().await;
        client.expect("a client")
    };
    here.doorman.close();
    let _first = enter(here).await;
    let club = here.hub().namespace("/club-7").expect("it exists");
    let asking = async {
        let cluster = here.cluster();
        becomes(Some(2), async || cluster.server_count(&club).await.ok()).await;
        let found = club.everyone().fetch_sockets().await.expect("asked");
        assert_eq!((found.len(), found.missing_nodes()), (1, Some(0)));
        let joined = club.to("a").join(["b"]).await;
        joined.expect("confirmed");
        there.doorman.close();
    };
    tokio::join!(asking, enter(there));
}
