use std::{ops::Deref, sync::Arc};

use super::remote::{Opened, RemoteSocket};
use crate::shard::{
    command::Found,
    directory::Scope,
    node::Node,
    uplink::{Fetched, Missing},
};

/// The result of [`Broadcast::fetch_sockets`](crate::Broadcast::fetch_sockets): a slice of
/// [`RemoteSocket`], and how many nodes did not answer.
///
/// ```
/// use roomcast::prelude::*;
///
/// async fn who(hub: &Hub) -> Result<(), EmitError> {
///     let found = hub.to("lobby").fetch_sockets().await?;
///     println!("{} sockets, of all nodes: {}", found.len(), found.is_complete());
///     for remote in found {
///         println!("{} in {:?}", remote.id(), remote.rooms().collect::<Vec<_>>());
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct FetchedSockets {
    sockets: Vec<RemoteSocket>,
    missing: Missing,
}

impl FetchedSockets {
    pub(super) fn found(&mut self, node: &Arc<Node>, scope: &Arc<Scope>, found: Vec<Found>) {
        self.sockets
            .extend(found.into_iter().map(|found| RemoteSocket {
                node: Arc::clone(node),
                scope: Arc::clone(scope),
                id: found.id,
                opened: Opened::Here {
                    transport: found.transport(),
                    handshake: found.handshake,
                    client: found.client,
                },
                rooms: found.rooms,
                data: found.data,
            }));
    }

    pub(super) fn found_elsewhere(&mut self, node: &Arc<Node>, scope: &Arc<Scope>, found: Fetched) {
        self.sockets
            .extend(found.sockets.into_iter().map(|found| RemoteSocket {
                node: Arc::clone(node),
                scope: Arc::clone(scope),
                id: found.id,
                rooms: found.rooms,
                data: found.data,
                opened: Opened::Elsewhere {
                    handshake: found.handshake,
                    client: found.client,
                },
            }));
        self.missing = found.missing;
    }

    /// Some workers of this node have not answered.
    pub(super) fn lacks_some_of_here(&mut self) {
        self.missing.nodes = self.missing.nodes.map(|others| others + 1);
    }

    /// What others found in other namespaces is added.
    pub(crate) fn append(&mut self, mut others: Self) {
        self.sockets.append(&mut others.sockets);
        self.missing = std::mem::take(&mut self.missing).and(others.missing);
    }

    /// Whether every node has answered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_none()
    }

    /// How many nodes did not answer in time, this one included if one of its workers did not; `None` if the
    /// number of nodes is unknown because the adapter was not connected.
    #[must_use]
    pub fn missing_nodes(&self) -> Option<usize> {
        self.missing.nodes
    }

    /// The [ids](crate::Cluster::server_id) of the nodes that did not answer and still serve the
    /// namespace, Node.js servers included, without this one. Empty with `Redis::pub_sub`, where answers do not
    /// name their node, and fewer than [`missing_nodes`](Self::missing_nodes) if a node has ended meanwhile.
    #[must_use]
    pub fn missing_node_ids(&self) -> &[Arc<str>] {
        &self.missing.ids
    }

    /// The sockets.
    #[must_use]
    pub fn into_vec(self) -> Vec<RemoteSocket> {
        self.sockets
    }
}

impl Deref for FetchedSockets {
    type Target = [RemoteSocket];

    fn deref(&self) -> &[RemoteSocket] {
        &self.sockets
    }
}

impl IntoIterator for FetchedSockets {
    type Item = RemoteSocket;
    type IntoIter = std::vec::IntoIter<RemoteSocket>;

    fn into_iter(self) -> Self::IntoIter {
        self.sockets.into_iter()
    }
}

impl<'a> IntoIterator for &'a FetchedSockets {
    type Item = &'a RemoteSocket;
    type IntoIter = std::slice::Iter<'a, RemoteSocket>;

    fn into_iter(self) -> Self::IntoIter {
        self.sockets.iter()
    }
}
