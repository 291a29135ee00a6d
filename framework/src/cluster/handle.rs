use std::sync::Arc;

use super::{core::Core, presence::Registrar};
use crate::{
    error::AdapterError,
    namespace::{Hub, Namespace},
};

/// The cluster that a hub is a node of; from [`Hub::cluster`].
///
/// ```
/// use roomcast::{adapter::InProcess, prelude::*};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let hub = Hub::builder().namespace::<Chat>("/").adapter(InProcess::new()).build()?;
/// let cluster = hub.cluster().ok_or("there is an adapter")?;
/// println!("this is {}, connected: {}", cluster.server_id(), cluster.is_connected());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Cluster {
    pub(super) core: Arc<Core>,
}

impl Hub {
    /// The cluster that the hub is a node of; `None` without an
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

    /// Whether the adapter is connected and has made all its subscriptions.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.core.state.is_connected()
    }

    /// Waits until the adapter is connected. It starts with the server that the hub is
    /// [mounted](Hub::mount) in.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn connected(&self) {
        let mut connected = self.core.state.watch();
        // The sender lives as long as the hub, which lives as long as this.
        let _ = connected.wait_for(|connected| *connected).await;
    }

    /// Waits until this node receives what other nodes emit to the rooms that have members on it now. With
    /// an adapter that subscribes to single rooms, that is a round trip after the first member has joined.
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
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up.
    pub async fn server_count(&self, namespace: &Namespace) -> Result<usize, AdapterError> {
        self.core.adapter.server_count(namespace.name()).await
    }

    /// The ids of the nodes that serve a namespace, in no order: this one's
    /// [own](Self::server_id) and those of Node's servers included, which
    /// [`nodes`](Self::nodes) does not know. Redis looks through all its channels for them: ask
    /// seldom.
    ///
    /// # Errors
    /// If the adapter cannot find out, because it is not connected, or, with `Redis::sharded`, because nodes
    /// and rooms cannot be told apart: a room is named like a node (16 hexadecimal digits), or a node was
    /// [given](crate::HubBuilder::server_id) a name that is not like that. In
    /// `SubscriptionMode::Static` any names will do, as rooms have no channels there.
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up.
    pub async fn server_ids(&self, namespace: &Namespace) -> Result<Vec<Arc<str>>, AdapterError> {
        self.core.adapter.server_ids(namespace.name()).await
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
