//! What every adapter must do: three nodes that act as one. Run with `contract!` on each adapter.

mod acks;
mod broadcasts;
mod namespaces;
mod servers;
mod sockets;

use std::{sync::Arc, time::Duration};

use roomcast::{
    Cluster, ConnectAuth, HubBuilder, Namespace, NamespaceBuilder, Params,
    prelude::*,
    testing::{TestClient, TestServer},
};
use tokio::{sync::Semaphore, time::timeout};

pub(crate) use self::{acks::*, broadcasts::*, namespaces::*, servers::*, sockets::*};
use crate::common::member::{Hall, Member, Number, members_with};
use crate::waiting::{PATIENCE, becomes};

/// Where nodes find each other.
pub(crate) trait Meeting {
    /// Whether answers tell who answers.
    const ANSWERS_ARE_SIGNED: bool = true;

    /// Gives a hub an adapter to the same cluster.
    fn joined(&self, hub: HubBuilder) -> HubBuilder;
}

/// Runs the contract as a module of tests. `$start` is an async function that returns a
/// [`Meeting`].
macro_rules! contract {
    ($name:ident, $start:expr) => {
        mod $name {
            $crate::contract::cases_of_any_order! { $start }
            $crate::contract::cases! { $start;
                a_broadcast_reaches_the_members_on_all_nodes,
                attachments_and_odd_texts_cross,
                servers_tell_each_other,
            }
        }
    };
}
pub(crate) use contract;

/// Without those cases in which clients count the arguments, and one in which events of the own node come first.
macro_rules! cases_of_any_order {
    ($start:expr) => {
        $crate::contract::cases! { $start;
            everyone_and_several_rooms_are_reached_once,
            a_broadcast_of_a_socket_leaves_it_out_and_excepted_rooms_too,
            local_broadcasts_stay,
            what_one_sender_emits_arrives_in_order,
            volatile_events_cross,
            a_socket_is_reached_by_its_id_wherever_it_is,
            answers_of_all_nodes_are_gathered,
            a_client_that_does_not_answer_leaves_the_acks_incomplete,
            the_sockets_of_all_nodes_are_found,
            sockets_join_and_leave_wherever_they_are,
            sockets_are_disconnected_wherever_they_are,
            a_remote_socket_is_a_handle,
            servers_answer_each_other,
            who_does_not_answer_is_named,
            nodes_come_and_go,
            namespaces_are_apart,
            dynamic_namespaces_are_joined_across_nodes,
            a_node_that_has_let_nobody_into_a_dynamic_namespace_yet_answers,
        }
    };
}
pub(crate) use cases_of_any_order;

macro_rules! cases {
    ($start:expr; $($case:ident),* $(,)?) => {$(
        #[actix_web::test]
        async fn $case() {
            let meeting = $start.await;
            $crate::contract::$case(&meeting).await;
        }
    )*};
}
pub(crate) use cases;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Ask;

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(ack = Option<String>)]
struct Reload {
    what: String,
}

/// A node with two workers.
pub(crate) struct Node {
    pub(crate) server: TestServer,
    pub(crate) hall: Hall,
    /// While it is not closed, clients of clubs wait before they are let in.
    doorman: Arc<Semaphore>,
}

impl Node {
    pub(crate) async fn start(meeting: &impl Meeting) -> Self {
        Self::with(meeting, PATIENCE).await
    }

    async fn with(meeting: &impl Meeting, requests_timeout: Duration) -> Self {
        let namespace = NamespaceBuilder::named::<Member>("/").on_server_side(
            async |Reload { what }, namespace: &Namespace| {
                let told = namespace.everyone().local().emit_raw("reloaded", &[&what]);
                told.expect("emitted");
                if namespace.rooms().contains(&"mute".to_owned()) {
                    std::future::pending::<()>().await;
                }
                Some(format!("{what} on {}", namespace.rooms().len()))
            },
        );
        let doorman = Arc::new(Semaphore::new(0));
        let asked = Arc::clone(&doorman);
        let clubs = async move |name: &str, _: &ConnectAuth| {
            let is_club = name.starts_with("/club-");
            if is_club {
                let _ = asked.acquire().await;
            }
            Ok(is_club.then(Params::default))
        };
        let (hub, hall) = members_with(namespace);
        let hub = hub
            .namespace::<Member>("/other")
            .dynamic_namespace::<Member>("/room-{id}")
            .namespace_with(NamespaceBuilder::accepted_by::<Member>("clubs", clubs))
            .requests_timeout(requests_timeout);
        let hub = meeting.joined(hub).build().expect("a hub");
        let server = TestServer::builder(hub).workers(2).start();
        let node = Self {
            server,
            hall,
            doorman,
        };
        timeout(PATIENCE, node.cluster().connected())
            .await
            .expect("connected in time");
        node
    }

    pub(crate) fn hub(&self) -> &Hub {
        self.server.hub()
    }

    pub(crate) fn cluster(&self) -> Cluster {
        self.hub().cluster().expect("an adapter")
    }

    pub(crate) fn main(&self) -> Namespace {
        self.hub().namespace("/").expect("the main namespace")
    }

    pub(crate) async fn enter(&mut self, rooms: &[&str]) -> (TestClient, Socket) {
        self.hall.enter(&self.server, rooms).await
    }
}

/// Waits until every node sees all of them.
pub(crate) async fn see_each_other(nodes: &[&Node], count: usize) {
    for node in nodes {
        let (cluster, main) = (node.cluster(), node.main());
        becomes(Some(count), async || cluster.server_count(&main).await.ok()).await;
    }
}

pub(crate) async fn three(meeting: &impl Meeting) -> [Node; 3] {
    let nodes = [
        Node::start(meeting).await,
        Node::start(meeting).await,
        Node::start(meeting).await,
    ];
    see_each_other(&nodes.each_ref(), 3).await;
    nodes
}

/// A client on each node, in these rooms.
async fn one_each(nodes: &mut [Node; 3], rooms: [&[&str]; 3]) -> [(TestClient, Socket); 3] {
    let [a, b, c] = nodes;
    let clients = [
        a.enter(rooms[0]).await,
        b.enter(rooms[1]).await,
        c.enter(rooms[2]).await,
    ];
    // Where nodes subscribe to rooms, they have by then.
    for node in nodes {
        settle(node).await;
    }
    clients
}

/// Waits until the node gets what is emitted to any of its rooms from now on.
async fn settle(node: &Node) {
    let cluster = node.cluster();
    timeout(PATIENCE, cluster.subscribed())
        .await
        .expect("subscribed in time");
}

async fn number(client: &TestClient) -> u32 {
    let Number(number) = timeout(PATIENCE, client.expect::<Number>())
        .await
        .expect("a number in time");
    number
}

/// Nothing else has come, when all that was emitted before has: a last number shows.
async fn nothing_but(client: &TestClient, last: u32) {
    assert_eq!(number(client).await, last);
    assert!(client.pending().is_empty());
}
