//! The options of a hub, a file for each thing that they are about.

mod admin;
mod build;
mod checks;
mod cluster;
mod draining;
mod limits;
mod observing;
mod sessions;
mod sizes;
mod transports;

use super::http::Http;
use crate::{
    cluster::{MakeAdapter, OnCluster},
    config::Config,
    event::OnAnyOutgoing,
    namespace::{Hub, NamespaceBuilder, Session, States},
    protocol::socket_io::parser::Parser,
    shard::watch::OnWorkerBlocked,
};

/// Builds a [`Hub`]: its namespaces, and its options, each with a default. Options that Socket.IO has
/// too bear its names, in snake_case.
///
/// ```
/// use std::time::Duration;
/// use roomcast::prelude::*;
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let hub = Hub::builder()
///     .namespace::<Chat>("/")
///     .ping_interval(Duration::from_secs(10))
///     .max_http_buffer_size(64 * 1024)
///     .build()?;
/// # Ok::<_, roomcast::BuildError>(())
/// ```
#[must_use = "call `build`"]
pub struct HubBuilder {
    pub(super) config: Config,
    namespaces: Vec<NamespaceBuilder>,
    states: States,
    parser: Option<Box<dyn Parser>>,
    on_any_outgoing: Option<OnAnyOutgoing>,
    on_worker_blocked: Option<OnWorkerBlocked>,
    server_id: Option<String>,
    adapter: Option<MakeAdapter>,
    on_cluster: Option<OnCluster>,
    admin: Option<admin::Install>,
    pub(super) http: Http,
}

impl Hub {
    /// A builder with all options at their defaults. At least one namespace has to be added.
    pub fn builder() -> HubBuilder {
        HubBuilder {
            config: Config::default(),
            namespaces: Vec::new(),
            states: States::default(),
            parser: None,
            on_any_outgoing: None,
            on_worker_blocked: None,
            server_id: None,
            adapter: None,
            on_cluster: None,
            admin: None,
            http: Http::default(),
        }
    }
}

impl HubBuilder {
    /// Adds a namespace whose clients get a session of type `S`. A missing leading slash is added to the
    /// name.
    pub fn namespace<S: Session>(self, name: &str) -> Self {
        self.namespace_with(NamespaceBuilder::named::<S>(name))
    }

    /// Adds all namespaces whose names match a pattern such as `/room-{id}`;
    /// see [`NamespaceBuilder::matching`].
    pub fn dynamic_namespace<S: Session>(self, pattern: &str) -> Self {
        self.namespace_with(NamespaceBuilder::matching::<S>(pattern))
    }

    /// Adds a namespace, or a family of dynamic ones, with middleware and options. A fixed name takes
    /// precedence over dynamic namespaces; of those, the first added one that accepts a name is used.
    pub fn namespace_with(mut self, namespace: NamespaceBuilder) -> Self {
        self.namespaces.push(namespace);
        self
    }

    /// Adds a value that all sessions share, one of each type. They access it with
    /// [`Socket::state`](crate::Socket::state).
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(state);
        self
    }
}
