use std::{ops::Deref, sync::Arc};

use super::remote::{Opened, RemoteSocket};
use crate::shard::{
    command::Found,
    directory::Scope,
    node::Node,
    uplink::{Fetched, Missing},
};

/// The sockets that [`Broadcast::fetch_sockets`](crate::Broadcast::fetch_sockets) found; a slice of
/// them.
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
                rooms: found.rooms,
                data: found.data,
                opened: Opened::Here(found.handshake),
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
                opened: Opened::Elsewhere(found.handshake),
            }));
        self.missing = found.missing;
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

    /// How many nodes did not answer in time; `None` if it could not be found out how many there
    /// are, because the adapter was not connected.
    #[must_use]
    pub fn missing_nodes(&self) -> Option<usize> {
        self.missing.nodes
    }

    /// The [ids](crate::Cluster::server_id) of those of them that are known: nodes that serve the
    /// namespace after the time is over, and have not answered. There are none with
    /// [`Redis::pub_sub`](crate::adapter::Redis::pub_sub), whose answers do not tell who answers, and
    /// fewer than [`missing_nodes`](Self::missing_nodes) if a node has gone meanwhile. Node's servers
    /// are among them.
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
