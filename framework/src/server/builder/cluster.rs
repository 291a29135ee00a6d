//! The hub as one node of several.

use std::time::Duration;

use super::HubBuilder;
use crate::{
    cluster::{ClusterEvent, adapter::IntoAdapter},
    config::SharedState,
};

impl HubBuilder {
    /// The name of this node: for the [`affinity_cookie`](Self::affinity_cookie), and among the nodes
    /// of its [cluster](Self::adapter). 1 to 64 characters of `A-Z`, `a-z`, `0-9`, `-` and `_`.
    /// Default: 16 hexadecimal characters, new for each hub.
    ///
    /// No two nodes that run at the same time may have the same name: each would ignore the other's
    /// messages as its own. If each machine or pod runs one node, use the host name. A restarted node may
    /// have its former name. With `Redis::sharded` nodes with names can only be
    /// [listed](crate::Cluster::server_ids) in some modes.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// let builder = Hub::builder().server_id("node-1");
    /// ```
    pub fn server_id(mut self, id: &str) -> Self {
        self.server_id = Some(id.to_owned());
        self
    }

    /// Makes the hub a node of a cluster, in which broadcasts, rooms and all other calls for several
    /// sockets span all nodes; see [`adapter`](crate::adapter). Default: a single node.
    ///
    /// The adapter connects when a server starts in which the hub is [mounted](crate::Hub::mount).
    pub fn adapter(mut self, adapter: impl IntoAdapter + 'static) -> Self {
        self.adapter = Some(Box::new(move |context| adapter.into_adapter(context)));
        self
    }

    /// Sets a function that is called when the hub has connected to its cluster, when the connection is
    /// lost, and when messages of other nodes were missed. It must not block.
    pub fn on_cluster(mut self, told: impl Fn(&ClusterEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_cluster = Some(Box::new(told));
        self
    }

    /// How long other nodes, and the workers of this one, may take to answer a request: to list their
    /// sockets, to confirm a join, leave or disconnect, or to answer a server-side event. Default 5 s.
    pub fn requests_timeout(mut self, timeout: Duration) -> Self {
        self.config.requests_timeout = timeout;
        self
    }

    /// Options of what nodes share about [users](crate::Socket::bind_user) and
    /// [presence](crate::Socket::track): the lease of a node, key names and limits.
    pub fn shared_state(mut self, options: SharedState) -> Self {
        self.config.shared_state = options;
        self
    }
}
