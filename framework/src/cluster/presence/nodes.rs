//! The nodes of a cluster, by their leases.

use std::sync::Arc;

use super::{
    registrar::Registrar,
    store::{NodeInfo, StoreError},
};
use crate::cluster::Cluster;

impl Cluster {
    /// The nodes of the cluster, this one included, in no order; Node's servers are not among them, but
    /// in [`server_ids`](Self::server_ids).
    /// One that has crashed is listed until its [lease](crate::SharedState::lease) is over.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn nodes(&self) -> Result<Vec<NodeInfo>, StoreError> {
        let Some(hub) = self.core.hub() else {
            return Ok(Vec::new());
        };
        let registrar = Arc::clone(hub.states.of::<Arc<Registrar>>());
        let mut nodes = registrar.store.nodes().await?;
        // A node that has changed to another lease may have two for a while.
        nodes.sort_by(|one, other| one.id.cmp(&other.id).then(other.started.cmp(&one.started)));
        nodes.dedup_by(|older, newest| older.id == newest.id);
        Ok(nodes)
    }
}
