//! This node at the store: its lease, its entries, and its copies of topics.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout, timeout_at},
};

use super::{
    entries::{Entries, Limits},
    memory::Memory,
    store::{Lease, Store, StoreError, Topic},
    topics::Topics,
};
use crate::{
    cluster,
    config::{Config, SharedState},
    entropy,
    id::SocketId,
    metrics::Metrics,
    shard::{node::Node, observer::Observer},
};

/// How long a question waits for what this node has still to write.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes down what this node's sockets are and do, at once and on any thread; what runs on one of
/// its workers brings it to the store and back.
pub(crate) struct Registrar {
    pub(super) node_id: Arc<str>,
    pub(super) options: SharedState,
    pub(super) store: Arc<dyn Store>,
    entries: Mutex<Entries>,
    topics: Mutex<Topics>,
    node: OnceLock<Weak<Node>>,
    /// Which lease this node is at.
    incarnation: AtomicU64,
    /// There is something to write, or to be checked.
    pub(super) wake: Notify,
    /// Whether the lease is held is to be asked at once.
    pub(super) check: AtomicBool,
    /// A topic is to be read.
    pub(super) stale: Notify,
    pub(super) progress: watch::Sender<Progress>,
    /// Runs from the start, because the nodes of a cluster know each other; otherwise it starts
    /// with the first entry.
    pub(super) always: bool,
    pub(super) needed: AtomicBool,
    pub(super) claimed: AtomicBool,
    pub(super) closed: AtomicBool,
}

/// How far the store has followed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// It has all changes up to this one.
    pub(super) settled: u64,
    /// So often it has told whether the lease is held.
    pub(super) renewals: u64,
    /// The node has left the store.
    pub(super) left: bool,
    /// With all that it had entered there.
    pub(super) released: bool,
}

impl Registrar {
    /// The part of a node in what its cluster shares, or of a hub that is alone.
    pub(crate) fn open(
        server_id: &Arc<str>,
        config: &Config,
        cluster: Option<&cluster::Core>,
        metrics: &Arc<Metrics>,
    ) -> Arc<Self> {
        let options = &config.shared_state;
        let shared = cluster.and_then(|cluster| cluster.adapter.store(options));
        let is_shared = shared.is_some();
        let store = shared.unwrap_or_else(|| Arc::new(Memory::new(options.keep_last_seen)));
        let limits = Limits {
            entries: options.max_entries,
            rooms: options.max_tracked_rooms,
            sockets_per_user: config.max_sockets_per_user,
        };
        let entries = Entries::new(limits, metrics);
        Self::new(
            server_id,
            options.clone(),
            store,
            is_shared,
            entries,
            metrics,
        )
    }

    fn new(
        node_id: &Arc<str>,
        options: SharedState,
        store: Arc<dyn Store>,
        always: bool,
        entries: Entries,
        metrics: &Arc<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Self {
            node_id: Arc::clone(node_id),
            entries: Mutex::new(entries),
            topics: Mutex::new(Topics::new(options.max_watched_rooms, metrics)),
            options,
            store,
            node: OnceLock::new(),
            incarnation: AtomicU64::new(first_incarnation()),
            wake: Notify::new(),
            check: AtomicBool::new(false),
            stale: Notify::new(),
            progress: watch::Sender::default(),
            always,
            needed: AtomicBool::new(false),
            claimed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        })
    }

    pub(crate) fn server_id(&self) -> &str {
        &self.node_id
    }

    /// From now on it is about the sockets of this node.
    pub(crate) fn observe(self: &Arc<Self>, node: &Arc<Node>) {
        let _ = self.node.set(Arc::downgrade(node));
        let observer: Arc<dyn Observer> = Arc::clone(self) as _;
        let _ = node.observer.set(observer);
    }

    pub(super) fn node(&self) -> Option<Arc<Node>> {
        self.node.get()?.upgrade()
    }

    // Both are held for some hundred entries at most, unless a lease was lost; the entries' first
    // where both are, and never over an await. Commands to workers are sent under the first one: see `step`.

    pub(super) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The key under which the socket is in the topic.
    pub(crate) fn key(&self, socket: SocketId, topic: &Topic) -> Option<Arc<str>> {
        self.entries().key(socket, topic).map(Arc::clone)
    }

    /// There is something to write.
    pub(super) fn changed(&self) {
        self.start();
        self.wake.notify_one();
    }

    /// Runs, now that there is something to do, on this worker or another one.
    pub(super) fn start(&self) {
        if self.needed.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(node) = self.node() {
            node.relink();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether the lease is held is asked at once.
    pub(super) fn check_now(&self) {
        self.check.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Ready when the store has what was entered before.
    pub(crate) async fn settled(&self) -> Result<(), StoreError> {
        let asked = self.entries().asked();
        self.until(|progress| progress.settled >= asked).await
    }

    /// Ready when the store has told once more whether the lease is held, and has everything.
    pub(super) async fn checked(&self) -> Result<(), StoreError> {
        let renewals = self.progress.borrow().renewals;
        self.check_now();
        self.until(|progress| progress.renewals > renewals).await?;
        self.settled().await
    }

    async fn until(&self, reached: impl Fn(&Progress) -> bool) -> Result<(), StoreError> {
        let mut progress = self.progress.subscribe();
        let reached = progress.wait_for(|progress| progress.left || reached(progress));
        match timeout(PATIENCE, reached).await {
            Ok(Ok(progress)) if progress.left => Err(StoreError::new("the hub has left")),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(StoreError::new(
                "the store has not taken what this node has entered",
            )),
        }
    }

    pub(super) fn lease(&self, take: bool) -> Lease {
        let connections = self.node().map_or(0, |node| node.metrics.connections.get());
        let incarnation = self.incarnation.load(Ordering::Relaxed);
        Lease {
            id: format!("{}.{incarnation}", self.node_id).into(),
            take,
            time_to_live: self.options.lease,
            connections,
        }
    }

    /// Another lease, on which everything has to be written anew.
    pub(super) fn next_lease(&self) -> Lease {
        self.incarnation.fetch_add(1, Ordering::Relaxed);
        self.entries().lost();
        self.lease(true)
    }

    /// Takes this node out of the store, with everything at once, and ends all watching; whether that was
    /// possible in time. A call that is dropped leaves it to the next.
    pub(crate) async fn close(&self, until: Instant) -> bool {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.wake.notify_one();
        }
        let mut progress = self.progress.subscribe();
        let leaving = async {
            match self.claimed.load(Ordering::Acquire) {
                // Whoever runs the store's connection, which may be the only way there.
                true => drop(progress.wait_for(|progress| progress.left).await),
                false if progress.borrow().left => {}
                false => self.leave().await,
            }
        };
        let until = until.min(Instant::now() + PATIENCE);
        if timeout_at(until, leaving).await.is_err() {
            tracing::warn!("this node goes from the store with its lease only");
            self.has_left(false);
        }
        self.progress.borrow().released
    }

    /// The store has not done this.
    pub(super) fn failed(&self, step: &'static str, error: &StoreError) {
        tracing::debug!(%error, step, "the store has failed");
        if let Some(node) = self.node() {
            node.metrics.presence_failed.add(step);
        }
    }

    /// Gives the lease back; nothing is written any more.
    pub(super) async fn leave(&self) {
        let lease = self.lease(false);
        let released = match self.needed.load(Ordering::Acquire) {
            true => self.store.release(&lease.id).await,
            false => Ok(()),
        };
        if let Err(error) = &released {
            tracing::warn!(%error, "this node goes from the store with its lease only");
        }
        self.has_left(released.is_ok());
    }

    fn has_left(&self, released: bool) {
        self.topics().close();
        self.progress.send_modify(|progress| {
            progress.left = true;
            progress.released = released;
        });
    }
}

/// A node that has crashed and is back under the same name must not hold the lease on which the
/// entries of its former life hang.
fn first_incarnation() -> u64 {
    let mut bytes = [0; 4];
    // Without the system's random source no connection could be opened either.
    let _ = entropy::fill(&mut bytes);
    u64::from(u32::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests;
