//! A cluster whose messages somebody else carries: the network of a virtual cluster.

use std::sync::Arc;

use super::{Envelope, InProcess, Node, Told};
use crate::{
    cluster::adapter::{Inbound, Message, Store},
    error::AdapterError,
};

/// Decides what becomes of each message. It may deliver at once, later, twice or never.
pub(crate) trait Carrier: Send + Sync {
    /// Called with the cluster's lock held: it must not come back into the cluster, nor block.
    fn carry(&self, parcel: Parcel);

    /// The store as the hub with this server id reaches it.
    fn store(self: Arc<Self>, of: &str, store: Arc<dyn Store>) -> Arc<dyn Store>;
}

/// A message on its way to one hub.
#[derive(Clone)]
pub(crate) struct Parcel {
    to: Arc<Node>,
    envelope: Envelope,
}

impl Parcel {
    pub(super) fn new(to: &Arc<Node>, envelope: Envelope) -> Self {
        Self {
            to: Arc::clone(to),
            envelope,
        }
    }

    /// The server id of the hub that has sent it.
    pub(crate) fn from(&self) -> &str {
        &self.envelope.from
    }

    /// The server id of the hub it is for.
    pub(crate) fn to(&self) -> &str {
        &self.to.server_id
    }

    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self.envelope.message {
            Message::Broadcast { .. } => "a broadcast",
            Message::Join { .. } => "a join",
            Message::Leave { .. } => "a leave",
            Message::Disconnect { .. } => "a disconnect",
            Message::FetchSockets { .. } => "a request for sockets",
            Message::Sockets { .. } => "an answer with sockets",
            Message::ServerSideEmit { .. } => "an event of the servers",
            Message::ServerSideAck { .. } => "an answer of a server",
            Message::ClientCount { .. } => "a count of clients",
            Message::ClientAck { .. } => "an ack of a client",
            Message::AllRooms { .. } => "a request for rooms",
            Message::Rooms { .. } => "an answer with rooms",
        }
    }

    /// Hands it over; false if too much waits there.
    pub(crate) fn deliver(self) -> bool {
        self.to.take(Told::Message(self.envelope))
    }
}

impl InProcess {
    pub(crate) fn carried_by(carrier: Arc<dyn Carrier>) -> Self {
        Self {
            carrier: Some(carrier),
            ..Self::default()
        }
    }

    /// A hub is no more, whoever still holds it.
    pub(crate) fn remove(&self, server_id: &str) {
        self.nodes().retain(|node| *node.server_id != *server_id);
    }

    /// Tells a hub whether it hears all others, behind what it has been sent.
    pub(crate) fn tell(&self, server_id: &str, connected: bool) {
        let nodes = self.nodes();
        for node in nodes.iter().filter(|node| *node.server_id == *server_id) {
            node.take(Told::Connected(connected));
        }
    }
}

pub(super) fn tell(inbound: &Inbound, connected: bool) {
    match connected {
        true => inbound.connected(),
        false => inbound.disconnected(&AdapterError::new("a link was cut")),
    }
}
