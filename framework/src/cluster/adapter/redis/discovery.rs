//! Asks where the masters are, of all who may know.

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::timeout;

use super::{
    dialer::{Address, Dialer},
    options::Endpoints,
    topology::Topology,
};
use crate::cluster::adapter::AdapterError;

/// How often they are asked for while all is well: what a failover leaves reachable would otherwise
/// never be left.
pub(super) const REDISCOVER: Duration = Duration::from_secs(10);

/// For how long one is asked alone: the next one may know while it is silent. As RFC 8305 (5) has it.
const HEAD_START: Duration = Duration::from_millis(250);

pub(super) struct Discovery {
    dialer: Dialer,
    endpoints: Endpoints,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The masters that were found last: those of a Redis Cluster may know where they are now.
    masters: Vec<Address>,
    /// Who has told it.
    by: Option<Address>,
    /// Who told of masters that were of no use.
    doubted: Option<Address>,
}

impl Discovery {
    pub(super) fn new(dialer: Dialer, endpoints: Endpoints) -> Self {
        Self {
            dialer,
            endpoints,
            known: Mutex::default(),
        }
    }

    // Held for a few instructions.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The masters by now. Who has told them last is asked first; who is silent holds nobody up.
    ///
    /// # Errors
    /// If nobody knows.
    pub(super) async fn now(&self) -> Result<Topology, AdapterError> {
        let (found, by) = match &self.endpoints {
            Endpoints::Single(address) => return Ok(Topology::single(address.clone())),
            Endpoints::Sentinel { master, sentinels } => {
                let addresses = self.in_order(sentinels.iter().map(|(_, address)| address));
                let ask = |address: Address| async move {
                    let of_it = sentinels.iter().find(|(_, sentinel)| *sentinel == address);
                    let sentinel = of_it.map_or(&self.dialer, |(sentinel, _)| sentinel);
                    let asked = Topology::of_sentinel(&self.dialer, sentinel, &address, master);
                    Ok((asked.await?, address))
                };
                first(addresses.into_iter().map(ask)).await?
            }
            Endpoints::Cluster(nodes) => {
                let masters = self.known().masters.clone();
                let addresses = self.in_order(masters.iter().chain(nodes));
                let ask = |address: Address| async move {
                    let asked = Topology::of_node(&self.dialer, &address);
                    Ok((asked.await?, address))
                };
                first(addresses.into_iter().map(ask)).await?
            }
        };
        let mut known = self.known();
        known.masters = found.masters().to_vec();
        known.by = Some(by);
        drop(known);
        Ok(found)
    }

    /// What was told last has led to no connection that lasts: others are asked first.
    pub(super) fn doubt(&self) {
        let mut known = self.known();
        if let Some(by) = known.by.take() {
            known.doubted = Some(by);
        }
    }

    /// Each of them once.
    fn in_order<'a>(&self, addresses: impl Iterator<Item = &'a Address>) -> Vec<Address> {
        let mut order: Vec<Address> = Vec::new();
        for address in addresses {
            if !order.contains(address) {
                order.push(address.clone());
            }
        }
        let known = self.known();
        order.sort_by_key(|address| match Some(address) {
            it if it == known.by.as_ref() => 0,
            it if it == known.doubted.as_ref() => 2,
            _ => 1,
        });
        order
    }
}

/// The first good answer. One more is asked when one has failed, or does not answer soon.
async fn first<T>(
    questions: impl Iterator<Item = impl Future<Output = Result<T, AdapterError>>>,
) -> Result<T, AdapterError> {
    let mut questions = questions.fuse();
    let mut asked = FuturesUnordered::new();
    let mut error = AdapterError::new("there is nobody to ask for the masters of Redis");
    loop {
        let next = questions.next();
        let were_all = next.is_none();
        asked.extend(next);
        let answer = match were_all {
            true => asked.next().await,
            false => match timeout(HEAD_START, asked.next()).await {
                Ok(answer) => answer,
                Err(_) => continue,
            },
        };
        match answer {
            Some(Ok(found)) => return Ok(found),
            Some(Err(reason)) => error = reason,
            None => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::future::Either::{Left, Right};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_is_silent_holds_nobody_up_and_who_is_mistaken_neither() {
        let answers = [Some(Err("mistaken")), None, Some(Err("too")), Some(Ok(7))];
        let ask = |answer: Option<Result<u8, &'static str>>| match answer {
            Some(answer) => Left(ready(answer.map_err(AdapterError::new))),
            None => Right(pending()),
        };
        let begun = tokio::time::Instant::now();
        let found = first(answers.into_iter().map(ask)).await;
        assert_eq!(found.ok(), Some(7));
        assert_eq!(begun.elapsed(), HEAD_START);
    }

    #[tokio::test]
    async fn why_the_last_one_did_not_know_is_told() {
        let ask = |why: &'static str| ready(Err::<u8, _>(AdapterError::new(why)));
        let told = first(["one", "other"].into_iter().map(ask)).await;
        assert!(told.is_err_and(|error| error.to_string().contains("other")));
        let told = first(std::iter::empty::<std::future::Ready<Result<u8, _>>>()).await;
        assert!(told.is_err_and(|error| error.to_string().contains("nobody")));
    }

    #[test]
    fn who_has_told_it_last_is_asked_first() {
        let address = |port| Address::Tcp("host".to_owned(), port);
        let (dialer, _) = super::super::options::LinkOptions::new("redis://host/")
            .resolve()
            .expect("valid");
        let discovery = Discovery::new(dialer, Endpoints::Cluster(Vec::new()));
        discovery.known().by = Some(address(2));
        let known = [address(1), address(2), address(1), address(3)];
        let order = discovery.in_order(known.iter());
        assert_eq!(order, [address(2), address(1), address(3)]);
    }
}
