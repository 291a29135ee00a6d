//! Whether the node runs, and whether it wants new clients.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use crate::{cluster, config::ClusterReadiness, namespace::Hub, shard::watch};

/// Whether the workers of a node run; from [`Hub::health`].
///
/// ```
/// use roomcast::prelude::*;
///
/// fn report(hub: &Hub) {
///     let health = hub.health();
///     println!("{} workers, healthy: {}", health.workers(), health.is_healthy());
///     for worker in health.blocked() {
///         println!("{worker:?}");
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Health {
    workers: usize,
    blocked: Vec<BlockedWorker>,
}

/// A worker that is blocked, for instance by a handler that does not `.await`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BlockedWorker {
    /// The number of the worker.
    pub worker: u16,
    /// For how long it has been blocked.
    pub since: Duration,
    /// The namespace and the event whose handler blocks it (or `connect`, `disconnect` and so on);
    /// `None` if it is not blocked by a session, but by other tasks of its thread, such as HTTP handlers.
    pub place: Option<(Arc<str>, &'static str)>,
}

impl From<watch::Blocked> for BlockedWorker {
    fn from(blocked: watch::Blocked) -> Self {
        Self {
            worker: blocked.worker.0,
            since: blocked.since,
            place: blocked.place.map(|place| (place.namespace, place.event)),
        }
    }
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

/// Whether a node is ready for new clients; from [`Hub::ready`].
///
/// ```
/// use roomcast::prelude::*;
///
/// fn report(hub: &Hub) {
///     let readiness = hub.ready();
///     if !readiness.is_ready() {
///         println!("no new clients: {:?}", readiness.reasons());
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    reasons: Vec<NotReady>,
}

/// Why a node is not ready for new clients.
///
/// ```
/// use roomcast::{Hub, NotReady};
///
/// fn is_full(hub: &Hub) -> bool {
///     let readiness = hub.ready();
///     let mut reasons = readiness.reasons().iter();
///     reasons.any(|reason| matches!(reason, NotReady::NearCapacity { .. }))
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReady {
    /// The hub [drains](crate::Hub::drain).
    Draining,
    /// The share [`full_at_percent`](crate::ReadinessPolicy::full_at_percent) of
    /// [`max_connections`](crate::HubBuilder::max_connections) is open. Never, unless that option is set.
    NearCapacity {
        /// Connections that are open, and handshakes that are under way.
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
            Self::Draining => "draining",
            Self::NearCapacity { .. } => "near_capacity",
            Self::ClusterDisconnected => "cluster_disconnected",
        }
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Draining => f.write_str("the hub drains"),
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
    /// Whether the workers of this node run. One that has been blocked for longer than
    /// [`unhealthy_after`](crate::HubBuilder::unhealthy_after) does not serve its clients.
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
        Health {
            workers,
            blocked: blocked.into_iter().map(BlockedWorker::from).collect(),
        }
    }

    /// Whether this node is ready for new clients, by its [policy](crate::HubBuilder::readiness). For
    /// endpoints of your own; [`operations`](Self::operations) has one.
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
            reasons.push(NotReady::Draining);
        }
        let limit = node.config.max_connections;
        // With handshakes that are under way, as whoever comes next finds it.
        let open = node.admission.taken();
        if policy.full_at(limit).is_some_and(|full| open >= full) {
            reasons.push(NotReady::NearCapacity { open, limit });
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
