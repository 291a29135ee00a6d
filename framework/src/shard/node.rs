//! This process' part of a hub: its workers, what they share, and the way to each of them.

#[cfg(test)]
mod bare;
mod dispatch;
mod packets;

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
};

use actix::{Addr, Recipient};
use dashmap::DashMap;
use tokio::sync::Notify;

pub(super) use dispatch::undelivered;

use super::{
    actor::ShardActor,
    admission::Admission,
    directory::{Directory, Report, Scope, SharedRoom},
    inbox::Inbox,
    local::Shard,
    monitor::Monitor,
    observer::Observer,
    pulse::Pulse,
    uplink::Uplinks,
    watch::{self, OnWorkerBlocked},
    workers::{MAX_WORKERS, Workers},
};
use crate::{
    config::{Config, SlowConsumer},
    event::OnAnyOutgoing,
    id::WorkerId,
    metrics::Metrics,
    protocol::socket_io::parser::Parser,
};

/// Starts the supervisor of a room, unless another thread is about to; the room layer provides it.
pub(crate) type Supervise = fn(&Arc<Node>, &Arc<SharedRoom>) -> Option<Recipient<Report>>;

/// What the hub gives to its node.
pub(crate) struct Parts {
    pub(crate) config: Config,
    /// `None` is the default parser.
    pub(crate) parser: Option<Box<dyn Parser>>,
    pub(crate) on_any_outgoing: Option<OnAnyOutgoing>,
    pub(crate) on_worker_blocked: Option<OnWorkerBlocked>,
    pub(crate) supervise: Supervise,
    pub(crate) metrics: Arc<Metrics>,
    /// Set where the hub has an adapter.
    pub(crate) uplinks: Option<Arc<dyn Uplinks>>,
    /// Set where the hub can be watched.
    pub(crate) monitor: Option<Arc<Monitor>>,
}

pub(crate) struct Node {
    id: u64,
    pub(crate) config: Config,
    /// `None` is the default parser.
    pub(crate) parser: Option<Box<dyn Parser>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) directory: Directory,
    pub(crate) supervise: Supervise,
    pub(crate) on_any_outgoing: Option<OnAnyOutgoing>,
    pub(super) on_worker_blocked: Option<OnWorkerBlocked>,
    pub(crate) uplinks: Option<Arc<dyn Uplinks>>,
    pub(crate) monitor: Option<Arc<Monitor>>,
    pub(crate) admission: Admission,
    /// Takes no new connections.
    pub(crate) draining: AtomicBool,
    /// It has begun to drain.
    pub(super) drains: Notify,
    /// Empty until the hub has been built.
    pub(crate) observer: OnceLock<Arc<dyn Observer>>,
    /// A connection has ended.
    pub(crate) ended: Notify,
    workers: DashMap<WorkerId, Arc<Remote>>,
    next_worker: AtomicU16,
}

/// A worker as other threads see it.
struct Remote {
    shard: Addr<ShardActor>,
    inbox: Arc<Inbox>,
    pulse: Arc<Pulse>,
}

thread_local! {
    /// The shards of this thread: one for each hub that serves here.
    static HERE: RefCell<Vec<(u64, Rc<Shard>)>> = const { RefCell::new(Vec::new()) };
}

/// The shards of a worker that shares its thread with others, while it does not run.
#[cfg(feature = "testing")]
#[derive(Default)]
pub(crate) struct Shelf(Vec<(u64, Rc<Shard>)>);

#[cfg(feature = "testing")]
impl Shelf {
    /// Runs `work` with these shards as those of the thread.
    pub(crate) fn lend<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let swap =
            |shelf: &mut Self| HERE.with_borrow_mut(|here| std::mem::swap(here, &mut shelf.0));
        swap(self);
        let result = work();
        swap(self);
        result
    }
}

impl Node {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let Parts {
            config,
            parser,
            on_any_outgoing,
            on_worker_blocked,
            supervise,
            metrics,
            uplinks,
            monitor,
        } = parts;
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            admission: Admission::new(&config),
            config,
            parser,
            metrics,
            directory: Directory::default(),
            supervise,
            on_any_outgoing,
            on_worker_blocked,
            uplinks,
            monitor,
            draining: AtomicBool::new(false),
            drains: Notify::new(),
            observer: OnceLock::new(),
            ended: Notify::new(),
            workers: DashMap::new(),
            next_worker: AtomicU16::new(0),
        })
    }

    /// The shard of this thread, if this thread serves this hub.
    pub(crate) fn local(&self) -> Option<Rc<Shard>> {
        HERE.try_with(|here| {
            let here = here.try_borrow().ok()?;
            let (_, shard) = here.iter().find(|(node, _)| *node == self.id)?;
            Some(Rc::clone(shard))
        })
        .ok()
        .flatten()
    }

    /// The shard of this thread, started if there is none; `None` when the hub has as many workers
    /// as it can. Must be called on a thread with a local task set.
    pub(crate) fn local_or_start(self: &Arc<Self>) -> Option<Rc<Shard>> {
        if let Some(shard) = self.local() {
            return Some(shard);
        }
        let worker = self.free_worker()?;
        let inbox = Arc::new(Inbox::default());
        let pulse = Arc::new(Pulse::new(watch::beat(self.config.blocked_worker_after)));
        let shard = Shard::new(
            Arc::clone(self),
            worker,
            Arc::clone(&inbox),
            Arc::clone(&pulse),
        );
        let shard = Rc::new(shard);
        let remote = Remote {
            shard: ShardActor::start_for(&shard),
            inbox,
            pulse,
        };
        self.workers.insert(worker, Arc::new(remote));
        HERE.with_borrow_mut(|here| here.push((self.id, Rc::clone(&shard))));
        self.run_here();
        Some(shard)
    }

    /// The shard is not this thread's any more.
    pub(super) fn forget_local(shard: &Shard) {
        HERE.with_borrow_mut(|here| here.retain(|(_, known)| !std::ptr::eq(&**known, shard)));
    }

    /// Whether it is the namespace of those who watch the hub.
    pub(crate) fn is_monitors(&self, scope: &Scope) -> bool {
        let monitor = self.monitor.as_ref();
        monitor.is_some_and(|monitor| monitor.is_own(scope.id))
    }

    /// What becomes of events of this namespace that do not say it, when a client reads too slowly.
    pub(crate) fn slow_consumer(&self, scope: &Scope) -> SlowConsumer {
        match self.is_monitors(scope) {
            // Who watches does without some of it, and stays.
            true => SlowConsumer::DropNewest,
            false => self.config.slow_consumer,
        }
    }

    /// Runs what has to run on some worker on this one, unless it runs elsewhere.
    pub(crate) fn run_here(&self) {
        if let Some(uplinks) = &self.uplinks {
            Arc::clone(uplinks).run_here();
        }
        if let Some(observer) = self.observer.get() {
            Arc::clone(observer).run_here();
        }
        if let Some(monitor) = &self.monitor {
            monitor.run_here();
        }
    }

    /// A number that no living worker has.
    fn free_worker(&self) -> Option<WorkerId> {
        #[expect(clippy::cast_possible_truncation, reason = "256")]
        let all = MAX_WORKERS as u16;
        (0..all)
            .map(|_| WorkerId(self.next_worker.fetch_add(1, Ordering::Relaxed) % all))
            .find(|worker| !self.workers.contains_key(worker))
    }

    /// Those that have started.
    pub(crate) fn all_workers(&self) -> Workers {
        let mut workers = Workers::default();
        for entry in &self.workers {
            workers.add(*entry.key());
        }
        workers
    }

    /// Whether the worker takes commands.
    pub(crate) fn has_worker(&self, worker: WorkerId) -> bool {
        self.workers.contains_key(&worker)
    }

    /// How the workers are that have started.
    pub(crate) fn pulses(&self) -> Vec<(WorkerId, Arc<Pulse>)> {
        let workers = self.workers.iter();
        workers
            .map(|entry| (*entry.key(), Arc::clone(&entry.pulse)))
            .collect()
    }

    /// A worker thread has ended, well or not.
    pub(crate) fn worker_gone(&self, worker: WorkerId) {
        self.workers.remove(&worker);
    }
}
