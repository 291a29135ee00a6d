//! What the parts of a virtual cluster share: the seed, the faults, the network, the connections.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    faults::Faults,
    history::History,
    network::Network,
    report::{Digest, Report},
    wire::{Told, Wire},
};
use crate::entropy::seeded::Chance;

/// Of clients; it lives on one thread, but clients may be handed to tasks that could be on any.
pub(in crate::testing) struct World {
    pub(super) seed: u64,
    pub(super) faults: Faults,
    pub(super) network: Arc<Network>,
    pub(super) history: Arc<History>,
    begun: Instant,
    wires: Mutex<Vec<Known>>,
    lost: AtomicU64,
    silent: AtomicU64,
}

/// A connection, open or not.
struct Known {
    node: usize,
    wire: Weak<Wire>,
    digest: Arc<Mutex<Digest>>,
}

impl World {
    pub(super) fn new(
        seed: u64,
        faults: Faults,
        network: Arc<Network>,
        history: Arc<History>,
    ) -> Arc<Self> {
        Arc::new(Self {
            seed,
            faults,
            network,
            history,
            begun: Instant::now(),
            wires: Mutex::default(),
            lost: AtomicU64::new(0),
            silent: AtomicU64::new(0),
        })
    }

    fn wires(&self) -> MutexGuard<'_, Vec<Known>> {
        self.wires.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// A new connection to a node.
    pub(super) fn wire(&self, node: usize, polls: bool) -> Arc<Wire> {
        let mut wires = self.wires();
        let number = wires.len();
        let digest = Arc::default();
        let delay = self.faults.client_delay.clone();
        let chance = |way| Chance::of(self.seed, &[CLIENTS, number as u64, way]);
        let wire = Wire::new(
            (number, polls),
            delay,
            [chance(0), chance(1)],
            Told {
                begun: self.begun,
                digest: Arc::clone(&digest),
                history: Arc::clone(&self.history),
            },
        );
        wire.note(match polls {
            true => format!("to node {node} begins to poll"),
            false => format!("to node {node} begins"),
        });
        let wire = Arc::new(wire);
        wires.push(Known {
            node,
            wire: Arc::downgrade(&wire),
            digest,
        });
        wire
    }

    /// Those that are open, of one node or all.
    fn open(&self, of: Option<usize>) -> Vec<Arc<Wire>> {
        let wires = self.wires();
        let known = wires
            .iter()
            .filter(|known| of.is_none_or(|of| of == known.node));
        let open = known.filter_map(|known| known.wire.upgrade());
        open.filter(|wire| wire.is_open()).collect()
    }

    /// One that is open.
    pub(super) fn any_wire(&self, chance: &mut Chance) -> Option<Arc<Wire>> {
        let mut open = self.open(None);
        let chosen = chance.below(open.len() as u64);
        let chosen = usize::try_from(chosen).ok()?;
        (chosen < open.len()).then(|| open.swap_remove(chosen))
    }

    pub(super) fn lose(&self, wire: &Wire) {
        if wire.reset() {
            wire.note("is reset");
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn silence(&self, wire: &Wire) {
        if wire.silence() {
            wire.note("goes silent");
            self.silent.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The node is no more: its clients are told by the system it ran on. How many there were.
    pub(super) fn lose_all_of(&self, node: usize) -> usize {
        let open = self.open(Some(node));
        for wire in &open {
            wire.reset();
        }
        open.len()
    }

    /// Whether anything is on its way.
    pub(super) fn is_moving(&self) -> bool {
        self.network.is_moving() || self.open(None).iter().any(|wire| wire.is_moving())
    }

    pub(super) fn report(&self) -> Report {
        let mut report = self.network.report();
        let wires = self.wires();
        report.connections = wires.len() as u64;
        report.lost_connections = self.lost.load(Ordering::Relaxed);
        report.silent_connections = self.silent.load(Ordering::Relaxed);
        let mut all = Digest::default();
        for known in &*wires {
            let digest = known.digest.lock().unwrap_or_else(PoisonError::into_inner);
            all.add(&digest.number().to_le_bytes());
        }
        report.digest = all.number();
        report
    }
}

/// What draws by itself, by the first of the numbers that its chance is made of.
pub(super) const CLIENTS: u64 = 1;
pub(super) const LINKS: u64 = 2;
pub(super) const FAULTS: u64 = 3;
pub(super) const TEST: u64 = 4;
pub(super) const STORE: u64 = 5;
