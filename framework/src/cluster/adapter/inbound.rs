use std::{fmt, sync::Arc, time::Duration};

use super::Message;
use crate::{cluster::Core, error::AdapterError, id::EntryId};

/// Where an adapter hands over what it receives, and tells how it is. Cheap to clone; nothing here
/// blocks. Usable from any thread, but for [`receive`](Self::receive).
#[derive(Clone)]
pub struct Inbound(Arc<Core>);

/// A message of another node, or one's own that has come back.
#[derive(Debug)]
pub struct Received<'a> {
    /// The namespace, with its slash.
    pub namespace: &'a str,
    /// The server id of the sender; `None` if it named none. What this node has sent itself is
    /// dropped.
    pub from: Option<&'a str>,
    /// What it says.
    pub message: Message<'a>,
}

impl Inbound {
    pub(in crate::cluster) fn new(core: &Arc<Core>) -> Self {
        Self(Arc::clone(core))
    }

    /// The name of this node among the others.
    #[must_use]
    pub fn server_id(&self) -> &Arc<str> {
        &self.0.server_id
    }

    /// The namespaces whose messages are to be received, in no order.
    #[must_use]
    pub fn namespaces(&self) -> Vec<Arc<str>> {
        self.0.namespaces()
    }

    /// Whether the messages of a namespace are to be received.
    #[cfg(feature = "redis")]
    pub(in crate::cluster) fn serves(&self, namespace: &str) -> bool {
        self.0.is_attached(namespace)
    }

    /// One of the namespaces whose messages are to be received.
    #[cfg(feature = "redis")]
    pub(in crate::cluster) fn any_namespace(&self) -> Option<Arc<str>> {
        self.0.any_namespace()
    }

    /// The rooms of a namespace that have members on this node, in no order; private rooms too if
    /// the adapter [wants them](super::Adapter::wants_private_rooms).
    #[must_use]
    pub fn rooms(&self, namespace: &str) -> Vec<Arc<str>> {
        let Some(namespace) = self.0.namespace(namespace) else {
            return Vec::new();
        };
        let scope = &namespace.scope;
        let mut rooms: Vec<_> = scope
            .rooms
            .iter()
            .map(|room| Arc::clone(room.key()))
            .collect();
        if self.0.adapter.wants_private_rooms()
            && let Some(node) = self.0.node()
        {
            rooms.extend(node.directory.private_rooms(scope.id));
        }
        rooms
    }

    /// Whether a room has members on this node; a socket's id is the name of its private room.
    #[must_use]
    pub fn has_members(&self, namespace: &str, room: &str) -> bool {
        let Some(hub) = self.0.hub() else {
            return false;
        };
        hub.attached(namespace).is_some_and(|namespace| {
            let scope = &namespace.scope;
            scope.rooms.contains_key(room)
                || hub.node.directory.private_room(scope.id, room).is_some()
        })
    }

    /// For how long clients whose connection was lost may come back to what they missed, where this
    /// node itself keeps that: for so long it needs the events of rooms that have no members any
    /// more, too. `None` without connection state recovery, and with a [log](super::RecoveryLog)
    /// that all nodes share.
    #[must_use]
    pub fn keeps(&self, namespace: &str) -> Option<Duration> {
        let namespace = self.0.namespace(namespace)?;
        namespace.scope.own_log()?;
        let node = self.0.node()?;
        let recovery = node.config.connection_state_recovery.as_ref()?;
        Some(recovery.max_disconnection_duration)
    }

    /// Takes a message: sockets of this node get what is for them, requests are answered, answers
    /// reach whoever waits for them. Messages of one node must be handed over in their order.
    ///
    /// # Panics
    /// Outside of the future that [`run`](super::Adapter::run) returned, and of what that has spawned
    /// on its worker: what is asked of this node is answered there.
    pub fn receive(&self, received: Received<'_>) {
        if received.from == Some(&*self.0.server_id) {
            return;
        }
        self.0.state.metrics.cluster_received.add(1);
        self.0.receive(received);
    }

    /// Takes an entry of the [log](super::RecoveryLog) that all nodes share; unlike
    /// [`receive`](Self::receive) also one of this node.
    pub fn receive_entry(&self, received: Received<'_>, entry: EntryId) {
        if received.from != Some(&*self.0.server_id) {
            self.0.state.metrics.cluster_received.add(1);
        }
        self.0.receive_entry(received, entry);
    }

    /// Whether this node waits for answers to a request: others need not be read to their end.
    #[must_use]
    pub fn awaits(&self, request: &str) -> bool {
        self.0.requests.awaits(request)
    }

    /// Takes an event of this node that does not get into the log in time: its sockets get it
    /// without an offset.
    pub fn receive_here(&self, received: Received<'_>) {
        self.0.receive_here(&received);
    }

    /// An entry of the log is not to be delivered: [`receive_here`](Self::receive_here) has taken
    /// it before.
    pub fn skip_entry(&self, namespace: &str, entry: EntryId) {
        self.0.skip_entry(namespace, entry);
    }

    /// The adapter is connected, and everything it has to hear is subscribed to. Before that, and
    /// after [`disconnected`](Self::disconnected) until it is called again, no client
    /// [comes back](crate::HubBuilder::connection_state_recovery): an adapter that never calls it has
    /// no recovery.
    pub fn connected(&self) {
        self.0.connected();
    }

    /// The adapter is not connected any more.
    pub fn disconnected(&self, error: &AdapterError) {
        self.0.state.disconnected(error);
    }

    /// Messages were missed, as many as `lost` if that is known.
    pub fn gap(&self, lost: Option<u64>) {
        self.0.gap(lost);
    }

    /// Another node has this node's name; both with what tells them apart.
    pub(in crate::cluster) fn namesake(&self, this: &str, other: &str) {
        self.0.namesake(this, other);
    }

    /// Something was received that is no message; it is counted.
    pub fn malformed(&self, error: &dyn fmt::Display) {
        self.0.state.metrics.cluster_malformed.add(1);
        tracing::debug!(%error, "a message of another node was malformed");
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("server_id", self.server_id())
            .finish_non_exhaustive()
    }
}
