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
    time::timeout,
};

use super::{
    entries::{Entries, Full},
    memory::Memory,
    store::{Lease, Store, StoreError, Topic},
    topics::Topics,
};
use crate::{
    cluster,
    config::SharedState,
    id::SocketId,
    room::{Broadcast, names, reserved},
    shard::{directory::RoomName, node::Node, observer::Observer},
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
    always: bool,
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
}

impl Registrar {
    /// The part of a node in what its cluster shares, or of a hub that is alone.
    pub(crate) fn open(
        server_id: &Arc<str>,
        options: &SharedState,
        cluster: Option<&cluster::Core>,
    ) -> Arc<Self> {
        let shared = cluster.and_then(|cluster| cluster.adapter.store(options));
        let is_shared = shared.is_some();
        let store = shared.unwrap_or_else(|| Arc::new(Memory::new(options.keep_last_seen)));
        Self::new(server_id, options.clone(), store, is_shared)
    }

    fn new(
        node_id: &Arc<str>,
        options: SharedState,
        store: Arc<dyn Store>,
        always: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            node_id: Arc::clone(node_id),
            entries: Mutex::new(Entries::new(options.max_entries)),
            options,
            store,
            topics: Mutex::default(),
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

    // Both are held for a few instructions, and never both at a time, over an await, or while
    // anything is sent.

    pub(super) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Enters a socket into a topic, in place of what it said before.
    pub(crate) fn put(
        &self,
        socket: SocketId,
        topic: &Topic,
        key: &Arc<str>,
        meta: &Arc<str>,
    ) -> Result<(), Full> {
        self.entries().put(socket, topic, key, meta)?;
        self.changed();
        Ok(())
    }

    pub(crate) fn remove(&self, socket: SocketId, topic: &Topic) -> bool {
        let removed = self.entries().remove(socket, topic);
        if removed {
            self.changed();
        }
        removed
    }

    pub(crate) fn remove_all(&self, socket: SocketId) {
        let removed = self.entries().remove_all(socket);
        if removed {
            self.changed();
        }
        self.topics().unwatch(socket, None);
    }

    /// A socket has got a user: where it was present under its own id, or its former user's, it is
    /// under this one now.
    pub(crate) fn rename(
        &self,
        socket: SocketId,
        before: Option<&str>,
        user: &Arc<str>,
    ) -> Result<(), Full> {
        let before = before.unwrap_or(socket.as_str());
        let mut entries = self.entries();
        let concerned = entries
            .of(socket)
            .filter(|(topic, key, _)| **topic != Topic::Users && &***key == before);
        let concerned: Vec<_> = concerned
            .map(|(topic, _, meta)| (topic.clone(), Arc::clone(meta)))
            .collect();
        for (topic, meta) in concerned {
            entries.put(socket, &topic, user, &meta)?;
        }
        Ok(())
    }

    /// The key under which the socket is in the topic.
    pub(crate) fn key(&self, socket: SocketId, topic: &Topic) -> Option<Arc<str>> {
        self.entries().key(socket, topic).map(Arc::clone)
    }

    fn changed(&self) {
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

    /// Takes this node out of the store, with everything at once, and ends all watching.
    pub(crate) async fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        self.wake.notify_one();
        let mut progress = self.progress.subscribe();
        let leaving = async {
            match self.claimed.load(Ordering::Acquire) {
                // Whoever runs the store's connection, which may be the only way there.
                true => drop(progress.wait_for(|progress| progress.left).await),
                false => self.leave().await,
            }
        };
        if timeout(PATIENCE, leaving).await.is_err() {
            tracing::warn!("this node goes from the store with its lease only");
            self.has_left();
        }
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
        if self.needed.load(Ordering::Acquire)
            && let Err(error) = self.store.release(&lease.id).await
        {
            tracing::warn!(%error, "this node goes from the store with its lease only");
        }
        self.has_left();
    }

    fn has_left(&self) {
        self.topics().close();
        self.progress.send_modify(|progress| progress.left = true);
    }
}

impl Observer for Registrar {
    fn left(&self, namespace: &Arc<str>, socket: SocketId, room: &RoomName) {
        let topic = Topic::Room {
            namespace: Arc::clone(namespace),
            room: Arc::clone(room),
        };
        self.remove(socket, &topic);
        let watched = self.topics().unwatch(socket, Some(&topic));
        if let (Some(scope), Some(node)) = (watched, self.node()) {
            let watchers = reserved::of_watchers(room);
            // It may be about to go, and then it is in no room.
            drop(
                Broadcast::new(&node, &scope)
                    .to(socket)
                    .local()
                    .leave_any(names([&watchers])),
            );
        }
    }

    fn gone(&self, socket: SocketId) {
        self.remove_all(socket);
    }

    fn run_here(self: Arc<Self>) {
        if self.always {
            self.needed.store(true, Ordering::Release);
        }
        super::keeper::run_here(&self);
    }
}

/// A node that has crashed and is back under the same name must not hold the lease on which the
/// entries of its former life hang.
fn first_incarnation() -> u64 {
    let mut bytes = [0; 4];
    // Without the system's random source no connection could be opened either.
    let _ = getrandom::fill(&mut bytes);
    u64::from(u32::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_life_of_a_node_has_leases_of_its_own() {
        let life = || Registrar::open(&Arc::from("node-1"), &SharedState::new(), None);
        let (former, now) = (life(), life());
        assert_ne!(former.lease(true).id, now.lease(true).id);
        assert_ne!(now.lease(true).id, now.next_lease().id);
    }
}
