use std::sync::Arc;

use super::{core::Core, presence::Registrar};
use crate::{
    error::AdapterError,
    namespace::{Hub, Namespace},
};

/// The other nodes of a hub; from [`Hub::cluster`].
#[derive(Clone)]
pub struct Cluster {
    pub(super) core: Arc<Core>,
}

impl Hub {
    /// The cluster that the hub is in; `None` without an
    /// [adapter](crate::HubBuilder::adapter).
    ///
    /// ```
    /// async fn wait(hub: &roomcast::Hub) {
    ///     if let Some(cluster) = hub.cluster() {
    ///         cluster.connected().await;
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn cluster(&self) -> Option<Cluster> {
        let core = self.core.states.get::<Arc<Core>>().cloned();
        core.map(|core| Cluster { core })
    }

    /// The name of this node: what it was [given](crate::HubBuilder::server_id), or 16 hexadecimal
    /// characters, new for each hub.
    #[must_use]
    pub fn server_id(&self) -> &str {
        self.state::<Arc<Registrar>>().server_id()
    }
}

impl Cluster {
    /// The name of this node among the others; see [`Hub::server_id`].
    #[must_use]
    pub fn server_id(&self) -> &str {
        &self.core.server_id
    }

    /// Whether the adapter is connected, and has subscribed to all that it has to hear.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.core.state.is_connected()
    }

    /// Ready as soon as the adapter is connected. It starts with the server that the hub is
    /// [mounted](Hub::mount) in.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn connected(&self) {
        let mut connected = self.core.state.watch();
        // The sender lives as long as the hub, which lives as long as this.
        let _ = connected.wait_for(|connected| *connected).await;
    }

    /// Ready once this node gets what other nodes emit to the rooms that it has members in now. Where
    /// an adapter subscribes room by room, that is a round trip after the first member has joined.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn subscribed(&self) {
        self.core.adapter.subscribed().await;
    }

    /// How many nodes serve a namespace, this one included.
    ///
    /// # Errors
    /// If the adapter cannot find out, because it is not connected.
    pub async fn server_count(&self, namespace: &Namespace) -> Result<usize, AdapterError> {
        self.core.adapter.server_count(namespace.name()).await
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("server_id", &self.core.server_id)
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}
