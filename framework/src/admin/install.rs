//! How the page gets into a hub that is being built.

use std::sync::Arc;

use super::{Admin, panel::Panel, visitor::Visitor};
use crate::{
    error::BuildError,
    metrics::Metrics,
    namespace::{Core, NamespaceBuilder, States},
    shard::monitor::Monitor,
};

/// What is done once the hub is built.
type Serve = Box<dyn FnOnce(&Arc<Core>)>;

impl Admin {
    pub(crate) fn install(
        self,
        server_id: &Arc<str>,
        namespaces: &mut Vec<NamespaceBuilder>,
        states: &mut States,
        metrics: &Arc<Metrics>,
    ) -> Result<(Arc<Monitor>, Serve), BuildError> {
        self.validate()?;
        let namespace = NamespaceBuilder::named::<Visitor>(&self.namespace).without_recovery();
        let panel = Panel::new(self, namespace.name().into(), server_id, metrics)?;
        namespaces.push(namespace);
        let panel = Arc::new(panel);
        states.insert(Arc::clone(&panel));
        let monitor = Arc::clone(&panel.monitor);
        Ok((monitor, Box::new(move |core| panel.serve(core))))
    }
}
