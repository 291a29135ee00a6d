//! A cluster in one thread and in virtual time.

mod breaking;
mod builder;
mod chaos;
mod door;
mod faults;
mod history;
mod inner;
mod late;
mod network;
mod polling;
mod reached;
mod report;
mod requests;
mod run;
#[cfg(test)]
mod run_tests;
mod server;
mod stream;
mod wire;
mod worker;
mod world;

use std::{rc::Rc, time::Duration};

use tokio::time::sleep;

use self::inner::{Inner, LOOK};
pub use self::{
    builder::VirtualClusterBuilder,
    faults::Faults,
    report::Report,
    run::{for_each_seed, with_seed},
};
pub(in crate::testing) use self::{door::Door, stream::VirtualStream, wire::Wire};
use super::TestClientBuilder;
use crate::{namespace::Hub, server::HubBuilder};

/// How long [`VirtualCluster::settle`] waits at most, in virtual time.
const SETTLING: Duration = Duration::from_secs(600);

/// How often in a row nothing must be on its way.
const QUIET: u32 = 3;

/// A simulated cluster: several nodes on one thread, in virtual time, with faults that are derived from a seed.
/// A test that covers an hour runs in milliseconds, and the same seed gives the same run.
///
/// Use it within [`with_seed`] or [`for_each_seed`]. Nodes are numbered from zero. Each has a hub of its own; the
/// cluster sets its adapter, its [server id](HubBuilder::server_id) and its workers. Clients are
/// [`TestClient`](super::TestClient)s over WebSocket or HTTP long-polling, without network sockets. Dropping the
/// cluster ends everything at once.
///
/// # What a seed decides
///
/// Each source of randomness (each client's connection, each link between nodes, each kind of fault, the
/// framework's ids) has its own random numbers, derived from the seed. So the same test with the same seed does
/// the same at the same virtual times; [`Report::digest`] is equal then.
///
/// For that, the application must take time from `tokio::time` and randomness from [`pick`](Self::pick) or the
/// seed, start no threads (`web::block`, `spawn_blocking`), and not communicate with other processes. `SystemTime`
/// is real, also in [`Handshake::time`](crate::Handshake::time). `tokio::select!` without `biased` and the order
/// of a `HashMap` differ from run to run.
///
/// Workers take turns at each `.await`; within one poll none is interrupted. Test what depends on workers that run
/// in parallel with a [`TestServer`](super::TestServer).
///
/// ```
/// use roomcast::{prelude::*, testing::{VirtualCluster, for_each_seed}};
///
/// #[derive(Serialize, Deserialize, Event)]
/// struct Say { text: String }
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
/// struct Said { text: String }
/// # #[derive(EventHandlers)] #[handles(Say)] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
/// # impl Handle<Say> for Chat {
/// #     async fn handle(&mut self, say: Say, socket: &Socket) -> Result<(), Rejection> {
/// #         socket.broadcast().emit(&Said { text: say.text })?;
/// #         Ok(())
/// #     }
/// # }
///
/// for_each_seed(0..10, |_| async {
///     let cluster = VirtualCluster::builder(|_| Hub::builder().namespace::<Chat>("/"))
///         .nodes(3)
///         .start()
///         .await;
///     let ann = cluster.client(0).connect().await.unwrap();
///     let bob = cluster.client(2).connect().await.unwrap();
///     ann.emit(&Say { text: "hi".into() }).await;
///     assert_eq!(bob.expect::<Said>().await, Said { text: "hi".into() });
///
///     cluster.cut(0, 2);
///     ann.emit(&Say { text: "lost".into() }).await;
///     cluster.settle().await;
///     assert_eq!(bob.pending(), []);
///     assert_eq!(cluster.report().dropped, 1);
/// });
/// ```
pub struct VirtualCluster {
    inner: Rc<Inner>,
}

impl VirtualCluster {
    /// A cluster of nodes with the hubs that `hub` builds. It is called with the number of the node, also when
    /// a node is restarted.
    pub fn builder(hub: impl Fn(usize) -> HubBuilder + 'static) -> VirtualClusterBuilder {
        VirtualClusterBuilder::new(hub)
    }

    // ---- who is there

    /// The numbers of the nodes that run.
    #[must_use]
    pub fn running(&self) -> Vec<usize> {
        self.inner.running()
    }

    /// The hub of a node.
    ///
    /// # Panics
    /// If the node does not run.
    #[must_use]
    pub fn hub(&self, node: usize) -> Hub {
        let hub = self.inner.hub(node);
        hub.unwrap_or_else(|| panic!("node {node} does not run"))
    }

    /// A builder for a client of a node, on a random one of its workers.
    ///
    /// # Panics
    /// If the node does not run.
    pub fn client(&self, node: usize) -> TestClientBuilder {
        self.entering(node, false)
    }

    /// A client of a node over HTTP long-polling; its requests come to any of the workers.
    ///
    /// # Panics
    /// If the node does not run.
    pub fn polling_client(&self, node: usize) -> TestClientBuilder {
        self.entering(node, true)
    }

    fn entering(&self, node: usize, polls: bool) -> TestClientBuilder {
        match self.inner.door(node, polls) {
            Some(door) => TestClientBuilder::through(self.hub(node), door),
            None => panic!("node {node} does not run"),
        }
    }

    // ---- time

    /// The virtual time since the cluster was started.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.inner.world.now()
    }

    /// Lets virtual time pass.
    pub async fn run_for(&self, time: Duration) {
        sleep(time).await;
    }

    /// Waits until no message is in flight any more, neither between nodes nor to or from clients. It does not
    /// wait for timers, such as a handler that sleeps or a lease that expires.
    ///
    /// # Panics
    /// If messages are still in flight after 10 minutes of virtual time.
    pub async fn settle(&self) {
        let begun = self.now();
        let mut quiet = 0;
        while quiet < QUIET {
            // Time passes only once everything waits.
            sleep(LOOK).await;
            quiet = match self.inner.world.is_moving() {
                true => 0,
                false => quiet + 1,
            };
            let taken = self.now() - begun;
            assert!(taken < SETTLING, "something was on its way for {taken:?}");
        }
    }

    // ---- chance

    /// A random number below `bound`, derived from the seed; zero if `bound` is zero.
    #[must_use]
    pub fn pick(&self, bound: usize) -> usize {
        self.inner.below(bound)
    }

    /// Adds a line of your own to [what a failing seed prints](for_each_seed), such as the step that the test takes
    /// next. At most 200 characters of it are kept.
    ///
    /// ```
    /// # use roomcast::{prelude::*, testing::{VirtualCluster, with_seed}};
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    /// # with_seed(42, || async {
    /// # let hub = |_| Hub::builder().namespace::<Chat>("/");
    /// # let cluster = VirtualCluster::builder(hub).start().await;
    /// for round in 0..10 {
    ///     cluster.note(format_args!("round {round}"));
    ///     // ...
    /// }
    /// # });
    /// ```
    pub fn note(&self, text: impl std::fmt::Display) {
        self.inner.world.history.note(&text.to_string());
    }

    /// What has happened so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.inner.world.report()
    }

    fn check(&self, node: usize) {
        let nodes = self.inner.nodes.borrow().len();
        assert!(node < nodes, "there is no node {node}, but {nodes} nodes");
    }
}

impl Drop for VirtualCluster {
    fn drop(&mut self) {
        chaos::end(&self.inner);
        for node in self.inner.running() {
            self.inner.end(node);
        }
    }
}

impl std::fmt::Debug for VirtualCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualCluster")
            .field("running", &self.running())
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}
