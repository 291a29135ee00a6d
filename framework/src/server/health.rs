//! Whether the node runs, and whether it wants new clients.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use crate::{cluster, config::ClusterReadiness, namespace::Hub, shard::watch};

/// Whether the workers of a node run; from [`Hub::health`].
#[derive(Debug, Clone)]
pub struct Health {
    workers: usize,
    blocked: Vec<BlockedWorker>,
}

/// A worker that has not come back from whatever it does.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BlockedWorker {
    /// Its number.
    pub worker: u16,
    /// For how long.
    pub since: Duration,
    /// The namespace and the event whose handler it is in (`connect`, `disconnect` and the like for
    /// what is no event's); `None` if it is not in a session's code, but in other tasks of its
    /// thread, such as HTTP handlers.
    pub place: Option<(Arc<str>, &'static str)>,
}

impl Health {
    /// Whether no worker is blocked.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.blocked.is_empty()
    }

    /// How many workers have served a connection and have not ended.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Those that are blocked for longer than
    /// [`unhealthy_after`](crate::HubBuilder::unhealthy_after).
    #[must_use]
    pub fn blocked(&self) -> &[BlockedWorker] {
        &self.blocked
    }
}

/// Whether a node wants new clients; from [`Hub::ready`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    reasons: Vec<NotReady>,
}

/// Why a node wants no new clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReady {
    /// It shuts down.
    ShuttingDown,
    /// So many of its [`max_connections`](crate::HubBuilder::max_connections) are open that it has
    /// no room for many more.
    NearCapacity {
        /// Connections that are open.
        open: usize,
        /// The most there may be.
        limit: usize,
    },
    /// It is not connected to its cluster, or has not been yet.
    ClusterDisconnected,
}

impl NotReady {
    /// A word for it, as `/ready` answers it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::ShuttingDown => "shutting_down",
            Self::NearCapacity { .. } => "near_capacity",
            Self::ClusterDisconnected => "cluster_disconnected",
        }
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShuttingDown => f.write_str("the hub shuts down"),
            Self::NearCapacity { open, limit } => {
                write!(f, "{open} of {limit} connections are open")
            }
            Self::ClusterDisconnected => f.write_str("not connected to the cluster"),
        }
    }
}

impl Readiness {
    /// Whether it does.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Why it does not: every reason there is.
    #[must_use]
    pub fn reasons(&self) -> &[NotReady] {
        &self.reasons
    }
}

impl Hub {
    /// Whether its workers run. A worker that has been in the same handler, or whatever else it
    /// does, for longer than [`unhealthy_after`](crate::HubBuilder::unhealthy_after) does not, and
    /// nor do the clients on it get anything.
    ///
    /// ```
    /// # fn check(hub: &roomcast::Hub) {
    /// for blocked in hub.health().blocked() {
    ///     eprintln!("worker {} for {:?}", blocked.worker, blocked.since);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn health(&self) -> Health {
        let node = &self.core.node;
        let pulses = node.pulses();
        let workers = pulses.len();
        let blocked = watch::Blocked::among(pulses, node.config.unhealthy_after);
        let blocked = blocked.into_iter().map(|blocked| BlockedWorker {
            worker: blocked.worker.0,
            since: blocked.since,
            place: blocked.place.map(|place| (place.namespace, place.event)),
        });
        Health {
            workers,
            blocked: blocked.collect(),
        }
    }

    /// Whether it wants new clients, by its [policy](crate::HubBuilder::readiness). For endpoints of
    /// your own; [`operations`](Self::operations) has one.
    ///
    /// ```
    /// # fn check(hub: &roomcast::Hub) {
    /// for reason in hub.ready().reasons() {
    ///     println!("not ready: {reason}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn ready(&self) -> Readiness {
        let node = &self.core.node;
        let policy = &node.config.readiness;
        let mut reasons = Vec::new();
        if node.draining.load(Ordering::Acquire) {
            reasons.push(NotReady::ShuttingDown);
        }
        if let Some(limit) = node.config.max_connections {
            let open = usize::try_from(node.metrics.connections.get()).unwrap_or(usize::MAX);
            if open >= policy.full_at(limit) {
                reasons.push(NotReady::NearCapacity { open, limit });
            }
        }
        if self.core.states.get::<Arc<cluster::Core>>().is_some() {
            let connected = node.metrics.cluster_connected.get() > 0;
            let was_connected = connected || node.metrics.cluster_disconnects.get() > 0;
            let is_part = match policy.cluster {
                ClusterReadiness::Required => connected,
                ClusterReadiness::AtStart => was_connected,
                ClusterReadiness::Ignored => true,
            };
            if !is_part {
                reasons.push(NotReady::ClusterDisconnected);
            }
        }
        Readiness { reasons }
    }
}
