//! The admin page, as whoever builds a hub sees it: a hub without the feature knows nothing else of
//! it.

use std::sync::Arc;

use crate::{
    error::BuildError,
    metrics::Metrics,
    namespace::{Core, NamespaceBuilder, States},
    shard::monitor::Monitor,
};

/// What the page adds to a hub that is being built.
pub(super) type Install = Box<dyn FnOnce(Site<'_>) -> Result<Installed, BuildError>>;

/// What is done once the hub is built.
type Serve = Box<dyn FnOnce(&Arc<Core>)>;

/// Where it is put.
#[cfg_attr(
    not(feature = "admin"),
    allow(dead_code, reason = "nothing is put there without the feature")
)]
pub(super) struct Site<'a> {
    pub(super) server_id: &'a Arc<str>,
    pub(super) namespaces: &'a mut Vec<NamespaceBuilder>,
    pub(super) states: &'a mut States,
    pub(super) metrics: &'a Arc<Metrics>,
}

/// What is left to do.
pub(super) struct Installed {
    /// For the node.
    pub(super) monitor: Arc<Monitor>,
    pub(super) serve: Serve,
}

#[cfg(feature = "admin")]
impl super::HubBuilder {
    /// Serves the page of `@socket.io/admin-ui`: see [`Admin`](crate::admin::Admin). Default: there is
    /// none.
    pub fn admin(mut self, admin: crate::admin::Admin) -> Self {
        self.admin = Some(Box::new(|site| {
            let Site {
                server_id,
                namespaces,
                states,
                metrics,
            } = site;
            let (monitor, serve) = admin.install(server_id, namespaces, states, metrics)?;
            Ok(Installed { monitor, serve })
        }));
        self
    }
}
