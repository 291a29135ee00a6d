//! Who comes back to its session gets each event once and in order; or a session that says that it is a
//! fresh one.

use std::time::Duration;

use roomcast::{
    Recovery,
    prelude::*,
    testing::{Faults, RecoveryTicket, TestClient, VirtualCluster, for_each_seed},
};

use super::world::{Member, PING, Who, is_replay, ms, pause};

pub(super) const NODES: usize = 3;

#[derive(Debug, Serialize, Deserialize, Event)]
struct News {
    node: usize,
    number: u64,
}

pub(super) async fn cluster(faults: Faults) -> VirtualCluster {
    let hub = |_| {
        let recovery = Recovery::new().max_disconnection_duration(ms(5_000));
        Hub::builder()
            .namespace::<Member>("/")
            .ping_interval(PING.0)
            .ping_timeout(PING.1)
            .connection_state_recovery(recovery)
    };
    let cluster = VirtualCluster::builder(hub).nodes(NODES).workers(2);
    cluster.faults(faults).start().await
}

/// Emits the next number of a node to a room.
fn publish(cluster: &VirtualCluster, node: usize, numbers: &mut [u64; NODES]) {
    let number = numbers[node];
    numbers[node] += 1;
    cluster
        .hub(node)
        .to("news")
        .emit(&News { node, number })
        .unwrap();
}

/// A client that comes back, and what it has seen of each node since its session began.
struct Reader {
    node: usize,
    client: TestClient,
    last: [Option<u64>; NODES],
    lost_at: Option<Duration>,
}

impl Reader {
    async fn enter(
        cluster: &VirtualCluster,
        node: usize,
        back: Option<RecoveryTicket>,
    ) -> TestClient {
        let who = Who::new("reader", &["news"]);
        let client = cluster.client(node).auth(&who);
        let client = match back {
            Some(ticket) => client.recover(ticket),
            None => client,
        };
        client.connect().await.unwrap()
    }

    async fn new(cluster: &VirtualCluster, node: usize) -> Self {
        Self {
            node,
            client: Self::enter(cluster, node, None).await,
            last: [None; NODES],
            lost_at: None,
        }
    }

    /// Looks at what has come. `is_gapless` tells of whose events none may be missing.
    fn read(&mut self, is_gapless: impl Fn(usize) -> bool) {
        for event in self.client.pending() {
            let (News { node, number }, _): (News, String) =
                serde_json::from_str(&event.json()).unwrap();
            if let Some(last) = self.last[node] {
                assert!(last < number, "{number} of node {node} came after {last}");
                let is_next = last + 1 == number;
                assert!(
                    is_next || !is_gapless(node),
                    "between {last} and {number} of node {node} something is missing"
                );
            }
            self.last[node] = Some(number);
        }
    }

    /// Who has seen no event knows no offset to come back to.
    fn knows_its_place(&self) -> bool {
        self.last.iter().any(Option::is_some)
    }

    fn lose(&mut self, cluster: &VirtualCluster) {
        if self.lost_at.is_none() {
            cluster.lose(&self.client);
            self.lost_at = Some(cluster.now());
        }
    }

    /// Comes back, to this node or another; whether to its session.
    async fn back(&mut self, cluster: &VirtualCluster, node: usize) -> bool {
        let ticket = self.client.recovery().unwrap();
        self.client = Self::enter(cluster, node, Some(ticket)).await;
        self.lost_at = None;
        self.node = node;
        if !self.client.has_recovered() {
            self.last = [None; NODES];
        }
        self.client.has_recovered()
    }
}

#[test]
fn who_comes_back_gets_each_event_once_and_in_order() {
    for_each_seed(0..150, |_| async {
        let faults = Faults::new()
            .delay(ms(0)..ms(40))
            .client_delay(ms(0)..ms(40));
        let cluster = cluster(faults).await;
        let mut numbers = [0; NODES];
        let mut readers = Vec::new();
        for node in 0..NODES {
            readers.push(Reader::new(&cluster, node).await);
        }
        for _ in 0..60 {
            let reader = &mut readers[cluster.pick(NODES)];
            match cluster.pick(4) {
                0 => reader.lose(&cluster),
                1 if reader.lost_at.is_some() => {
                    reader.read(|_| true);
                    let elsewhere = cluster.pick(8) == 0;
                    let node = (reader.node + usize::from(elsewhere)) % NODES;
                    let may = !elsewhere && reader.knows_its_place();
                    assert_eq!(reader.back(&cluster, node).await, may);
                }
                _ => publish(&cluster, cluster.pick(NODES), &mut numbers),
            }
            reader.read(|_| true);
            pause(&cluster, 20).await;
        }
        for reader in &mut readers {
            if reader.lost_at.is_some() {
                reader.read(|_| true);
                let may = reader.knows_its_place();
                assert_eq!(reader.back(&cluster, reader.node).await, may);
            }
        }
        for node in 0..NODES {
            publish(&cluster, node, &mut numbers);
        }
        cluster.settle().await;
        for reader in &mut readers {
            reader.read(|_| true);
            assert_eq!(reader.last, numbers.map(|next| Some(next - 1)));
        }
    });
}

#[test]
fn nobody_comes_back_over_an_outage() {
    let outcomes = [const { std::sync::atomic::AtomicU64::new(0) }; 2];
    for_each_seed(0..150, |_| async {
        let faults = Faults::new()
            .delay(ms(0)..ms(40))
            .client_delay(ms(0)..ms(20));
        let cluster = cluster(faults).await;
        let mut numbers = [0; NODES];
        // When each node last heard not all others.
        let mut outages: [Option<Duration>; NODES] = [None; NODES];
        let mut isolated: Option<usize> = None;
        let mut readers = Vec::new();
        for node in 0..NODES {
            readers.push(Reader::new(&cluster, node).await);
        }
        for _ in 0..60 {
            let reader = &mut readers[cluster.pick(NODES)];
            let own = reader.node;
            match (cluster.pick(6), isolated) {
                (0, None) => {
                    let node = cluster.pick(NODES);
                    cluster.isolate(node);
                    isolated = Some(node);
                }
                (0, Some(node)) => {
                    cluster.heal();
                    outages[node] = Some(cluster.now());
                    isolated = None;
                }
                (1, _) => reader.lose(&cluster),
                (2, _) if reader.lost_at.is_some() => {
                    reader.read(|node| node == own);
                    let lost_at = reader.lost_at;
                    let recovered = reader.back(&cluster, own).await;
                    let away = isolated == Some(own) || outages[own] > lost_at;
                    assert!(!(recovered && away), "came back over an outage");
                    let outcome = &outcomes[usize::from(recovered)];
                    outcome.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
                _ => publish(&cluster, cluster.pick(NODES), &mut numbers),
            }
            // Those of the own node do not pass through what was cut.
            reader.read(|node| node == own);
            pause(&cluster, 20).await;
        }
    });
    let [fresh, recovered] = outcomes.map(std::sync::atomic::AtomicU64::into_inner);
    assert!(
        (fresh > 0 && recovered > 0) || is_replay(),
        "{fresh} fresh, {recovered} recovered"
    );
}
