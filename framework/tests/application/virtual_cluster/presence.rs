//! Whatever fails, once it works again all nodes agree on who is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use roomcast::{
    PresenceChange, PresenceWatch, SharedState,
    prelude::*,
    testing::{Faults, Report, TestClient, VirtualCluster, for_each_seed, with_seed},
};

use tokio::time::timeout;

use super::world::{LEASE, LONG, PING, any_node, client, ms, pause};

const NODES: usize = 3;

#[derive(Serialize, Deserialize)]
pub(super) struct Name {
    pub(super) user: String,
}

/// A user who shows itself in the lobby.
#[derive(EventHandlers)]
#[handles()]
pub(super) struct Visitor;

impl Session for Visitor {
    type Auth = Name;

    async fn connect(Name { user }: Name, socket: &Socket) -> Result<Self, Refusal> {
        let shown = socket
            .bind_user(&user)
            .and_then(|()| socket.track("lobby", &user));
        let shown = shown.and_then(|()| socket.watch_presence("lobby"));
        shown.map_err(|error| Refusal::new(error.to_string()))?;
        Ok(Self)
    }
}

/// Connections of each user.
pub(super) type Present = BTreeMap<String, usize>;

struct House {
    cluster: VirtualCluster,
    /// Those who are there, as far as they know.
    clients: Vec<(String, TestClient)>,
    /// Whose connections have gone silent: they do not know it.
    silent: BTreeSet<SocketId>,
}

impl House {
    async fn new(faults: Faults) -> Self {
        let hub = |_| {
            Hub::builder()
                .namespace::<Visitor>("/")
                .ping_interval(PING.0)
                .ping_timeout(PING.1)
                .shared_state(SharedState::new().lease(LEASE))
        };
        let faults = faults.delay(ms(0)..ms(40)).client_delay(ms(0)..ms(40));
        let cluster = VirtualCluster::builder(hub).nodes(NODES).workers(2);
        Self {
            cluster: cluster.faults(faults).start().await,
            clients: Vec::new(),
            silent: BTreeSet::new(),
        }
    }

    async fn enter(&mut self) {
        let user = format!("user {}", self.cluster.pick(4));
        let node = any_node(&self.cluster);
        let client = client(&self.cluster, node).auth(&Name { user: user.clone() });
        let client = client.connect().await.unwrap();
        self.clients.push((user, client));
    }

    /// Something happens to somebody.
    async fn happen(&mut self) {
        let cluster = &self.cluster;
        let somebody = cluster.pick(self.clients.len());
        match cluster.pick(12) {
            0..5 => self.enter().await,
            5 if !self.clients.is_empty() => drop(self.clients.swap_remove(somebody)),
            6 if !self.clients.is_empty() => cluster.lose(&self.clients[somebody].1),
            7 if !self.clients.is_empty() => {
                let (_, client) = &self.clients[somebody];
                self.silent.insert(client.id());
                cluster.silence(client);
            }
            8 => cluster.cut(cluster.pick(NODES), cluster.pick(NODES)),
            9 => cluster.isolate(cluster.pick(NODES)),
            10 => cluster.heal(),
            11 if cluster.running().len() > 1 => cluster.crash(any_node(cluster)),
            _ => {
                for node in 0..NODES {
                    cluster.restart(node).await;
                }
            }
        }
    }

    /// Who is there in truth. The others let go of the hubs that they came to.
    fn present(&mut self) -> Present {
        let silent = &self.silent;
        let is_there =
            |client: &TestClient| client.is_connected() && !silent.contains(&client.id());
        self.clients.retain(|(_, client)| is_there(client));
        let mut present = Present::new();
        for (user, _) in &self.clients {
            *present.entry(user.clone()).or_default() += 1;
        }
        present
    }
}

pub(super) fn summed<'a>(present: impl IntoIterator<Item = &'a roomcast::Present>) -> Present {
    let present = present.into_iter();
    present
        .map(|present| (present.key().to_owned(), present.connections()))
        .collect()
}

/// Who is there, as somebody sees it who has only heard of the changes since it looked first.
pub(super) struct View {
    watch: PresenceWatch,
    present: Present,
}

impl View {
    pub(super) async fn of(hub: &Hub) -> Self {
        let watch = hub.presence("lobby").watch().await.unwrap();
        Self {
            present: summed(watch.present()),
            watch,
        }
    }

    /// `None` if its node has crashed meanwhile.
    pub(super) async fn now(&mut self) -> Option<&Present> {
        while let Ok(change) = timeout(ms(1), self.watch.next()).await {
            match change? {
                PresenceChange::Joined(it) | PresenceChange::Updated(it) => {
                    self.present.insert(it.key().to_owned(), it.connections());
                }
                PresenceChange::Left(it) => {
                    self.present.remove(it.key());
                }
                other => panic!("{other:?}"),
            }
        }
        Some(&self.present)
    }
}

#[test]
fn all_nodes_agree_on_who_is_there_once_it_works_again() {
    for_each_seed(0..50, async |_| {
        all_agree(Faults::new()).await;
    });
}

#[test]
fn a_store_that_is_slow_and_fails_tells_the_truth_once_it_works_again() {
    let faults = Faults::new();
    let faults = faults.store_delay(ms(0)..ms(40)).store_failures(0.2);
    for_each_seed(0..50, async |_| {
        let report = all_agree(faults.clone()).await;
        assert!(report.store_failures > 0);
    });
}

async fn all_agree(faults: Faults) -> Report {
    let mut house = House::new(faults).await;
    let mut views = Vec::new();
    for node in 0..NODES {
        views.push(View::of(&house.cluster.hub(node)).await);
    }
    for _ in 0..40 {
        house.happen().await;
        pause(&house.cluster, 1_000).await;
    }
    house.cluster.calm().await;
    house.cluster.run_for(LONG).await;
    house.cluster.settle().await;
    let expected = house.present();
    for (node, view) in views.iter_mut().enumerate() {
        let hub = house.cluster.hub(node);
        let list = hub.presence("lobby").list().await.unwrap();
        assert_eq!(summed(&list), expected, "in the store, for node {node}");
        let online = hub.users_online().list().await.unwrap();
        assert_eq!(summed(&online), expected);
        assert_eq!(View::of(&hub).await.present, expected);
        if let Some(present) = view.now().await {
            assert_eq!(*present, expected, "as node {node} has been told");
        }
    }
    house.cluster.report()
}

/// With all that can happen, and with what the framework keeps in maps without an order.
#[test]
fn the_same_seed_tells_everyone_the_same_at_the_same_time() {
    fn run(seed: u64) -> Report {
        let report = Mutex::new(None);
        with_seed(seed, || async {
            let faults = Faults::new();
            let faults = faults.store_delay(ms(0)..ms(40)).store_failures(0.1);
            let mut house = House::new(faults).await;
            for _ in 0..25 {
                house.happen().await;
                pause(&house.cluster, 1_000).await;
            }
            house.cluster.calm().await;
            house.cluster.run_for(LONG).await;
            *report.lock().unwrap() = Some(house.cluster.report());
        });
        report.into_inner().unwrap().unwrap()
    }
    for_each_seed(0..30, async |seed| assert_eq!(run(seed), run(seed)));
}
