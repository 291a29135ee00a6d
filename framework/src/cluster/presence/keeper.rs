//! What brings a node's entries to the store, and the store's changes to the node.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{
    clients,
    registrar::Registrar,
    store::{Diff, Lease, Listener, Renewal, StoreError, Topic},
    topics::Beginners,
};
use crate::supervision;

/// Changes that are written at once. A script of this size keeps Redis for about 2 ms.
const BATCH: usize = 500;

/// Keys that are read at once.
const PAGE: usize = 500;

/// After the store has failed, before it is asked again.
const PAUSE: Duration = Duration::from_millis(500);

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
        () = Arc::clone(&registrar.store).listen(ear) => {}
        () = keeper.keep() => {}
        () = read(registrar) => {}
    }
}

struct Ear(Arc<Registrar>);

impl Listener for Ear {
    fn listening(&self) {
        self.0.topics().all_stale();
        self.0.check_now();
        self.0.stale.notify_one();
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
        Self {
            registrar,
            lease: registrar.next_lease(),
            held: false,
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
                self.reap().await;
            }
            let next = match self.held {
                true => self.renew_at.min(self.reap_at),
                false => self.renew_at,
            };
            let _ = timeout_at(next, registrar.wake.notified()).await;
        }
    }

    async fn renew(&mut self) {
        let registrar = self.registrar;
        let settled = registrar.entries().is_settled();
        self.lease = registrar.lease(self.lease.take);
        let asked = Instant::now();
        match registrar.store.renew(&self.lease).await {
            Ok(Renewal::Held { entries }) => {
                self.held = true;
                self.lease.take = false;
                self.renew_at = asked + registrar.options.lease / 3;
                // Whatever else happened to the store: it has what it should, or gets it again.
                let live = registrar.entries().live();
                if settled && registrar.entries().is_settled() && entries != live {
                    tracing::warn!(entries, live, "the store has lost entries of this node");
                    self.lost();
                }
            }
            Ok(Renewal::Lost) => {
                tracing::info!("this node's lease was over: its entries are written again");
                self.lost();
            }
            Err(error) => {
                self.failed(&error);
                return;
            }
        }
        registrar.topics().tidy();
        registrar
            .progress
            .send_modify(|progress| progress.renewals += 1);
    }

    fn lost(&mut self) {
        let now = Instant::now();
        self.lease = self.registrar.next_lease();
        self.held = false;
        self.renew_at = now;
        self.spare_until = now + self.registrar.options.lease;
        self.registrar.wake.notify_one();
    }

    fn failed(&mut self, error: &StoreError) {
        tracing::debug!(%error, "the store does not answer");
        let pause = PAUSE.min(self.registrar.options.lease / 3);
        self.renew_at = Instant::now() + pause;
        self.held = false;
    }

    async fn write(&mut self) {
        let registrar = self.registrar;
        while self.renew_at > Instant::now() && !registrar.is_closed() {
            let writes = registrar.entries().take(BATCH);
            if writes.is_empty() {
                break;
            }
            match registrar.store.write(&self.lease.id, &writes).await {
                Ok(true) => registrar.entries().written(&writes),
                Ok(false) => {
                    registrar.entries().give_back(&writes);
                    self.lost();
                    return;
                }
                Err(error) => {
                    registrar.entries().give_back(&writes);
                    self.failed(&error);
                    return;
                }
            }
        }
        let settled = registrar.entries().settled();
        registrar.progress.send_if_modified(|progress| {
            let further = progress.settled != settled;
            progress.settled = settled;
            further
        });
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
            Err(error) => self.failed(&error),
        }
    }
}

/// Between two looks for leases that are over.
const SHORTEST_REST: Duration = Duration::from_millis(10);

/// Reads topics that are watched, when they begin to be and when changes may have been missed.
async fn read(registrar: &Registrar) {
    let lease = registrar.options.lease;
    loop {
        let awaited = registrar.topics().awaited();
        for topic in awaited {
            begin(registrar, &topic);
        }
        let topic = registrar.topics().begin();
        let Some(topic) = topic else {
            rest(registrar, lease).await;
            continue;
        };
        if let Err(error) = read_topic(registrar, &topic).await {
            tracing::debug!(%error, "presence was not read");
            registrar.topics().interrupt(&topic);
            sleep(PAUSE).await;
        }
    }
}

/// Until there is something to read.
async fn rest(registrar: &Registrar, lease: Duration) {
    let left = registrar.topics().filled_in(lease);
    let Some(left) = left else {
        registrar.stale.notified().await;
        return;
    };
    tokio::select! {
        () = registrar.stale.notified() => {}
        () = sleep_until(Instant::now() + left) => registrar.topics().is_filled(),
    }
}

async fn read_topic(registrar: &Registrar, topic: &Topic) -> Result<(), StoreError> {
    // What this node has entered itself has to be there, so that it does not seem to go.
    let is_doubtful = registrar.topics().take_doubt();
    match is_doubtful {
        true => registrar.checked().await?,
        false => registrar.settled().await?,
    }
    let mut after: Option<String> = None;
    loop {
        let page = registrar.store.page(topic, after.as_deref(), PAGE).await?;
        after.clone_from(&page.next);
        let changes = registrar.topics().page(topic, page);
        clients::tell(registrar, topic, &changes);
        if after.is_none() {
            break;
        }
    }
    let lease = registrar.options.lease;
    let changes = registrar.topics().finish(topic, lease);
    clients::tell(registrar, topic, &changes);
    begin(registrar, topic);
    Ok(())
}

/// Tells those how a topic is who have waited for that.
fn begin(registrar: &Registrar, topic: &Topic) {
    let beginners = registrar.topics().beginners(topic);
    let Some(Beginners {
        waiting,
        sockets,
        present,
        total,
        scope,
    }) = beginners
    else {
        return;
    };
    for (ready, watching) in waiting {
        // Dropped by who does not wait any more.
        let _ = ready.send(watching);
    }
    if let Some(scope) = scope {
        clients::begin(registrar, topic, &scope, &sockets, present, total);
    }
}
