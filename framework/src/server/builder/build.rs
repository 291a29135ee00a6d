//! From options to a hub: who gets which.

use std::sync::Arc;

use super::{super::drain::Draining, HubBuilder, admin::Site};
use crate::{
    cluster::{self, presence::Registrar, requests::hex_id},
    error::BuildError,
    metrics::Metrics,
    namespace::{Core, Hub},
    room,
    shard::{
        node::{Node, Parts},
        uplink::Uplinks,
    },
};

/// Bytes of a node's name, which is in every message to other nodes: a host name has as many.
const MAX_SERVER_ID: usize = 64;

impl HubBuilder {
    /// Builds the hub. Nothing runs until it is [mounted](Hub::mount) in a server that starts: then the
    /// adapter connects, and each worker's part begins with its first client.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Hub, BuildError> {
        self.check()?;
        let Self {
            mut config,
            mut namespaces,
            mut states,
            mut http,
            on_any_outgoing,
            on_worker_blocked,
            parser,
            server_id,
            adapter,
            on_cluster,
            admin,
        } = self;
        config.path = normalize(&config.path)?;
        let server_id: Arc<str> = match server_id {
            None => hex_id().into(),
            Some(id) if is_server_id(&id) => id.into(),
            Some(id) => return Err(BuildError::ServerId(id)),
        };
        http.prepare()?;
        let metrics = Arc::new(Metrics::new());
        let admin = admin.map(|install| {
            install(Site {
                server_id: &server_id,
                namespaces: &mut namespaces,
                states: &mut states,
                metrics: &metrics,
            })
        });
        let admin = admin.transpose()?;
        states.insert(http);
        states.insert(Draining::default());
        let cluster = adapter.map(|make| {
            let recovery = config.connection_state_recovery.is_some();
            cluster::Core::open(&server_id, make, recovery, on_cluster, &metrics)
        });
        let cluster = cluster.transpose().map_err(BuildError::Adapter)?;
        if let Some(cluster) = &cluster {
            states.insert(Arc::clone(cluster));
        }
        let registrar = Registrar::open(&server_id, &config, cluster.as_deref(), &metrics);
        states.insert(Arc::clone(&registrar));
        let node = Node::new(Parts {
            config,
            parser,
            on_any_outgoing,
            on_worker_blocked,
            supervise: room::supervise,
            metrics,
            uplinks: cluster.clone().map(|cluster| cluster as Arc<dyn Uplinks>),
            monitor: admin.as_ref().map(|admin| Arc::clone(&admin.monitor)),
        });
        registrar.observe(&node);
        let max = node.config.max_connections as u64;
        let core = Arc::new(Core::new(node, namespaces, states)?);
        core.node.metrics.max_connections.change(0, max);
        if let Some(cluster) = cluster {
            cluster.serve(&core);
        }
        if let Some(admin) = admin {
            (admin.serve)(&core);
        }
        Ok(Hub { core })
    }
}

/// It stands in cookies, in names of channels, and before a dot in names of leases.
fn is_server_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_SERVER_ID).contains(&id.len()) && id.bytes().all(plain)
}

/// The path without its last slash, which the route adds.
fn normalize(path: &str) -> Result<String, BuildError> {
    let plain = path.strip_suffix('/').unwrap_or(path);
    let mountable = plain.starts_with('/') && !plain.contains(['?', '#', '{', '}']);
    match mountable {
        true => Ok(plain.to_owned()),
        false => Err(BuildError::Path(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_must_be_one_that_can_be_mounted() {
        assert_eq!(normalize("/socket.io/").ok().as_deref(), Some("/socket.io"));
        for path in ["", "/", "rt", "/a?b", "/{x}"] {
            assert!(
                matches!(normalize(path), Err(BuildError::Path(_))),
                "{path}"
            );
        }
    }

    #[test]
    fn the_name_of_a_node_is_one_that_can_stand_anywhere() {
        for id in [
            "a",
            "node-1",
            "roomcast-7d9c5b6f8-x2k4q",
            "N_1",
            &"n".repeat(64),
        ] {
            assert!(is_server_id(id), "{id}");
        }
        for id in [
            "",
            "a.b",
            "a b",
            "a;b",
            "a#b",
            "a*",
            "né",
            "a\n",
            &"n".repeat(65),
        ] {
            assert!(!is_server_id(id), "{id}");
        }
    }

    #[test]
    fn a_hub_without_a_namespace_is_refused() {
        assert!(matches!(
            Hub::builder().build(),
            Err(BuildError::NoNamespace)
        ));
    }
}
