//! For tests.

use std::sync::Arc;

use super::{Node, Parts};
use crate::{config::Config, metrics::Metrics};

impl Parts {
    /// Of a hub with these options and nothing else; its rooms have no supervisors.
    pub(crate) fn bare(config: Config) -> Self {
        Self {
            config,
            parser: None,
            on_any_outgoing: None,
            on_worker_blocked: None,
            supervise: |_, _| None,
            metrics: Arc::new(Metrics::new()),
            uplinks: None,
            monitor: None,
        }
    }
}

impl Node {
    pub(crate) fn bare(config: Config) -> Arc<Self> {
        Self::new(Parts::bare(config))
    }
}
