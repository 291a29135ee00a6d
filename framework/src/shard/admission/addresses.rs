//! What is known of each address: how many connections it has, and how often it has come.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
};

use tokio::time::Instant;

use super::Denied;
use crate::{
    config::{Config, Rate},
    shard::bucket::TokenBucket,
};

/// Addresses without a connection that are remembered for how often they have come. Beyond, they are
/// forgotten early: who has so many of them is not held by a limit for each.
const MAX_REMEMBERED: usize = 1 << 16;

pub(super) struct Addresses {
    max_connections: Option<usize>,
    handshakes: Option<Rate>,
    known: HashMap<Network, Known>,
    /// Of those, without a connection.
    remembered: usize,
}

/// Whom a limit holds: one IPv4 address, or one IPv6 network of 64 bits, in which a single host takes
/// as many addresses as it likes (RFC 8981).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Network {
    V4(u32),
    V6(u64),
}

struct Known {
    connections: usize,
    handshakes: TokenBucket,
}

impl Network {
    pub(crate) fn of(address: SocketAddr) -> Self {
        match address.ip().to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip.to_bits()),
            IpAddr::V6(ip) => Self::V6((ip.to_bits() >> 64) as u64),
        }
    }
}

impl Addresses {
    /// `None` where no option asks for it.
    pub(super) fn new(config: &Config) -> Option<Self> {
        let max_connections = config.max_connections_per_address;
        let handshakes = config.handshake_rate_per_address;
        (max_connections.is_some() || handshakes.is_some()).then(|| Self {
            max_connections,
            handshakes,
            known: HashMap::new(),
            remembered: 0,
        })
    }

    pub(super) fn enter(&mut self, address: SocketAddr, now: Instant) -> Result<(), Denied> {
        self.forget(now);
        let Self {
            max_connections,
            handshakes,
            known,
            remembered,
        } = self;
        let known = known.entry(Network::of(address)).or_insert_with(|| {
            *remembered += 1;
            Known {
                connections: 0,
                handshakes: TokenBucket::full(now),
            }
        });
        if let Some(rate) = handshakes {
            let taken = known.handshakes.take(rate, 1, now);
            taken.map_err(|retry_after| Denied::AddressTooOften { retry_after })?;
        }
        // One without a connection is let in: zero is no limit that can be set.
        if max_connections.is_some_and(|max| known.connections >= max) {
            return Err(Denied::AddressFull);
        }
        if known.connections == 0 {
            *remembered -= 1;
        }
        known.connections += 1;
        Ok(())
    }

    /// As if it had not [entered](Self::enter).
    pub(super) fn undo(&mut self, address: SocketAddr, now: Instant) {
        let known = self.known.get_mut(&Network::of(address));
        if let (Some(rate), Some(known)) = (&self.handshakes, known) {
            known.handshakes.give_back(rate, 1);
        }
        self.leave(address, now);
    }

    pub(super) fn leave(&mut self, address: SocketAddr, now: Instant) {
        let network = Network::of(address);
        let Some(known) = self.known.get_mut(&network) else {
            return;
        };
        known.connections -= 1;
        if known.connections > 0 {
            return;
        }
        match known.handshakes.is_full(now) {
            true => {
                self.known.remove(&network);
            }
            false => self.remembered += 1,
        }
    }

    /// Makes room, before there are too many: of those that have nothing to be remembered for, or of
    /// all without a connection.
    fn forget(&mut self, now: Instant) {
        if self.remembered < MAX_REMEMBERED {
            return;
        }
        self.known
            .retain(|_, known| known.connections > 0 || !known.handshakes.is_full(now));
        let waiting = |known: &Known| known.connections == 0;
        self.remembered = self.known.values().filter(|known| waiting(known)).count();
        if self.remembered > MAX_REMEMBERED / 2 {
            self.known.retain(|_, known| !waiting(known));
            self.remembered = 0;
        }
        self.known.shrink_to_fit();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}
