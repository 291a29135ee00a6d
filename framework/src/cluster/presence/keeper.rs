//! What brings a node's entries to the store, and the store's changes to the node.

mod writing;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout_at};

use super::{
    clients, reader,
    registrar::Registrar,
    store::{Diff, Lease, Listener, Renewal, StoreError, Topic},
};
use crate::supervision;

/// Between two looks for leases that are over.
const SHORTEST_REST: Duration = Duration::from_millis(10);

/// So many renewals, which is within four leases, until everything has been written again.
const ROUNDS: usize = 12;

/// After the store has failed, before it is asked again.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// Runs on this thread, unless another one does, or there is nothing to do.
pub(super) fn run_here(registrar: &Arc<Registrar>) {
    let idle = !registrar.needed.load(Ordering::Acquire);
    if idle || registrar.is_closed() || registrar.claimed.swap(true, Ordering::AcqRel) {
        return;
    }
    let claim = Claim(Arc::clone(registrar));
    actix::spawn(async move {
        while let Err(panic) = supervision::catching(run(&claim.0)).await {
            tracing::error!(panic, "the keeper of shared state panicked, restarting");
            if let Some(node) = claim.0.node() {
                node.metrics.presence_failed.add("panic");
            }
            sleep(PAUSE).await;
        }
    });
}

/// The right to run. Given back with the thread: then another worker takes over.
struct Claim(Arc<Registrar>);

impl Drop for Claim {
    fn drop(&mut self) {
        let registrar = &self.0;
        registrar.claimed.store(false, Ordering::Release);
        if !registrar.is_closed()
            && let Some(node) = registrar.node()
        {
            node.relink();
        }
    }
}

/// All on one task, so that what is told of a topic keeps its order.
async fn run(registrar: &Arc<Registrar>) {
    let ear = Arc::new(Ear(Arc::clone(registrar)));
    let mut keeper = Keeper::new(registrar);
    tokio::select! {
        biased;
        () = Arc::clone(&registrar.store).listen(ear) => {}
        () = keeper.keep() => {}
        () = reader::read(registrar) => {}
    }
}

struct Ear(Arc<Registrar>);

impl Listener for Ear {
    fn listening(&self) {
        self.0.topics().reset();
        self.0.check_now();
        self.0.stale.notify_one();
    }

    // Who begins to watch it now reads it first.
    fn wants(&self, topic: &Topic) -> bool {
        self.0.topics().is_watched(topic)
    }

    fn changed(&self, diff: Diff) {
        let topic = diff.topic.clone();
        let (changes, missed) = self.0.topics().apply(diff);
        clients::tell(&self.0, &topic, &changes);
        if missed {
            self.0.stale.notify_one();
        }
    }
}

/// Holds the lease, and writes.
struct Keeper<'a> {
    registrar: &'a Registrar,
    lease: Lease,
    held: bool,
    /// The life of the store in which everything was written.
    epoch: Option<Arc<str>>,
    /// The entries of so many sockets are to be written again.
    again: usize,
    /// The lease before, until everything hangs on this one.
    former: Option<Arc<str>>,
    renew_at: Instant,
    reap_at: Instant,
    /// Nodes that were cut off together with this one are given time to come back.
    spare_until: Instant,
}

impl<'a> Keeper<'a> {
    /// Whatever ran before may have been interrupted while it wrote: everything is written again,
    /// under a lease of its own.
    fn new(registrar: &'a Registrar) -> Self {
        let now = Instant::now();
        let former = registrar.lease(false).id;
        Self {
            registrar,
            lease: registrar.next_lease(),
            held: false,
            epoch: None,
            again: 0,
            former: Some(former),
            renew_at: now,
            reap_at: now,
            spare_until: now,
        }
    }

    /// Ends when this node leaves.
    async fn keep(&mut self) {
        let registrar = self.registrar;
        while !registrar.is_closed() {
            let check = registrar.check.swap(false, Ordering::AcqRel);
            if check || self.renew_at <= Instant::now() {
                self.renew().await;
            }
            if self.held {
                self.write().await;
                self.write_again().await;
                self.reap().await;
            }
            let next = match self.held {
                // What is new comes first, and between the parts of what is not.
                true if self.again > 0 => continue,
                true => self.renew_at.min(self.reap_at),
                false => self.renew_at,
            };
            let _ = timeout_at(next, registrar.wake.notified()).await;
        }
        self.release_former().await;
        registrar.leave().await;
    }

    async fn renew(&mut self) {
        let registrar = self.registrar;
        let settled = registrar.entries().is_settled();
        self.lease = registrar.lease(self.lease.take);
        let (asked, taking) = (Instant::now(), self.lease.take);
        match registrar.store.renew(&self.lease).await {
            Ok(Renewal::Held { entries, epoch }) => {
                self.held = true;
                self.lease.take = false;
                self.renew_at = asked + registrar.options.lease / 3;
                let before = self.epoch.replace(Arc::clone(&epoch));
                let is_reborn = before.is_some_and(|before| before != epoch);
                if is_reborn {
                    // What it has lost of others no change may ever tell.
                    registrar.topics().all_stale();
                    registrar.stale.notify_one();
                }
                if is_reborn && !taking {
                    // It may be older than what it was told last: also have what it should not.
                    tracing::info!("the store is another one: entries are written again");
                    self.lost();
                } else {
                    self.verify(settled.then_some(entries));
                }
            }
            Ok(Renewal::Lost) => {
                tracing::info!("this node's lease was over: its entries are written again");
                self.lost();
            }
            Err(error) => {
                self.failed("renew", &error);
                return;
            }
        }
        registrar.topics().tidy();
        registrar
            .progress
            .send_modify(|progress| progress.renewals += 1);
    }

    /// Whatever happened to the store: it has what it should, or gets it again. `entries` is how many
    /// it has, where all were written.
    fn verify(&mut self, entries: Option<usize>) {
        let known = self.registrar.entries();
        let live = known.live();
        if let Some(entries) = entries
            && known.is_settled()
            && entries != live
        {
            drop(known);
            tracing::warn!(entries, live, "the store has lost entries of this node");
            return self.lost();
        }
        // Counts do not show everything, as where a store has evicted what entries say.
        self.again = known.sockets_of_a_round(ROUNDS);
    }

    fn lost(&mut self) {
        if let Some(node) = self.registrar.node() {
            node.metrics.presence_leases_lost.add(1);
        }
        let now = Instant::now();
        self.former = Some(Arc::clone(&self.lease.id));
        self.lease = self.registrar.next_lease();
        self.held = false;
        self.renew_at = now;
        self.spare_until = now + self.registrar.options.lease;
        self.registrar.wake.notify_one();
    }

    fn failed(&mut self, step: &'static str, error: &StoreError) {
        self.registrar.failed(step, error);
        let pause = PAUSE.min(self.registrar.options.lease / 3);
        self.renew_at = Instant::now() + pause;
        self.held = false;
    }

    async fn reap(&mut self) {
        let now = Instant::now();
        if !self.held || self.reap_at.max(self.spare_until) > now {
            self.reap_at = self.reap_at.max(self.spare_until);
            return;
        }
        match self.registrar.store.reap().await {
            Ok(reaped) if reaped.more => self.reap_at = now,
            Ok(reaped) => {
                let lease = self.registrar.options.lease;
                let next = reaped.next.unwrap_or(lease).min(lease);
                self.reap_at = now + next.max(SHORTEST_REST);
            }
            Err(error) => self.failed("reap", &error),
        }
    }
}
