//! Where the nodes of a cluster keep what they share.

use std::{
    error::Error,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::super::adapter::AdapterFuture;
use crate::id::SocketId;

/// The outcome of a question to a [`Store`].
pub type StoreResult<'a, T> = AdapterFuture<'a, Result<T, StoreError>>;

/// Keeps who is where, for all nodes of a cluster.
///
/// Every entry hangs on the lease of a node, and goes with it: given back, or when its time is
/// over. Times are the store's own, never a node's. What changes is told to all listeners, in one
/// order, and numbered without gaps.
pub trait Store: Send + Sync + 'static {
    /// Takes a lease that nobody has had, or holds one for another time to live.
    fn renew<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, Renewal>;

    /// Writes changes of one node at once, in their order; false if its lease is over, and nothing
    /// was written.
    fn write<'a>(&'a self, lease: &'a str, writes: &'a [Write]) -> StoreResult<'a, bool>;

    /// Removes entries whose lease is over, a portion of them.
    fn reap(&self) -> StoreResult<'_, Reaped>;

    /// Gives a lease back: all its entries go.
    fn release<'a>(&'a self, lease: &'a str) -> StoreResult<'a, ()>;

    /// The keys of a topic behind `after`, in an order of the store's, at most `limit`.
    fn page<'a>(
        &'a self,
        topic: &'a Topic,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Page>;

    /// How many keys a topic has.
    fn count<'a>(&'a self, topic: &'a Topic) -> StoreResult<'a, usize>;

    /// All entries of a key.
    fn entries<'a>(&'a self, topic: &'a Topic, key: &'a str) -> StoreResult<'a, Vec<Entry>>;

    /// When a user's last connection ended; now, if one is open.
    fn last_seen<'a>(&'a self, user: &'a str) -> StoreResult<'a, Option<SystemTime>>;

    /// The nodes whose leases are not over.
    fn nodes(&self) -> StoreResult<'_, Vec<NodeInfo>>;

    /// Tells what changes, until the future is dropped. It does not end by itself.
    fn listen(self: Arc<Self>, listener: Arc<dyn Listener>) -> AdapterFuture<'static, ()>;
}

/// Hears of what changes in a [`Store`]. It is called on one thread at a time, and must not block.
pub trait Listener: Send + Sync {
    /// From now on everything is told; what changed before may not have been.
    fn listening(&self);

    /// Whether anybody looks at the keys of a topic. Where nobody does, [`changed`](Self::changed) is called
    /// all the same, as its numbers are followed, but may be given no keys.
    fn wants(&self, topic: &Topic) -> bool {
        let _ = topic;
        true
    }

    /// Keys of a topic have changed.
    fn changed(&self, diff: Diff);
}

/// The lease of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The id of the node, a dot, and which lease of the node it is.
    pub id: Arc<str>,
    /// It is to be taken; otherwise only to be held.
    pub take: bool,
    /// For how long it is held.
    pub time_to_live: Duration,
    /// The node's open connections.
    pub connections: u64,
}

/// Whether a lease is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// It is.
    Held {
        /// How many entries hang on it.
        entries: usize,
        /// Which life of the store this is, as in [`Moment::epoch`].
        epoch: Arc<str>,
    },
    /// It was over, or the store has lost it. The entries have to be written again, under another
    /// lease.
    Lost,
}

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The users of the hub. A key is a user's id.
    Users,
    /// Those present in a room. A key is a user's id, or that of a socket without a user.
    Room {
        /// The namespace, with its slash.
        namespace: Arc<str>,
        /// The room.
        room: Arc<str>,
    },
}

/// A change of one entry, which belongs to the socket that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Where it is.
    pub topic: Topic,
    /// What it counts for.
    pub key: Arc<str>,
    /// Whose it is.
    pub socket: SocketId,
    /// What is said with it, as JSON; `None` removes it.
    pub meta: Option<Arc<str>>,
}

/// One entry of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The node's id, as in [`NodeInfo`].
    pub node: Arc<str>,
    /// The socket that wrote it.
    pub socket: SocketId,
    /// What was said with it, as JSON.
    pub meta: Arc<str>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// The key.
    pub key: Arc<str>,
    /// How many entries it has; none tells that it has gone.
    pub connections: usize,
    /// What they say, as JSON, of the first [`MAX_METAS`].
    pub metas: Vec<Arc<str>>,
}

/// A user in more connections than this is counted right, and shown with so many metas.
pub const MAX_METAS: usize = 32;

/// A part of a topic, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// When.
    pub moment: Moment,
    /// The keys.
    pub keys: Vec<KeyState>,
    /// Where the next page begins; `None` if there is none.
    pub next: Option<String>,
}

/// A place in the order of all changes of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Which life of the store: another one if it has lost everything, or may have lost what it was
    /// told last.
    pub epoch: Arc<str>,
    /// The number of the last change.
    pub number: u64,
}

/// Keys of a topic that have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// This change. Each has the next number.
    pub moment: Moment,
    /// Where.
    pub topic: Topic,
    /// How they are now.
    pub keys: Vec<KeyState>,
}

/// What reaping has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaped {
    /// Entries of leases that are over have been left.
    pub more: bool,
    /// When the next lease is over, unless it is held for longer; `None` if there is none.
    pub next: Option<Duration>,
}

/// A node of the cluster, from [`Cluster::nodes`](crate::Cluster::nodes).
///
/// ```
/// use roomcast::{Cluster, StoreError};
///
/// async fn list(cluster: &Cluster) -> Result<(), StoreError> {
///     for node in cluster.nodes().await? {
///         println!("{node:?}");
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// Its id, as in [`Hub::server_id`](crate::Hub::server_id).
    pub id: Arc<str>,
    /// When it joined, or came back after it had been away for too long. The store's time.
    pub started: SystemTime,
    /// Connections that were open when it last renewed its lease.
    pub connections: u64,
}

impl NodeInfo {
    /// Describes a node.
    pub fn new(id: impl Into<Arc<str>>, started: SystemTime, connections: u64) -> Self {
        Self {
            id: id.into(),
            started,
            connections,
        }
    }
}

/// The node whose lease this is.
pub(crate) fn node_of(lease: &str) -> &str {
    lease.split_once('.').map_or(lease, |(node, _)| node)
}

/// What went wrong in a [`Store`].
#[derive(Debug, Clone)]
pub struct StoreError(Arc<dyn Error + Send + Sync>);

impl StoreError {
    /// Wraps an error, or a text.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into().into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
