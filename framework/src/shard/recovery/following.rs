//! A namespace whose log all nodes share: its events come from there, those of this node too.

use std::{
    collections::HashMap,
    sync::{Arc, MutexGuard, PoisonError},
};

use super::RecoveryStore;
use crate::{
    error::EmitError,
    id::{PrivateId, SlotKey, WorkerId},
    shard::{
        command::{Action, Command, Selection},
        directory::{Address, Scope},
        local::Shard,
        node::Node,
        offset::Offset,
        retained::{Found, Saved},
        shared_log::SharedLog,
    },
    transport::frame::Frame,
};

/// How far the namespace has come on this node.
#[derive(Default)]
pub(super) struct Delivered {
    /// The last event that went into the inboxes, or was not for anyone here; `None` before the
    /// first socket.
    at: Option<Offset>,
    /// The newest event that each overloaded worker did not take.
    lost: HashMap<WorkerId, Offset>,
    /// How many events were delivered that are not where the log has them.
    outside: u64,
}

impl RecoveryStore {
    // Before the other locks, and like those never held while foreign code runs.
    fn delivered(&self) -> MutexGuard<'_, Delivered> {
        self.delivered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How far it has come. From the first call on nothing is left out, so that is made before the
    /// first socket is there.
    pub(super) fn delivered_up_to(&self, log: &dyn SharedLog) -> Offset {
        let mut delivered = self.delivered();
        // Asked for under the lock: what has begun by then and comes later is not for anyone here.
        *delivered.at.get_or_insert_with(|| log.head())
    }

    /// Delivers an event of the log that has its offset in it. `select` names its receivers of the
    /// moment at which it is called.
    pub(crate) fn deliver(
        &self,
        node: &Node,
        scope: &Arc<Scope>,
        frame: Frame,
        offset: Offset,
        select: impl FnOnce() -> Selection,
    ) -> Result<(), EmitError> {
        self.put(node, scope, frame, Some(offset), select)
    }

    /// Delivers an event that has no offset yet. Sockets that are there by now cannot be restored:
    /// their clients would get it once more.
    pub(crate) fn deliver_outside(
        &self,
        node: &Node,
        scope: &Arc<Scope>,
        frame: Frame,
        select: impl FnOnce() -> Selection,
    ) -> Result<(), EmitError> {
        self.put(node, scope, frame, None, select)
    }

    /// An event of the log is not for anyone here.
    pub(crate) fn skip(&self, offset: Offset) {
        if let Some(at) = &mut self.delivered().at {
            *at = offset;
        }
    }

    /// How many events were delivered outside of the log.
    pub(crate) fn outside(&self) -> u64 {
        self.delivered().outside
    }

    fn put(
        &self,
        node: &Node,
        scope: &Arc<Scope>,
        frame: Frame,
        offset: Option<Offset>,
        select: impl FnOnce() -> Selection,
    ) -> Result<(), EmitError> {
        let shard = node.local();
        if let Some(shard) = &shard {
            shard.catch_up();
        }
        let refused = {
            let mut delivered = self.delivered();
            // Without a socket there is nobody to deliver to.
            let Some(at) = delivered.at.filter(|at| offset != Some(*at)) else {
                return Ok(());
            };
            delivered.at = offset.or(Some(at));
            delivered.outside += u64::from(offset.is_none());
            let command = Command::new(scope, select(), Action::Emit { frame, ack: None });
            let refused = node.post(command, shard.as_deref());
            for worker in &refused {
                delivered.lost.insert(*worker, offset.unwrap_or(at));
            }
            refused.len()
        };
        if let Some(shard) = &shard {
            shard.catch_up();
        }
        node.overloaded(refused)
    }

    /// Whether an event after `since` did not reach the sockets of a worker.
    pub(super) fn has_not_delivered(&self, worker: WorkerId, since: Offset) -> bool {
        let delivered = self.delivered();
        delivered
            .lost
            .get(&worker)
            .is_some_and(|lost| *lost > since)
    }

    /// Gives a session its place on a new connection, behind the event that is returned. What comes
    /// from now on is held behind the CONNECT reply; what was missed is still to be fetched. With the
    /// offset comes how many events had been [delivered outside](Self::outside) of the log by then.
    pub(crate) fn place(
        &self,
        shard: &Shard,
        slot: SlotKey,
        scope: &Arc<Scope>,
        log: &dyn SharedLog,
        session: &Saved,
    ) -> (Offset, u64) {
        let place = Address {
            slot,
            id: session.id,
        };
        let (behind, waits) = {
            let mut delivered = self.delivered();
            let at = *delivered.at.get_or_insert_with(|| log.head());
            shard.catch_up();
            let waits = self.retained().enter(session.pid, place);
            shard.reseat(slot, scope, session.id, &session.rooms, Vec::new());
            ((at, delivered.outside), waits)
        };
        if waits {
            self.tell_taken_over(shard, scope, place);
        }
        behind
    }

    /// Takes the session that a client shows this for, on the connection in this slot, or reserves
    /// its place: others who ask for it meanwhile wait for the same.
    pub(crate) fn take_or_reserve(
        &self,
        scope: &Arc<Scope>,
        pid: PrivateId,
        place: Address,
    ) -> Result<Found, Reservation> {
        let mut retained = self.retained();
        match self.take_from(&mut retained, pid, place.slot) {
            Found::Nothing => {
                retained.enter(pid, place);
                Err(Reservation {
                    scope: Arc::clone(scope),
                    pid,
                    slot: place.slot,
                    kept: false,
                })
            }
            found => Ok(found),
        }
    }
}

/// The place of a session that is being looked for elsewhere.
pub(crate) struct Reservation {
    scope: Arc<Scope>,
    pid: PrivateId,
    slot: SlotKey,
    kept: bool,
}

impl Reservation {
    /// The session was found, and a ticket speaks for it from now on.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.kept
            && let Some(store) = &self.scope.recovery
        {
            store.forget(self.pid, self.slot);
        }
    }
}
