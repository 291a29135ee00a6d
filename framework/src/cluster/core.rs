//! What a hub has of its cluster.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{
    adapter::{Adapter, AdapterContext, RecoveryLog},
    confirming::Doubts,
    link::Link,
    namesake::Namesakes,
    naming::Naming,
    requests::Requests,
    state::{OnCluster, State},
    under_way::UnderWay,
};
use crate::{
    config::SlowConsumer,
    error::AdapterError,
    metrics::Metrics,
    namespace::{self, NamespaceInner},
    shard::{
        directory::Scope,
        node::Node,
        uplink::{Uplink, Uplinks},
    },
};

/// Requests of other nodes that may be answered at one time; more are counted and not answered.
pub(in crate::cluster) const MAX_ANSWERING: usize = 1024;

/// How often a hub that leaves looks whether other nodes still wait for answers.
const ASKED: Duration = Duration::from_millis(5);

pub(crate) struct Core {
    pub(in crate::cluster) server_id: Arc<str>,
    pub(in crate::cluster) adapter: Arc<dyn Adapter>,
    pub(in crate::cluster) requests: Arc<Requests>,
    pub(in crate::cluster) naming: Naming,
    namesakes: Namesakes,
    pub(in crate::cluster) doubts: Doubts,
    pub(in crate::cluster) under_way: UnderWay,
    pub(in crate::cluster) state: State,
    metrics: Arc<Metrics>,
    /// A worker runs the adapter, or is about to.
    pub(in crate::cluster) claimed: AtomicBool,
    /// Requests of other nodes that are being answered.
    pub(in crate::cluster) answering: AtomicUsize,
    /// Events of other servers that are being handled; handlers are the application's, and may take
    /// long.
    pub(in crate::cluster) handling: AtomicUsize,
    /// How many scopes of each name there are: a dynamic namespace can come again before its
    /// predecessor has gone.
    attached: Mutex<HashMap<Arc<str>, usize>>,
    /// Set once the hub is built.
    hub: OnceLock<Weak<namespace::Core>>,
}

/// Makes the adapter when the hub is built.
pub(crate) type MakeAdapter =
    Box<dyn FnOnce(AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError>>;

impl Core {
    pub(crate) fn open(
        server_id: &Arc<str>,
        make: MakeAdapter,
        recovery: bool,
        told: Option<OnCluster>,
        metrics: &Arc<Metrics>,
    ) -> Result<Arc<Self>, AdapterError> {
        let adapter = make(AdapterContext {
            server_id: Arc::clone(server_id),
            recovery,
            metrics: Arc::clone(metrics),
        })?;
        Ok(Arc::new(Self {
            server_id: Arc::clone(server_id),
            adapter,
            requests: Arc::default(),
            naming: Naming::default(),
            namesakes: Namesakes::default(),
            doubts: Doubts::default(),
            under_way: UnderWay::default(),
            state: State::new(told, Arc::clone(metrics)),
            metrics: Arc::clone(metrics),
            claimed: AtomicBool::new(false),
            answering: AtomicUsize::new(0),
            handling: AtomicUsize::new(0),
            attached: Mutex::default(),
            hub: OnceLock::new(),
        }))
    }

    /// The hub is built.
    pub(crate) fn serve(&self, hub: &Arc<namespace::Core>) {
        let _ = self.hub.set(Arc::downgrade(hub));
    }

    /// `None` before the hub is built and after it was dropped.
    pub(in crate::cluster) fn hub(&self) -> Option<Arc<namespace::Core>> {
        self.hub.get()?.upgrade()
    }

    pub(in crate::cluster) fn node(&self) -> Option<Arc<Node>> {
        self.hub().map(|hub| Arc::clone(&hub.node))
    }

    /// A namespace of which messages are wanted: a dynamic one before it has accepted a client, too.
    pub(in crate::cluster) fn namespace(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        self.hub()?.attached(name)
    }

    /// A namespace and its node, for a message that has come.
    pub(in crate::cluster) fn serving(
        &self,
        namespace: &str,
    ) -> Option<(Arc<Node>, Arc<NamespaceInner>)> {
        let hub = self.hub()?;
        Some((Arc::clone(&hub.node), hub.attached(namespace)?))
    }

    fn attached(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.attached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The namespaces whose messages are wanted.
    pub(in crate::cluster) fn namespaces(&self) -> Vec<Arc<str>> {
        self.attached().keys().cloned().collect()
    }

    pub(in crate::cluster) fn is_attached(&self, namespace: &str) -> bool {
        self.attached().contains_key(namespace)
    }

    #[cfg(feature = "redis")]
    pub(in crate::cluster) fn any_namespace(&self) -> Option<Arc<str>> {
        let attached = self.attached();
        // All nodes choose alike.
        let main = attached.get_key_value("/").map(|(name, _)| name);
        main.or_else(|| attached.keys().min()).cloned()
    }

    fn attach(&self, name: &Arc<str>) {
        let mut attached = self.attached();
        let scopes = attached.entry(Arc::clone(name)).or_default();
        *scopes += 1;
        if *scopes == 1 {
            // Under the lock, so that it does not change places with a `detach`.
            self.adapter.attach(name);
        }
    }

    /// The adapter hears everything from now on.
    pub(in crate::cluster) fn connected(&self) {
        if !self.state.is_connected() {
            // Before anyone may come back again; the first time, too.
            self.interrupt_logs();
            if self.state.was_tried() && !self.adapter.resumes() {
                self.doubts.returned();
            }
        }
        self.state.connected();
    }

    /// Messages of other nodes have not come, and will not.
    pub(in crate::cluster) fn gap(&self, lost: Option<u64>) {
        self.interrupt_logs();
        self.doubts.undone();
        self.state.gap(lost);
    }

    /// Another node, which calls itself `other`, has this node's name.
    pub(in crate::cluster) fn namesake(&self, this: &str, other: &str) {
        let id = &self.server_id;
        self.namesakes.heard(id, this, other, &self.metrics);
    }

    /// Nobody comes back over what is missing in the logs of this node.
    fn interrupt_logs(&self) {
        for name in self.namespaces() {
            let namespace = self.namespace(&name);
            if let Some(log) = namespace.as_ref().and_then(|it| it.scope.own_log()) {
                log.interrupt();
            }
        }
    }

    /// Leaves the cluster; what waits is sent if that is possible in time. Whether it was.
    pub(crate) async fn leave(&self, until: Instant) -> bool {
        if self.state.is_closed() {
            return true;
        }
        let leaving = async {
            // Other nodes wait for the answers of handlers that run. Those that go on asking meanwhile
            // have their answers behind it as well.
            let half = until.saturating_duration_since(Instant::now()) / 2;
            let _ = timeout(half, self.has_answered()).await;
            self.adapter.unsubscribe().await;
            // And those that counted this one until then.
            self.has_answered().await;
            self.adapter.close().await;
        };
        let closed = timeout_at(until, leaving).await.is_ok();
        if !closed {
            let unsaved = self.adapter.recovery_log().map_or(0, RecoveryLog::unsaved);
            self.metrics.recovery_sessions_evicted.add(unsaved as u64);
            tracing::warn!(unsaved, "the cluster was not left in good order");
        }
        self.state.close();
        closed
    }

    /// Waits until nothing is being answered.
    async fn has_answered(&self) {
        let counts = [&self.answering, &self.handling];
        while counts.iter().any(|count| count.load(Ordering::Acquire) > 0) {
            sleep(ASKED).await;
        }
    }

    pub(in crate::cluster) fn detach(&self, name: &str) {
        let mut attached = self.attached();
        let Some(scopes) = attached.get_mut(name) else {
            return;
        };
        *scopes -= 1;
        if *scopes == 0 {
            attached.remove(name);
            self.adapter.detach(name);
        }
    }
}

impl Uplinks for Core {
    fn open(self: Arc<Self>, scope: &Scope, slow_consumer: SlowConsumer) -> Box<dyn Uplink> {
        self.attach(&scope.name);
        Box::new(Link {
            wants_private_rooms: self.adapter.wants_private_rooms(),
            shares_log: self.adapter.recovery_log().is_some(),
            slow_consumer,
            namespace: Arc::clone(&scope.name),
            core: self,
        })
    }

    fn run_here(self: Arc<Self>) {
        super::actor::run_here(&self);
    }
}
