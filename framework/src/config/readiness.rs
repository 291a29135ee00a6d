use crate::error::BuildError;

/// When a node is ready for new clients, as reported by [`Hub::ready`](crate::Hub::ready) and `/ready`.
/// Given to [`HubBuilder::readiness`](crate::HubBuilder::readiness). A draining hub is never ready.
///
/// ```
/// use roomcast::{ClusterReadiness, ReadinessPolicy, prelude::*};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let policy = ReadinessPolicy::new()
///     .full_at_percent(90)
///     .cluster(ClusterReadiness::Required);
/// let hub = Hub::builder()
///     .namespace::<Chat>("/")
///     .max_connections(10_000)
///     .readiness(policy)
///     .build()?;
/// assert!(hub.ready().is_ready());
/// # Ok::<_, roomcast::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "give it to `HubBuilder::readiness`"]
pub struct ReadinessPolicy {
    full_at_percent: Option<u8>,
    pub(crate) cluster: ClusterReadiness,
}

/// How readiness depends on the connection to the [cluster](crate::adapter).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClusterReadiness {
    /// A node becomes ready when it has connected for the first time, and stays ready if the connection
    /// is lost later. The default: a disconnected node still serves its own clients, and if all nodes
    /// became unready during an outage of Redis, nobody would be served at all.
    #[default]
    AtStart,
    /// A node is ready only while it is connected. For services that are useless without the cluster.
    Required,
    /// Readiness does not depend on the connection.
    Ignored,
}

impl ReadinessPolicy {
    /// Every option at its default.
    pub fn new() -> Self {
        Self {
            full_at_percent: None,
            cluster: ClusterReadiness::AtStart,
        }
    }

    /// The share of [`max_connections`](crate::HubBuilder::max_connections), in percent from 1 to 100, from
    /// which the node is not ready. It still accepts connections up to the limit, since load balancers need
    /// some time to notice. Default: none; a full node stays ready, and refuses connections beyond the limit.
    ///
    /// Set it only if the load balancer still sends the requests of *open* sessions to a node that is not
    /// ready, or if all clients use WebSocket only. Otherwise a node that becomes unready loses all its
    /// polling clients at once. They open sessions on the other nodes, which then become full as well, until
    /// no node is left.
    pub fn full_at_percent(mut self, percent: u8) -> Self {
        self.full_at_percent = Some(percent);
        self
    }

    /// Whether the node must be connected to its cluster. Default [`ClusterReadiness::AtStart`].
    pub fn cluster(mut self, cluster: ClusterReadiness) -> Self {
        self.cluster = cluster;
        self
    }

    /// How many of `limit` connections are too many; `None`: that does not matter.
    pub(crate) fn full_at(&self, limit: usize) -> Option<usize> {
        // At a limit of a few, a share of them is rounded up: none would never be ready.
        let share = u128::from(self.full_at_percent?) * limit as u128;
        Some(usize::try_from(share.div_ceil(100)).unwrap_or(usize::MAX))
    }

    /// # Errors
    /// A share that is never reached, or always.
    pub(crate) fn validate(&self) -> Result<(), BuildError> {
        match self.full_at_percent {
            Some(..1 | 101..) => Err(BuildError::OutOfRange {
                option: "full_at_percent",
                allowed: "from 1 to 100",
            }),
            _ => Ok(()),
        }
    }
}

impl Default for ReadinessPolicy {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_few_connections_is_at_least_one() {
        let policy = ReadinessPolicy::new();
        assert_eq!(policy.full_at(10), None, "unless it is asked for");
        let policy = policy.full_at_percent(95);
        let full = [1, 2, 20, 10_000].map(|limit| policy.full_at(limit));
        assert_eq!(full, [1, 2, 19, 9_500].map(Some));
        assert!(policy.full_at(usize::MAX) < Some(usize::MAX));
        assert_eq!(policy.full_at_percent(100).full_at(7), Some(7));
    }
}
