//! Sessions on their way: kept, taken, handed over, forgotten.

use std::sync::{Arc, atomic::Ordering};

use tokio::time::Instant;

use super::RecoveryStore;
use crate::{
    id::{PrivateId, SlotKey, SocketId},
    shard::{
        directory::{Address, Scope},
        node::Node,
        retained::{Found, HandedOver, Retained, Saved},
    },
};

impl RecoveryStore {
    /// The socket is there, and its client may come back to it.
    pub(crate) fn enter(&self, pid: PrivateId, place: Address) {
        self.retained().enter(pid, place);
    }

    /// The socket that lived in this slot will not come back.
    pub(crate) fn forget(&self, pid: PrivateId, slot: SlotKey) {
        self.retained().forget(pid, slot);
    }

    /// Nobody comes back here any more: the hub shuts down, or is dropped. What is kept of a dynamic
    /// namespace holds that, and with it this store.
    pub(crate) fn forget_all(&self) {
        let mut retained = self.retained();
        let before = retained.len();
        let gone = retained.take_saved();
        if let Some(shared) = &self.shared {
            shared.sessions.change(before, 0);
        }
        drop(retained);
        // The application's values are dropped without the lock.
        drop(gone);
    }

    /// Takes the session that a client shows this for, on the connection in this slot.
    pub(crate) fn take(&self, pid: PrivateId, slot: SlotKey) -> Found {
        self.take_from(&mut self.retained(), pid, slot)
    }

    pub(super) fn take_from(
        &self,
        retained: &mut Retained,
        pid: PrivateId,
        slot: SlotKey,
    ) -> Found {
        let before = retained.len();
        let found = retained.take(pid, slot);
        if let Some(shared) = &self.shared {
            shared.sessions.change(before, retained.len());
        }
        found
    }

    /// A session is given back by whom it was lent to. It is kept, unless the caller is told what
    /// else to do with it.
    pub(in crate::shard) fn hand_over(
        &self,
        node: &Node,
        scope: &Arc<Scope>,
        mut session: Saved,
    ) -> Option<HandedOver> {
        // Encoded before anyone waits for the lock.
        let before = session.copy;
        let keeping = scope.shared_log().map(|log| {
            session.copy = SocketId::random().ok();
            let left = session.until.saturating_duration_since(Instant::now());
            log.keeping(&session, left)
        });
        let mut retained = self.retained();
        // Read under the lock: what gets in before is taken out by `forget_all`.
        let draining = node.draining.load(Ordering::Acquire);
        match keeping {
            // Before anyone can find it here, who asks there as well.
            Some(keep) if retained.would_keep(session.pid) => keep(),
            _ => session.copy = before,
        }
        // Who has come back here already takes it along when it is told to go.
        if draining && !retained.is_awaited(session.pid) {
            drop(retained);
            return Some(HandedOver::Revoked(session));
        }
        let before = retained.len();
        let handed_over = retained.hand_over(session);
        if handed_over.is_some() {
            return handed_over;
        }
        let trimmed = self.trim_retained(&mut retained, before);
        self.keep_swept(scope);
        drop(retained);
        node.metrics.recovery_sessions_evicted.add(trimmed.evicted);
        None
    }

    /// Nobody will come back to a session whose ticket the caller has.
    pub(in crate::shard) fn revoke(&self, pid: PrivateId) {
        self.retained().revoke(pid);
    }
}
