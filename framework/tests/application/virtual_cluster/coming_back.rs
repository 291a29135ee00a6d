//! Who comes back to its session while nodes crash, links break and connections fall silent: nothing twice, nothing out
//! of order, and of what its own node emits nothing missing.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use roomcast::{
    prelude::*,
    testing::{Faults, RecoveryTicket, TestClient, VirtualCluster, for_each_seed},
};
use tokio::time::timeout;

use super::{
    recovering::{NODES, cluster},
    world::{Who, any_node, is_replay, ms, pause},
};

const READERS: usize = 4;

#[derive(Debug, Serialize, Deserialize, Event)]
struct News {
    /// The id of the node that emits it: another one after a crash.
    by: String,
    number: u64,
}

/// To whom a number went.
enum To {
    All,
    /// Who is in this room; each reader is in one of the two.
    Room(&'static str),
    /// Who has this id.
    One(String),
}

/// What each node has emitted, by its id; the index is the number.
#[derive(Default)]
struct Sent(BTreeMap<String, Vec<To>>);

impl Sent {
    fn publish(&mut self, cluster: &VirtualCluster, node: usize, to: To) {
        let hub = cluster.hub(node);
        let by = hub.server_id().to_owned();
        let sent = self.0.entry(by.clone()).or_default();
        let number = sent.len() as u64;
        let news = News { by, number };
        let emitted = match &to {
            To::All => hub.emit(&news),
            To::Room(room) => hub.to(*room).emit(&news),
            To::One(id) => hub.to(id).emit(&news),
        };
        emitted.unwrap();
        sent.push(to);
    }
}

/// A client that comes back, over the transport that it began with.
struct Reader {
    polls: bool,
    room: &'static str,
    client: Option<TestClient>,
    /// Where its session is.
    node: usize,
    server_id: String,
    id: String,
    ticket: Option<RecoveryTicket>,
    /// The last number of each node since its session began.
    last: BTreeMap<String, u64>,
}

impl Reader {
    fn new(number: usize) -> Self {
        Self {
            polls: number.is_multiple_of(2),
            room: ["a", "b"][number / 2 % 2],
            client: None,
            node: 0,
            server_id: String::new(),
            id: String::new(),
            ticket: None,
            last: BTreeMap::new(),
        }
    }

    /// Looks at what has come.
    fn read(&mut self, sent: &Sent) {
        let Some(client) = &self.client else { return };
        for event in client.pending() {
            let (News { by, number }, _): (News, String) =
                serde_json::from_str(&event.json()).unwrap();
            let Some(last) = self.last.insert(by.clone(), number) else {
                continue;
            };
            assert!(last < number, "{number} of {by} came after {last}");
            if by == self.server_id {
                let (last, number) = (last as usize, number as usize);
                let between = &sent.0[&by][last + 1..number];
                let missing = between.iter().any(|to| self.is_for_me(to));
                assert!(!missing, "between {last} and {number} something is missing");
            }
        }
    }

    fn is_for_me(&self, to: &To) -> bool {
        match to {
            To::All => true,
            To::Room(room) => *room == self.room,
            To::One(id) => *id == self.id,
        }
    }

    /// Leaves its connection, as it is, and connects anew; if its ticket is taken, to its session. It may not get in.
    async fn come_back(&mut self, cluster: &VirtualCluster, node: usize) -> Option<bool> {
        if let Some(client) = self.client.take() {
            self.ticket = client.recovery();
        }
        let entering = match self.polls {
            true => cluster.polling_client(node),
            false => cluster.client(node),
        };
        let mut entering = entering.auth(&Who::new("reader", &[self.room]));
        if let Some(ticket) = self.ticket.clone() {
            entering = entering.recover(ticket);
        }
        let server_id = cluster.hub(node).server_id().to_owned();
        // Its connection may fall silent, which no client is told.
        let entered = timeout(ms(3_000), entering.connect()).await;
        let client = entered.ok()?.ok()?;
        let recovered = client.has_recovered();
        let id = client.id().to_string();
        if recovered {
            assert_eq!((&self.id, &self.server_id), (&id, &server_id));
        } else {
            self.last.clear();
        }
        self.id = id;
        (self.node, self.server_id) = (node, server_id);
        self.client = Some(client);
        Some(recovered)
    }

    /// The node of its session, or, if that has crashed, some other.
    fn home(&self, cluster: &VirtualCluster) -> usize {
        match cluster.running().contains(&self.node) {
            true => self.node,
            false => any_node(cluster),
        }
    }
}

#[test]
fn whatever_breaks_who_comes_back_misses_nothing_of_its_node_and_gets_nothing_twice() {
    let outcomes = [const { AtomicU64::new(0) }; 4];
    for_each_seed(0..100, |_| async {
        let faults = Faults::new()
            .delay(ms(0)..ms(40))
            .client_delay(ms(0)..ms(40))
            .cuts(ms(500), ms(200))
            .crashes(ms(1_500), ms(300))
            .lost_connections(ms(300))
            .silent_connections(ms(600));
        let cluster = cluster(faults).await;
        let mut sent = Sent::default();
        let mut readers: Vec<_> = (0..READERS).map(Reader::new).collect();
        for _ in 0..100 {
            let chosen = cluster.pick(READERS);
            let reader = &mut readers[chosen];
            reader.read(&sent);
            match cluster.pick(4) {
                0 => {
                    let had_ticket = reader.client.is_some() || reader.ticket.is_some();
                    let node = reader.home(&cluster);
                    let came = reader.come_back(&cluster, node).await;
                    if let (true, Some(recovered)) = (had_ticket, came) {
                        let outcome = 2 * usize::from(reader.polls) + usize::from(recovered);
                        outcomes[outcome].fetch_add(1, Ordering::Relaxed);
                    }
                }
                _ => {
                    let to = match cluster.pick(4) {
                        0 => To::All,
                        1 => To::One(reader.id.clone()),
                        room => To::Room(["a", "b"][room - 2]),
                    };
                    sent.publish(&cluster, any_node(&cluster), to);
                }
            }
            pause(&cluster, 60).await;
        }
        cluster.calm().await;
        for reader in &mut readers {
            reader.read(&sent);
            let node = reader.home(&cluster);
            assert!(reader.come_back(&cluster, node).await.is_some());
        }
        for node in 0..NODES {
            sent.publish(&cluster, node, To::All);
        }
        cluster.settle().await;
        for reader in &mut readers {
            reader.read(&sent);
            for node in 0..NODES {
                let by = cluster.hub(node).server_id().to_owned();
                let last = sent.0[&by].len() as u64 - 1;
                assert_eq!(reader.last.get(&by), Some(&last), "the last of {by}");
            }
        }
    });
    let outcomes = outcomes.map(AtomicU64::into_inner);
    // Over each transport some recover, and some begin anew.
    assert!(
        outcomes.iter().all(|count| *count > 0) || is_replay(),
        "{outcomes:?}"
    );
}
