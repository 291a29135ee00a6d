//! The way from a namespace to its other nodes; the cluster layer provides it.

use std::{borrow::Cow, future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    directory::{RoomName, Scope},
    shared_log::SharedLog,
};
use crate::{
    config::SlowConsumer, error::EmitError, event::Collector, id::SocketId, transport::frame::Frame,
};

/// What is still to be done on other nodes.
pub(crate) type Elsewhere<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What the hub gives to its node where it has an adapter.
pub(crate) trait Uplinks: Send + Sync {
    /// The uplink of a namespace that has just been made. What becomes there of events that do not say
    /// it, when a client reads too slowly, is `slow_consumer`.
    fn open(self: Arc<Self>, scope: &Scope, slow_consumer: SlowConsumer) -> Box<dyn Uplink>;

    /// Runs the adapter on this thread, unless another one does. Must be called on a thread with a
    /// local task set.
    fn run_here(self: Arc<Self>);
}

/// The other nodes of one namespace. It ends with the namespace.
pub(crate) trait Uplink: Send + Sync {
    /// A room has got its first member on this node, or lost its last.
    fn room_changed(&self, room: &str);

    /// Whether private rooms are told, too.
    fn wants_private_rooms(&self) -> bool;

    /// Whether events of other nodes do not come at present.
    fn misses_events(&self) -> bool;

    /// The log in which all nodes find all events, this one too. Where there is one, an event is only
    /// published, and delivered when it comes from there.
    fn shared_log(&self) -> Option<&dyn SharedLog>;

    /// Publishes an event for clients: a packet as the default parser writes it.
    fn emit(&self, event: &Frame, to: Reach<'_>) -> Result<(), EmitError>;

    /// Publishes an event that asks for answers, which go to the collector. What is returned tells
    /// it for how many nodes it has to wait, and takes answers until it is dropped.
    fn ask(
        &self,
        event: &Frame,
        to: Reach<'_>,
        asking: Asking,
        collector: &Arc<Collector>,
    ) -> Result<Elsewhere<()>, EmitError>;

    /// Publishes a change of sockets. What is returned is ready when all nodes have made it.
    fn change(
        &self,
        change: Change<'_>,
        to: Reach<'_>,
    ) -> Result<Elsewhere<Result<(), EmitError>>, EmitError>;

    /// The sockets of all other nodes.
    fn fetch(&self, to: Reach<'_>, timeout: Duration) -> Elsewhere<Fetched>;

    /// Publishes an event for the servers themselves.
    fn server_side_emit(&self, event: &Frame) -> Result<(), EmitError>;

    /// The same with an answer of every other node.
    fn server_side_ask(
        &self,
        event: &Frame,
        timeout: Duration,
    ) -> Result<Elsewhere<Replies>, EmitError>;
}

/// Whom something is for, by name.
#[derive(Clone, Copy)]
pub(crate) struct Reach<'a> {
    pub(crate) rooms: &'a [Cow<'a, str>],
    pub(crate) except: &'a [Cow<'a, str>],
    /// The socket that broadcasts, and is left out.
    pub(crate) sender: Option<SocketId>,
}

/// How answers are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asking {
    pub(crate) timeout: Duration,
    /// Only one socket is asked.
    pub(crate) single: bool,
}

pub(crate) enum Change<'a> {
    Join(&'a [RoomName]),
    Leave(&'a [RoomName]),
    Disconnect { close: bool },
}

/// Sockets of other nodes.
#[derive(Default)]
pub(crate) struct Fetched {
    pub(crate) sockets: Vec<FoundElsewhere>,
    pub(crate) missing: Missing,
}

pub(crate) struct FoundElsewhere {
    pub(crate) id: SocketId,
    pub(crate) rooms: Vec<RoomName>,
    pub(crate) data: Option<Arc<String>>,
    /// In Socket.IO's form.
    pub(crate) handshake: Arc<str>,
    /// `None` where its server is not watched.
    pub(crate) client: Option<Arc<ClientElsewhere>>,
}

/// A connection of another node, as that tells it.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "admin"),
    allow(dead_code, reason = "shown on the admin page only")
)]
pub(crate) struct ClientElsewhere {
    pub(crate) id: Box<str>,
    pub(crate) transport: Box<str>,
}

/// Nodes that did not answer in time.
#[derive(Debug, Clone)]
pub(crate) struct Missing {
    /// `None` if it is not known how many there are.
    pub(crate) nodes: Option<usize>,
    /// Those of them that are known by their ids.
    pub(crate) ids: Vec<Arc<str>>,
}

impl Default for Missing {
    /// None are missing.
    fn default() -> Self {
        Self::of(Some(0))
    }
}

impl Missing {
    /// So many, of which no id is known.
    pub(crate) fn of(nodes: Option<usize>) -> Self {
        Self {
            nodes,
            ids: Vec::new(),
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.nodes == Some(0)
    }

    /// What is missing of two questions to the same nodes.
    pub(crate) fn and(mut self, other: Self) -> Self {
        for id in other.ids {
            if !self.ids.contains(&id) {
                self.ids.push(id);
            }
        }
        let nodes = self.nodes.zip(other.nodes);
        self.nodes = nodes.map(|(one, other)| one.max(other).max(self.ids.len()));
        self
    }
}

/// Answers of other nodes to an event for servers.
#[derive(Default)]
pub(crate) struct Replies {
    pub(crate) replies: Vec<ReplyElsewhere>,
    pub(crate) missing: Missing,
}

pub(crate) struct ReplyElsewhere {
    /// One JSON value; empty where there is none.
    pub(crate) json: Box<str>,
    pub(crate) attachments: Vec<Bytes>,
}
