//! Connection state recovery in a namespace: one log through which its events go, and the sessions
//! whose clients may come back (Socket.IO v5, section 8).
//!
//! A client comes back with the last offset it saw, so offsets must grow along every client's
//! stream. Under the log's lock an event gets its offset and goes into the inboxes of all workers
//! concerned, the own one's too: every inbox holds events in the order of the log. A socket is
//! restored under the same lock: what it missed is in the log, everything after that finds it in
//! its rooms.

mod following;
mod sessions;
mod sweeping;

pub(crate) use following::Reservation;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use following::Delivered;
use tokio::time::Instant;

use super::{
    command::{Action, Command, Selection},
    directory::{Address, Scope},
    local::Shard,
    log::{Audience, Log, Missed, Unavailable},
    node::Node,
    offset::Offset,
    retained::{Retained, Saved},
    shared::Shared,
    uplink::Uplink,
};
use crate::{
    config::{Config, Recovery},
    error::EmitError,
    id::{SlotKey, WorkerId},
    transport::frame::Frame,
};

/// Events that are looked through under one lock, which every emit needs, for a client that comes
/// back.
const PART: usize = 1024;

/// What every clock can add to its time; longer ones are cut to it.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

pub(crate) struct RecoveryStore {
    options: Recovery,
    /// How long events are kept.
    event_age: Duration,
    max_missed_bytes: usize,
    /// What the dynamic namespaces of the hub keep together, if this is one of them.
    shared: Option<Arc<Shared>>,
    log: Mutex<Log>,
    /// Used in place of the log where all nodes share one.
    delivered: Mutex<Delivered>,
    retained: Mutex<Retained>,
    /// A task looks after what has expired. Cleared under both locks.
    swept: AtomicBool,
}

impl RecoveryStore {
    /// The store of a namespace; `None` where recovery is off.
    pub(crate) fn new(config: &Config, shared: Option<&Arc<Shared>>) -> Option<Box<Self>> {
        let mut options = config.connection_state_recovery.clone()?;
        let longest = &mut options.max_disconnection_duration;
        *longest = FOREVER.min(*longest);
        // A connection can be dead for that long before its session is saved.
        let unnoticed = config.ping_interval.saturating_add(config.ping_timeout);
        let unnoticed = unnoticed.saturating_mul(2);
        Some(Box::new(Self {
            event_age: options.max_disconnection_duration.saturating_add(unnoticed),
            options,
            // What comes while it is being sent must find room, too: a client that is cut for that
            // would come back for more.
            max_missed_bytes: config.max_outbox_bytes / 2,
            shared: shared.cloned(),
            log: Mutex::default(),
            delivered: Mutex::default(),
            retained: Mutex::default(),
            swept: AtomicBool::new(false),
        }))
    }

    // No foreign code runs under either lock, not even the `Drop` of what a session keeps. Where
    // both are needed, the log's is taken first.
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn retained(&self) -> MutexGuard<'_, Retained> {
        self.retained.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of the newest event.
    pub(crate) fn head(&self, scope: &Scope) -> Offset {
        match scope.shared_log() {
            Some(log) => self.delivered_up_to(log),
            None => self.log().head(),
        }
    }

    /// Emits an event in the order of the log. `select` names its receivers of the moment at which
    /// it is called.
    ///
    /// A volatile event is not kept, and carries the offset of the event before it: clients take
    /// the last argument of whatever comes for their offset.
    pub(crate) fn emit(
        &self,
        node: &Node,
        scope: &Arc<Scope>,
        frame: Frame,
        to: Audience,
        select: impl FnOnce() -> Selection,
    ) -> Result<(), EmitError> {
        let shard = node.local();
        if let Some(shard) = &shard {
            shard.catch_up();
        }
        let refused = {
            let mut log = self.log();
            let stored = !frame.handling.volatile;
            let before = log.bytes();
            let frame = match stored {
                true => log.append(frame, to),
                false => frame.number(&log.head().text()),
            };
            let command = Command::new(scope, select(), Action::Emit { frame, ack: None });
            let refused = node.post(command, shard.as_deref());
            if stored {
                for worker in &refused {
                    log.lost_by(*worker);
                }
                let evicted = self.trim_log(&mut log, before);
                node.metrics.recovery_events_evicted.add(evicted as u64);
                self.keep_swept(scope);
            }
            refused.len()
        };
        if let Some(shard) = &shard {
            shard.catch_up();
        }
        node.overloaded(refused)
    }

    /// Whether an event after `since` did not reach the sockets of a worker.
    pub(crate) fn has_lost(&self, worker: WorkerId, since: Offset) -> bool {
        self.log().has_lost(worker, since) || self.has_not_delivered(worker, since)
    }

    /// Events of other nodes have not come that belong before what comes now: who was there, or was
    /// away, gets a fresh session next time.
    pub(crate) fn interrupt(&self) {
        let mut log = self.log();
        let before = log.bytes();
        let gone = log.interrupt();
        if let Some(shared) = &self.shared {
            shared.log_bytes.change(before, 0);
        }
        drop(log);
        drop(gone);
    }

    /// How much a client may have missed that comes back on this connection, whose other namespaces may
    /// have missed something as well.
    pub(crate) fn room_for_missed(&self, shard: &Shard, slot: SlotKey) -> usize {
        self.max_missed_bytes.saturating_sub(shard.unsent(slot))
    }

    /// When a session whose connection ends now expires.
    pub(crate) fn expiry(&self) -> Instant {
        Instant::now() + self.options.max_disconnection_duration
    }

    /// Gives a session its place on a new connection. What it missed since `offset` goes out before
    /// the CONNECT reply, what comes from now on behind it.
    pub(crate) fn restore(
        &self,
        shard: &Shard,
        slot: SlotKey,
        scope: &Arc<Scope>,
        session: &Saved,
        offset: Offset,
    ) -> Result<Offset, Unavailable> {
        let Saved { pid, id, rooms, .. } = session;
        let id = *id;
        let mut missed = Missed::after(offset.max(session.floor));
        let most = self.room_for_missed(shard, slot);
        let log = loop {
            let log = self.log();
            if log.gather(&mut missed, id, rooms, most, PART)? {
                break log;
            }
            drop(log);
            // It takes the lock again at once, if nobody else gets a chance.
            std::thread::yield_now();
        };
        if scope.uplink().is_some_and(Uplink::misses_events) {
            return Err(Unavailable::Gap);
        }
        shard.catch_up();
        let place = Address { slot, id };
        let waits = self.retained().enter(*pid, place);
        shard.reseat(slot, scope, id, rooms, missed.frames);
        let head = log.head();
        drop(log);
        if waits {
            self.tell_taken_over(shard, scope, place);
        }
        Ok(head)
    }

    /// Who came back meanwhile has told the connection before, which had no socket yet.
    fn tell_taken_over(&self, shard: &Shard, scope: &Arc<Scope>, place: Address) {
        let to = Selection::socket(place);
        shard.apply(Command::new(scope, to, Action::TakeOver));
    }
}

impl Drop for RecoveryStore {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            let log = self.log.get_mut().unwrap_or_else(PoisonError::into_inner);
            shared.log_bytes.change(log.bytes(), 0);
            let retained = self.retained.get_mut();
            let retained = retained.unwrap_or_else(PoisonError::into_inner);
            shared.sessions.change(retained.len(), 0);
        }
    }
}
