//! The faults that come by themselves. Each kind has a task and a chance of its own.

use std::{
    future::Future,
    panic::resume_unwind,
    rc::{Rc, Weak},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::time::sleep;

use super::{
    Inner,
    faults::{Outages, around},
    world::FAULTS,
};
use crate::entropy::seeded::Chance;

/// Begins those that are wanted; they go on as long as the cluster is there, or until it is calm.
pub(super) fn begin(inner: &Rc<Inner>) {
    let faults = &inner.world.faults;
    let chance = |kind| Chance::of(inner.world.seed, &[FAULTS, kind]);
    let cluster = || Rc::downgrade(inner);
    if let Some(outages) = faults.cuts {
        spawn(inner, cut(cluster(), outages, chance(0)));
    }
    if let Some(outages) = faults.crashes {
        spawn(inner, crash(cluster(), outages, chance(1)));
    }
    if let Some(every) = faults.lost {
        spawn(inner, lose(cluster(), every, chance(2)));
    }
    if let Some(every) = faults.silent {
        spawn(inner, silence(cluster(), every, chance(3)));
    }
}

fn spawn(inner: &Rc<Inner>, fault: impl Future<Output = ()> + 'static) {
    let fault = tokio::task::spawn_local(fault);
    inner.faults.borrow_mut().push(fault);
}

/// Ends them.
///
/// # Panics
/// As one of them did: without it the test would go on with fewer faults than it asks for.
pub(super) fn end(inner: &Inner) {
    for fault in inner.faults.take() {
        fault.abort();
        let ended = fault.now_or_never().and_then(Result::err);
        if let Some(panic) = ended.and_then(|error| error.try_into_panic().ok())
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

async fn cut(cluster: Weak<Inner>, outages: Outages, mut chance: Chance) {
    loop {
        sleep(around(outages.every, &mut chance)).await;
        let pair = cluster.upgrade().and_then(|cluster| {
            let (a, others) = cluster.running().pick(&mut chance)?;
            let (b, _) = others.pick(&mut chance)?;
            // What the test has cut is the test's to heal.
            cluster.cut(a, b).then_some((a, b))
        });
        sleep(around(outages.lasting, &mut chance)).await;
        if let (Some((a, b)), Some(cluster)) = (pair, cluster.upgrade()) {
            cluster.join_again(a, b);
        }
    }
}

async fn crash(cluster: Weak<Inner>, outages: Outages, mut chance: Chance) {
    loop {
        sleep(around(outages.every, &mut chance)).await;
        let crashed = cluster.upgrade().and_then(|cluster| {
            let (node, others) = cluster.running().pick(&mut chance)?;
            if others.is_empty() {
                return None;
            }
            cluster.crash(node);
            Some(node)
        });
        sleep(around(outages.lasting, &mut chance)).await;
        if let (Some(node), Some(cluster)) = (crashed, cluster.upgrade())
            && cluster.start(node)
        {
            cluster.connected(node).await;
        }
    }
}

async fn lose(cluster: Weak<Inner>, every: Duration, mut chance: Chance) {
    loop {
        sleep(around(every, &mut chance)).await;
        let Some(cluster) = cluster.upgrade() else {
            return;
        };
        if let Some(wire) = cluster.world.any_wire(&mut chance) {
            cluster.world.lose(&wire);
        }
    }
}

async fn silence(cluster: Weak<Inner>, every: Duration, mut chance: Chance) {
    loop {
        sleep(around(every, &mut chance)).await;
        let Some(cluster) = cluster.upgrade() else {
            return;
        };
        if let Some(wire) = cluster.world.any_wire(&mut chance) {
            cluster.world.silence(&wire);
        }
    }
}

/// One of several, and the others.
pub(super) trait Pick<T>: Sized {
    fn pick(self, chance: &mut Chance) -> Option<(T, Self)>;
}

impl<T> Pick<T> for Vec<T> {
    fn pick(mut self, chance: &mut Chance) -> Option<(T, Self)> {
        let chosen = usize::try_from(chance.below(self.len() as u64)).ok()?;
        (chosen < self.len()).then(|| (self.swap_remove(chosen), self))
    }
}
