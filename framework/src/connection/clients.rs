//! The sockets of a connection, each with its session: lent to one handler at a time.

use std::{collections::VecDeque, future::Future, pin::Pin};

use smallvec::SmallVec;

use super::{actor::Link, recovering::Claiming};
use crate::{
    error::DisconnectReason,
    event::RawEvent,
    id::SocketId,
    namespace::{Connecting, Live, Outcome, Socket},
};

/// Sockets that have left while their session still works on it. With more the connection is not
/// read, so that a client cannot pile them up by connecting and leaving.
const MAX_LEAVING: usize = 8;

#[derive(Default)]
pub(super) struct Clients(pub(super) SmallVec<[Client; 1]>);

pub(super) struct Client {
    pub(super) socket: Socket,
    pub(super) phase: Phase,
    /// `None` while the client is in the namespace.
    pub(super) left: Option<DisconnectReason>,
    /// What waits for the session; `None` while nothing does.
    pub(super) queue: Option<Box<Queue>>,
}

#[derive(Default)]
pub(super) struct Queue {
    pub(super) events: VecDeque<RawEvent>,
    pub(super) bytes: usize,
    /// The session is told that its socket expires before it gets the next event.
    pub(super) expiring: bool,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && !self.expiring
    }
}

pub(super) enum Phase {
    Claiming(Box<Claiming>),
    Connecting(Connecting),
    Idle(Box<dyn Live>),
    Handling {
        event: &'static str,
        future: Pin<Box<dyn Future<Output = Outcome>>>,
    },
    Leaving(Pin<Box<dyn Future<Output = ()>>>),
    /// Nothing is left to do; also while the phase is being changed.
    Gone,
}

impl Phase {
    /// Has the CONNECT reply still to be sent?
    pub(super) fn is_connecting(&self) -> bool {
        matches!(self, Self::Claiming(_) | Self::Connecting(_))
    }
}

impl Client {
    /// Whether its session has something to do.
    pub(super) fn is_busy(&self) -> bool {
        let queue = self.queue.as_ref();
        let handling = matches!(self.phase, Phase::Handling { .. });
        handling || self.phase.is_connecting() || queue.is_some_and(|queue| !queue.is_empty())
    }

    /// Drops what waits for its session; how many events that were.
    pub(super) fn drop_queue(&mut self) -> u64 {
        self.queue
            .take()
            .map_or(0, |queue| queue.events.len() as u64)
    }

    /// Takes its session, if that is idle.
    pub(super) fn lend(&mut self) -> Option<Box<dyn Live>> {
        match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Idle(session) => Some(session),
            other => {
                self.phase = other;
                None
            }
        }
    }
}

impl Clients {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Client> {
        self.0.get(index)
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Client> + '_ {
        self.0.drain(..)
    }

    /// The client connected to the namespace.
    pub(super) fn find(&self, nsp: &str) -> Option<usize> {
        self.0.iter().position(|client| {
            client.left.is_none()
                && !client.phase.is_connecting()
                && client.socket.namespace_name() == nsp
        })
    }

    /// The client that has not left and has this socket.
    pub(super) fn present(&self, socket: SocketId) -> Option<usize> {
        let mut clients = self.0.iter();
        clients.position(|client| client.left.is_none() && client.socket.id() == socket)
    }

    pub(super) fn knows(&self, nsp: &str) -> bool {
        let mut present = self.0.iter().filter(|client| client.left.is_none());
        present.any(|client| client.socket.namespace_name() == nsp)
    }
}

impl Link {
    /// Must the peer wait until the application has caught up?
    pub(super) fn is_full(&self) -> bool {
        let config = &self.core.node.config;
        let clients = &self.clients.0;
        let behind = |client: &Client| {
            client.queue.as_ref().is_some_and(|queue| {
                queue.events.len() >= config.max_queued_events
                    || queue.bytes >= config.max_http_buffer_size
            })
        };
        clients.iter().any(behind)
            || (clients.len() > MAX_LEAVING
                && clients.iter().filter(|c| c.left.is_some()).count() >= MAX_LEAVING)
    }

    /// Tells the shard when we stop reading, so that it does not count the silence against the
    /// peer.
    pub(super) fn note_pause(&mut self) {
        let paused = self.is_full();
        if std::mem::replace(&mut self.paused, paused) != paused {
            if paused {
                self.core.node.metrics.reads_paused.add(1);
            }
            self.shard.pause(self.key, paused);
        }
    }
}
