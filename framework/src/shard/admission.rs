//! Who may open a connection: how many there may be, of all clients and of one address, and how often.

mod addresses;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Duration, Instant},
};

#[cfg(feature = "admin")]
pub(crate) use self::addresses::Network;

use self::addresses::Addresses;
use super::{bucket::TokenBucket, node::Node};
use crate::config::{Config, Rate};

/// WebSockets that are told at one time that the server is at capacity.
pub(crate) const MAX_TURNED_AWAY: usize = 256;

/// Why a handshake is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    Draining,
    Full,
    AddressFull,
    TooOften { retry_after: Duration },
    AddressTooOften { retry_after: Duration },
}

impl Denied {
    /// The label in [`Stats::refused_handshakes`](crate::Stats::refused_handshakes).
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Full => "max_connections",
            Self::AddressFull => "max_connections_per_address",
            Self::TooOften { .. } => "handshake_rate",
            Self::AddressTooOften { .. } => "handshake_rate_per_address",
        }
    }
}

pub(crate) struct Admission {
    max_connections: usize,
    /// Places taken: by connections, and by handshakes that are under way.
    taken: AtomicUsize,
    handshakes: Option<(Rate, Mutex<TokenBucket>)>,
    addresses: Option<Mutex<Addresses>>,
    turned_away: Arc<Semaphore>,
}

impl Admission {
    pub(super) fn new(config: &Config) -> Self {
        let now = Instant::now();
        let rate = config.handshake_rate;
        Self {
            max_connections: config.max_connections,
            taken: AtomicUsize::new(0),
            handshakes: rate.map(|rate| (rate, Mutex::new(TokenBucket::full(now)))),
            addresses: Addresses::new(config).map(Mutex::new),
            turned_away: Arc::new(Semaphore::new(MAX_TURNED_AWAY)),
        }
    }

    /// Takes a place. An address that comes too often is stopped before it uses up what all have;
    /// what all have used up is not charged to it.
    fn enter(&self, address: Option<SocketAddr>, now: Instant) -> Result<(), Denied> {
        // Costs those nothing that could come once there is room.
        if self.taken.load(Ordering::Acquire) >= self.max_connections {
            return Err(Denied::Full);
        }
        self.at(address, |addresses, address| addresses.enter(address, now))
            .unwrap_or(Ok(()))?;
        let entered = self.take_turn(now).and_then(|()| {
            // The last place may have been taken since.
            self.take_place().inspect_err(|_| self.give_turn_back())
        });
        if entered.is_err() {
            self.at(address, |addresses, address| addresses.undo(address, now));
        }
        entered
    }

    fn take_turn(&self, now: Instant) -> Result<(), Denied> {
        let Some((rate, bucket)) = &self.handshakes else {
            return Ok(());
        };
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = bucket.take(rate, 1, now);
        taken.map_err(|retry_after| Denied::TooOften { retry_after })
    }

    fn give_turn_back(&self) {
        if let Some((rate, bucket)) = &self.handshakes {
            let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
            bucket.give_back(rate, 1);
        }
    }

    fn take_place(&self) -> Result<(), Denied> {
        let more = |taken: usize| (taken < self.max_connections).then_some(taken + 1);
        let taken = self
            .taken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        taken.map(drop).map_err(|_| Denied::Full)
    }

    /// Connections, and handshakes that are under way.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Gives the place of a connection from this address back.
    pub(crate) fn leave(&self, address: Option<SocketAddr>) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
        self.at(address, |addresses, address| {
            addresses.leave(address, Instant::now());
        });
    }

    fn at<R>(
        &self,
        address: Option<SocketAddr>,
        act: impl FnOnce(&mut Addresses, SocketAddr) -> R,
    ) -> Option<R> {
        let (addresses, address) = (self.addresses.as_ref()?, address?);
        let mut addresses = addresses.lock().unwrap_or_else(PoisonError::into_inner);
        Some(act(&mut addresses, address))
    }

    /// To tell a WebSocket that there is no place for it; `None` while too many are being told.
    pub(crate) fn turn_away(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turned_away).try_acquire_owned().ok()
    }
}

impl Node {
    /// A place for a connection from this address.
    pub(crate) fn admit(self: &Arc<Self>, address: Option<SocketAddr>) -> Result<Place, Denied> {
        self.is_open()?;
        self.admission.enter(address, Instant::now())?;
        Ok(Place {
            node: Arc::clone(self),
            address,
            occupied: false,
        })
    }

    /// Takes no more connections; whether nobody has said so before.
    pub(crate) fn close(&self) -> bool {
        // In one order with the places: a handshake sees that the hub drains, or the drain sees its place.
        let first = !self.draining.swap(true, Ordering::SeqCst);
        self.drains.notify_waiters();
        first
    }

    /// Ends when it takes no more connections.
    pub(crate) async fn closed(&self) {
        let closed = self.drains.notified();
        if self.is_open().is_ok() {
            closed.await;
        }
    }

    pub(crate) fn is_open(&self) -> Result<(), Denied> {
        match self.draining.load(Ordering::SeqCst) {
            true => Err(Denied::Draining),
            false => Ok(()),
        }
    }
}

/// A place among the node's connections; given back when it is dropped.
pub(crate) struct Place {
    node: Arc<Node>,
    address: Option<SocketAddr>,
    occupied: bool,
}

impl Place {
    /// The connection is there, and calls [`Admission::leave`] when it ends: it keeps nothing for that.
    pub(crate) fn occupy(mut self) {
        self.occupied = true;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.occupied {
            self.node.admission.leave(self.address);
            self.node.ended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests;
