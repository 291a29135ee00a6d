//! How often an address may guess.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use crate::{
    config::Rate,
    shard::{admission::Network, bucket::TokenBucket},
};

/// Wrong passwords of one address, on however many connections.
const RATE: Rate = Rate::per_minute(6).burst(10);

/// Addresses that are remembered. Whoever has more is not held by a limit for each.
const MAX_ADDRESSES: usize = 4096;

/// Connections without an address count as one.
type Known = HashMap<Option<Network>, TokenBucket>;

#[derive(Default)]
pub(super) struct Attempts(Mutex<Known>);

/// A guess. It counts once it is looked at, until it was right.
pub(super) struct Attempt<'a> {
    attempts: &'a Attempts,
    network: Option<Network>,
    counts: bool,
}

impl Attempt<'_> {
    /// Whether it is right is looked at now.
    pub(super) fn looked_at(&mut self) {
        self.counts = true;
    }

    pub(super) fn was_right(&mut self) {
        self.counts = false;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.counts
            && let Some(bucket) = self.attempts.lock().get_mut(&self.network)
        {
            bucket.give_back(&RATE, 1);
        }
    }
}

impl Attempts {
    /// One more guess of this address, if it may.
    pub(super) fn begin(&self, address: Option<SocketAddr>, now: Instant) -> Option<Attempt<'_>> {
        let mut known = self.lock();
        let network = address.map(Network::of);
        if known.len() >= MAX_ADDRESSES && !known.contains_key(&network) {
            known.retain(|_, bucket| !bucket.is_full(now));
            if known.len() >= MAX_ADDRESSES {
                known.clear();
            }
        }
        let bucket = known
            .entry(network)
            .or_insert_with(|| TokenBucket::full(now));
        bucket.take(&RATE, 1, now).ok()?;
        Some(Attempt {
            attempts: self,
            network,
            counts: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::{net::Ipv4Addr, time::Duration};

    use super::*;

    fn address(host: u32) -> Option<SocketAddr> {
        Some((Ipv4Addr::from_bits(host), 1).into())
    }

    #[test]
    fn an_address_guesses_a_few_times_and_then_seldom() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let tried = |host, now| {
            let tries = 0..100;
            tries
                .map_while(|_| attempts.begin(address(host), now))
                .map(|mut attempt| attempt.looked_at())
                .count()
        };
        assert_eq!(tried(1, now), 10);
        assert_eq!(tried(2, now), 10, "others go on");
        assert_eq!(tried(1, now + Duration::from_secs(10)), 1);
        assert_eq!(tried(1, now + Duration::from_secs(60)), 5);
    }

    #[test]
    fn what_was_right_does_not_count() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..100 {
            let mut attempt = attempts.begin(None, now).unwrap();
            attempt.looked_at();
            attempt.was_right();
        }
    }

    #[test]
    fn what_was_never_looked_at_does_not_count() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..100 {
            assert!(attempts.begin(None, now).is_some());
        }
        let waiting: Vec<_> = (0..10).filter_map(|_| attempts.begin(None, now)).collect();
        assert_eq!(waiting.len(), 10);
        assert!(
            attempts.begin(None, now).is_none(),
            "while they wait it does"
        );
    }

    #[test]
    fn addresses_are_remembered_in_bounded_number() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for host in 0..10_000 {
            attempts.begin(address(host), now).unwrap().looked_at();
            assert!(attempts.lock().len() <= MAX_ADDRESSES);
        }
    }
}
