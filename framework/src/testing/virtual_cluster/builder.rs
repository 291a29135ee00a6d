use std::{cell::RefCell, rc::Rc, sync::Arc};

use super::{
    Inner, VirtualCluster, chaos,
    faults::Faults,
    history::counted,
    network::Network,
    run::{self, Running},
    world::World,
};
use crate::{cluster::adapter::InProcess, entropy::seeded::Chance, server::HubBuilder};

/// Options of a [`VirtualCluster`]. From [`VirtualCluster::builder`].
///
/// ```
/// use std::time::Duration;
/// use roomcast::{prelude::*, testing::{Faults, VirtualCluster, with_seed}};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// with_seed(42, || async {
///     let ms = Duration::from_millis;
///     let cluster = VirtualCluster::builder(|_| Hub::builder().namespace::<Chat>("/"))
///         .nodes(3)
///         .workers(2)
///         .faults(Faults::new().delay(ms(1)..ms(80)))
///         .start()
///         .await;
///     assert_eq!(cluster.running(), [0, 1, 2]);
/// });
/// ```
#[must_use = "call `start`"]
pub struct VirtualClusterBuilder {
    hub: Box<dyn Fn(usize) -> HubBuilder>,
    nodes: usize,
    workers: usize,
    faults: Faults,
}

impl VirtualClusterBuilder {
    pub(super) fn new(hub: impl Fn(usize) -> HubBuilder + 'static) -> Self {
        Self {
            hub: Box::new(hub),
            nodes: 2,
            workers: 1,
            faults: Faults::new(),
        }
    }

    /// The number of nodes. Default 2.
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// The number of workers of each node. Default 1.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// The random faults, from the start until [`calm`](VirtualCluster::calm). Default: none.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Starts the nodes, and waits until they are connected to each other.
    ///
    /// # Panics
    /// Outside of [`with_seed`](crate::testing::with_seed) and
    /// [`for_each_seed`](crate::testing::for_each_seed), and if a hub cannot be built.
    pub async fn start(self) -> VirtualCluster {
        let Self {
            hub,
            nodes,
            workers,
            faults,
        } = self;
        let Running { seed, history } = run::running();
        let network = Network::new(nodes, seed, &faults, Arc::clone(&history));
        tokio::task::spawn_local(network.clone().run());
        let links = InProcess::carried_by(network.clone() as _);
        let inner = Rc::new(Inner {
            hub,
            workers: workers.max(1),
            world: World::new(seed, faults, network, history),
            links,
            nodes: RefCell::default(),
            chance: RefCell::new(Chance::of(seed, &[super::world::TEST])),
            faults: RefCell::default(),
        });
        let (many, each) = (counted(nodes, "node"), counted(inner.workers, "worker"));
        inner
            .world
            .history
            .step(format_args!("{many}, {each} each"));
        for number in 0..nodes {
            inner.start(number);
        }
        for number in 0..nodes {
            inner.connected(number).await;
        }
        chaos::begin(&inner);
        VirtualCluster { inner }
    }
}
