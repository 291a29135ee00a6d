//! Presence is right again within one lease of what went wrong: not sooner or later on some node, and not
//! after several leases.

use std::time::Duration;

use roomcast::{
    SharedState,
    prelude::*,
    testing::{TestClient, VirtualCluster, for_each_seed},
};

use super::{
    presence::{Name, Present, View, Visitor, summed},
    world::{LEASE, ms},
};

const NODES: usize = 3;

/// What a lease is by default.
const DEFAULT: Duration = Duration::from_secs(15);

/// Until a change has come from the store to all nodes, or a node has asked the store again.
const SLACK: Duration = ms(200);

/// Nodes with one visitor each, who stays, and what each node has been told.
struct Guests {
    cluster: VirtualCluster,
    clients: Vec<TestClient>,
    views: Vec<View>,
}

fn guest(node: usize) -> String {
    format!("guest {node}")
}

impl Guests {
    async fn new(state: SharedState) -> Self {
        let hub = move |_| {
            let hub = Hub::builder().namespace::<Visitor>("/");
            hub.shared_state(state.clone())
        };
        let cluster = VirtualCluster::builder(hub).nodes(NODES).start().await;
        let mut guests = Self {
            cluster,
            clients: Vec::new(),
            views: Vec::new(),
        };
        for node in 0..NODES {
            let client = guests.cluster.client(node);
            let client = client.auth(&Name { user: guest(node) });
            guests.clients.push(client.connect().await.unwrap());
        }
        for node in 0..NODES {
            guests.views.push(View::of(&guests.cluster.hub(node)).await);
        }
        // Whenever in a lease's life it is that something happens.
        let at = guests.cluster.pick(10_000);
        guests.cluster.run_for(ms(at as u64)).await;
        guests.all_see(&[0, 1, 2], &[0, 1, 2]).await;
        guests
    }

    /// Each of `nodes` has been told that the guests of `expected` are there and no others, and says so when
    /// it is asked.
    async fn all_see(&mut self, nodes: &[usize], expected: &[usize]) {
        let expected: Present = expected.iter().map(|node| (guest(*node), 1)).collect();
        for &node in nodes {
            assert_eq!(self.views[node].now().await, Some(&expected), "told {node}");
            let hub = self.cluster.hub(node);
            let listed = hub.presence("lobby").list().await.unwrap();
            assert_eq!(summed(&listed), expected, "listed by {node}");
            let online = hub.users_online().list().await.unwrap();
            assert_eq!(summed(&online), expected, "online for {node}");
        }
    }
}

#[test]
fn who_was_on_a_node_that_has_crashed_is_gone_within_the_lease() {
    for_each_seed(0..30, async |_| {
        let mut guests = Guests::new(SharedState::new().lease(LEASE)).await;
        guests.cluster.crash(0);
        guests.cluster.run_for(LEASE / 2).await;
        guests.all_see(&[1, 2], &[0, 1, 2]).await;
        guests.cluster.run_for(LEASE / 2 + SLACK).await;
        guests.all_see(&[1, 2], &[1, 2]).await;
    });
}

#[test]
fn who_is_on_a_node_without_the_store_is_gone_within_the_lease_and_back_within_another() {
    for_each_seed(0..30, async |_| {
        let mut guests = Guests::new(SharedState::new().lease(LEASE)).await;
        guests.cluster.isolate(0);
        guests.cluster.run_for(LEASE + SLACK).await;
        guests.all_see(&[1, 2], &[1, 2]).await;
        guests.cluster.heal();
        guests.cluster.run_for(LEASE).await;
        guests.all_see(&[0, 1, 2], &[0, 1, 2]).await;
        assert!(guests.clients.iter().all(TestClient::is_connected));
    });
}

#[test]
fn a_node_that_is_not_away_for_long_loses_nobody() {
    for_each_seed(0..30, async |_| {
        let mut guests = Guests::new(SharedState::new().lease(LEASE)).await;
        guests.cluster.isolate(0);
        guests.cluster.run_for(LEASE / 2).await;
        guests.cluster.heal();
        guests.cluster.run_for(2 * LEASE).await;
        guests.all_see(&[0, 1, 2], &[0, 1, 2]).await;
    });
}

#[test]
fn a_lease_is_over_after_fifteen_seconds_by_default() {
    for_each_seed(0..10, async |_| {
        let mut guests = Guests::new(SharedState::new()).await;
        guests.cluster.crash(0);
        guests.cluster.run_for(DEFAULT * 3 / 5).await;
        guests.all_see(&[1, 2], &[0, 1, 2]).await;
        guests.cluster.run_for(DEFAULT * 2 / 5 + SLACK).await;
        guests.all_see(&[1, 2], &[1, 2]).await;
    });
}
