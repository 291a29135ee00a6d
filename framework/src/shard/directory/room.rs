//! A room as all workers see it.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize},
};

use actix::{Message, Recipient};

use super::RoomName;
use crate::{
    id::{NamespaceId, WorkerId},
    shard::workers::WorkerSet,
};

/// What is known of a room on every worker.
pub(crate) struct SharedRoom {
    pub(crate) namespace: NamespaceId,
    /// `None` for everyone in the namespace.
    pub(crate) name: Option<RoomName>,
    pub(crate) workers: WorkerSet,
    /// Members on all workers, as the supervisor last counted.
    pub(crate) members: AtomicUsize,
    /// Workers to which a command that lets sockets join is on its way, once for each command.
    announced: Mutex<Vec<WorkerId>>,
    /// Someone supervises it, or is about to.
    pub(crate) claimed: AtomicBool,
    supervisor: Mutex<Option<Recipient<Report>>>,
}

impl SharedRoom {
    pub(crate) fn new(namespace: NamespaceId, name: Option<RoomName>) -> Arc<Self> {
        Arc::new(Self {
            namespace,
            name,
            workers: WorkerSet::default(),
            members: AtomicUsize::new(0),
            announced: Mutex::default(),
            claimed: AtomicBool::new(false),
            supervisor: Mutex::new(None),
        })
    }

    // Held for a few instructions, under the guard of the room's entry.
    pub(super) fn announced(&self) -> MutexGuard<'_, Vec<WorkerId>> {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out a worker without members, unless some are about to join; whether none is left.
    pub(super) fn vacated(&self, worker: WorkerId) -> bool {
        if !self.announced().contains(&worker) {
            self.workers.remove(worker);
        }
        self.workers.is_empty()
    }

    /// The address of the actor that supervises the room, while it lives.
    pub(crate) fn supervisor(&self) -> Option<Recipient<Report>> {
        let supervisor = self.supervisor.lock();
        let supervisor = supervisor.unwrap_or_else(PoisonError::into_inner);
        supervisor.as_ref().filter(|addr| addr.connected()).cloned()
    }

    pub(crate) fn supervised_by(&self, address: Recipient<Report>) {
        *self
            .supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(address);
    }
}

/// A worker tells a room's supervisor how many members it has. Absolute, so that a report that is
/// lost or comes twice does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub(crate) struct Report {
    pub(crate) worker: WorkerId,
    pub(crate) members: usize,
}
