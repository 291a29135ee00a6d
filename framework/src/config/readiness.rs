/// When a node wants new clients; what [`Hub::ready`](crate::Hub::ready) and `/ready` say. Given to
/// [`HubBuilder::readiness`](crate::HubBuilder::readiness). A hub that shuts down never does.
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
    pub(crate) full_at_percent: u8,
    pub(crate) cluster: ClusterReadiness,
}

/// What the connection to the [cluster](crate::adapter) means for readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClusterReadiness {
    /// A node is not ready until it has been connected once; that the connection is lost later
    /// changes nothing. The default: a node that was cut off still serves its own clients, and if
    /// all nodes were unready whenever their Redis is away, nobody would be served at all.
    #[default]
    AtStart,
    /// A node is ready only while it is connected. For services that are of no use on an island.
    Required,
    /// The connection does not matter.
    Ignored,
}

impl ReadinessPolicy {
    /// Every option at its default.
    pub fn new() -> Self {
        Self {
            full_at_percent: 95,
            cluster: ClusterReadiness::AtStart,
        }
    }

    /// How many of the [`max_connections`](crate::HubBuilder::max_connections) may be open before
    /// the node wants no more, in percent. It still takes them up to that limit: a balancer needs
    /// some time to notice. Without that limit it has no meaning. Default 95.
    pub fn full_at_percent(mut self, percent: u8) -> Self {
        self.full_at_percent = percent;
        self
    }

    /// Whether the node must be connected to its cluster. Default [`ClusterReadiness::AtStart`].
    pub fn cluster(mut self, cluster: ClusterReadiness) -> Self {
        self.cluster = cluster;
        self
    }

    /// How many of `limit` connections are too many.
    pub(crate) fn full_at(&self, limit: usize) -> usize {
        // At a limit of a few, a share of them is rounded up: none would never be ready.
        let share = u128::from(self.full_at_percent) * limit as u128;
        usize::try_from(share.div_ceil(100)).unwrap_or(usize::MAX)
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
        let full: Vec<_> = [1, 2, 20, 10_000, usize::MAX]
            .map(|limit| policy.full_at(limit))
            .into();
        assert_eq!(full[..4], [1, 2, 19, 9_500]);
        assert!(full[4] < usize::MAX);
        assert_eq!(policy.full_at_percent(100).full_at(7), 7);
    }
}
