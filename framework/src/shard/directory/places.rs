//! Where sockets and sessions are.

use std::sync::Arc;

use actix::Recipient;

use crate::{
    id::{NamespaceId, SlotKey, SocketId},
    transport::{permit::Permits, poll::Request},
};

/// Where a socket lives, and in which namespace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) slot: SlotKey,
    pub(crate) namespace: NamespaceId,
}

/// A socket and where it lives. A connection that leaves a namespace and comes back has another
/// socket in the same slot, which is not meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    pub(crate) slot: SlotKey,
    pub(crate) id: SocketId,
}

/// A transport session of the node, for requests that name it.
pub(crate) struct SessionPlace {
    /// Where requests go while the session is polling. Boxed, as most sessions are not.
    pub(crate) requests: Option<Box<Requests>>,
}

/// The way to a polling session from any worker.
#[derive(Clone)]
pub(crate) struct Requests {
    pub(crate) to: Recipient<Request>,
    pub(crate) permits: Arc<Permits>,
}

impl Requests {
    pub(crate) fn new(to: Recipient<Request>) -> Self {
        Self {
            to,
            permits: Arc::default(),
        }
    }
}
