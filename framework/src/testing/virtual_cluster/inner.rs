//! The nodes of a virtual cluster, for the test and for what goes wrong by itself.

use std::cell::RefCell;

use tokio::{
    task::JoinHandle,
    time::{Duration, sleep},
};

use super::{door::Door, history::counted, worker::Worker, world::World};
use crate::{
    cluster::adapter::InProcess, entropy::seeded::Chance, namespace::Hub, server::HubBuilder,
    testing::PATIENCE,
};

/// How often it is looked whether something has happened; in virtual time.
pub(super) const LOOK: Duration = Duration::from_millis(1);

pub(super) struct Inner {
    pub(super) hub: Box<dyn Fn(usize) -> HubBuilder>,
    pub(super) workers: usize,
    pub(super) world: std::sync::Arc<World>,
    pub(super) links: InProcess,
    pub(super) nodes: RefCell<Vec<Node>>,
    /// What the test leaves to chance.
    pub(super) chance: RefCell<Chance>,
    pub(super) faults: RefCell<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
pub(super) struct Node {
    /// How often it was started.
    lives: u32,
    /// `None` while it is down.
    running: Option<Running>,
}

struct Running {
    name: String,
    hub: Hub,
    workers: Vec<Worker>,
    /// What it was told last: whether it hears all others.
    hears: bool,
}

impl Inner {
    // ---- nodes

    /// Whether it was down.
    pub(super) fn start(&self, number: usize) -> bool {
        let mut nodes = self.nodes.borrow_mut();
        if nodes.len() <= number {
            nodes.resize_with(number + 1, Node::default);
        }
        let node = &mut nodes[number];
        if node.running.is_some() {
            return false;
        }
        node.lives += 1;
        let name = match node.lives {
            1 => format!("node-{number}"),
            life => {
                let what = format_args!("node {number} starts again");
                self.world.history.step(what);
                format!("node-{number}-{life}")
            }
        };
        let hub = (self.hub)(number)
            .server_id(&name)
            .adapter(self.links.clone());
        let hub = match hub.build() {
            Ok(hub) => hub,
            Err(error) => panic!("the hub of node {number} cannot be built: {error}"),
        };
        self.world.network.join(number, &name);
        let workers = (0..self.workers).map(|_| Worker::start(&hub));
        node.running = Some(Running {
            workers: workers.collect(),
            name,
            hub,
            hears: true,
        });
        true
    }

    /// Waits until a node has joined the others.
    pub(super) async fn connected(&self, number: usize) {
        let joined = async {
            while let Some(hub) = self.hub(number)
                && !hub.cluster().is_some_and(|cluster| cluster.is_connected())
            {
                sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, joined).await.is_err() {
            panic!("node {number} has not joined the others within {PATIENCE:?}");
        }
        // It may have been cut off while it was down.
        self.tell();
    }

    pub(super) fn crash(&self, number: usize) {
        if let Some(lost) = self.end(number) {
            let lost = counted(lost, "connection");
            let what = format_args!("node {number} crashes, with {lost}");
            self.world.history.step(what);
        }
    }

    /// How many connections it had; `None` if it was down.
    pub(super) fn end(&self, number: usize) -> Option<usize> {
        let running = self.nodes.borrow_mut()[number].running.take()?;
        // First of all nobody hears it any more: what ends says no farewell.
        self.world.network.crash(number);
        self.links.remove(&running.name);
        drop(running.workers);
        let lost = self.world.lose_all_of(number);
        self.tell();
        Some(lost)
    }

    pub(super) fn hub(&self, number: usize) -> Option<Hub> {
        let nodes = self.nodes.borrow();
        let node = nodes.get(number)?;
        node.running.as_ref().map(|running| running.hub.clone())
    }

    /// The numbers of those that run.
    pub(super) fn running(&self) -> Vec<usize> {
        let nodes = self.nodes.borrow();
        let numbered = nodes.iter().enumerate();
        let running = numbered.filter(|(_, node)| node.running.is_some());
        running.map(|(number, _)| number).collect()
    }

    /// Where a client comes in; a WebSocket on a worker that chance decides.
    pub(super) fn door(&self, number: usize, polls: bool) -> Option<Door> {
        let nodes = self.nodes.borrow();
        let workers = &nodes.get(number)?.running.as_ref()?.workers;
        let chosen = self.below(workers.len());
        let mut workers: Vec<_> = workers.iter().map(Worker::calls).collect();
        workers.rotate_left(chosen);
        Some(Door {
            world: self.world.clone(),
            node: number,
            workers,
            polls,
        })
    }

    pub(super) fn below(&self, bound: usize) -> usize {
        let drawn = self.chance.borrow_mut().below(bound as u64);
        usize::try_from(drawn).unwrap_or_default()
    }

    // ---- links

    /// Whether they were not cut off already.
    pub(super) fn cut(&self, a: usize, b: usize) -> bool {
        let is_new = self.world.network.cut(a, b);
        if is_new {
            let what = format_args!("nodes {a} and {b} are cut off from each other");
            self.world.history.step(what);
        }
        self.tell();
        is_new
    }

    pub(super) fn isolate(&self, node: usize) {
        if self.world.network.isolate(node) {
            let what = format_args!("node {node} is isolated");
            self.world.history.step(what);
        }
        self.tell();
    }

    pub(super) fn join_again(&self, a: usize, b: usize) {
        if self.world.network.join_again(a, b) {
            let what = format_args!("nodes {a} and {b} reach each other again");
            self.world.history.step(what);
        }
        self.tell();
    }

    pub(super) fn heal(&self) {
        if self.world.network.heal() {
            self.world.history.step("all nodes reach each other again");
        }
        self.tell();
    }

    /// Tells the nodes whether they hear all others, where that has changed.
    fn tell(&self) {
        for (number, node) in self.nodes.borrow_mut().iter_mut().enumerate() {
            let Some(running) = &mut node.running else {
                continue;
            };
            let hears = self.world.network.hears_all(number);
            if hears != std::mem::replace(&mut running.hears, hears) {
                self.links.tell(&running.name, hears);
            }
        }
    }
}
