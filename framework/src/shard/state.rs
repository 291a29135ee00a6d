//! The slots of a worker and what is done to one of them.

use std::{collections::VecDeque, rc::Rc, sync::Arc};

use slab::Slab;

use super::{
    deadlines::{Deadlines, Due, IDLE_PARTS},
    deflate::Deflaters,
    directory::{Report, SharedRoom},
    expiry::Expiries,
    held::Waiting,
    membership::{Membership, RoomIndex},
    monitor::watch::Watch,
    observer::News,
    pending::Pending,
    slot::{Heartbeat, Notice, Slot},
    traffic::Traffic,
};
use crate::{
    config::{Config, SlowConsumer},
    event::Collector,
    id::{NamespaceId, SlotKey, WorkerId},
    metrics::Metrics,
    transport::{
        frame::Frame,
        io::Io,
        outbox::{Flushed, Pushed},
    },
};

/// Everything a worker knows of its connections. Changed by plain function calls; no application
/// code runs while it is borrowed.
pub(crate) struct State {
    pub(crate) worker: WorkerId,
    pub(crate) slots: Slab<Slot>,
    pub(crate) membership: Membership,
    pub(crate) pending: Pending,
    /// Slots with something to write, in the order in which they got it.
    pub(crate) touched: VecDeque<u32>,
    pub(crate) deadlines: Deadlines,
    pub(crate) expiries: Expiries,
    /// A deadline was set that is before all others: whoever keeps time must look again.
    pub(crate) rewind: bool,
    pub(super) deflaters: Deflaters,
    /// Counts to be reported.
    pub(crate) reports: Vec<(Arc<SharedRoom>, Report)>,
    /// What the observer is to be told.
    pub(crate) news: Vec<News>,
    /// Rooms whose count changed.
    pub(crate) unreported: Vec<RoomIndex>,
    /// How many receivers each of these asks, to be told: who waits may be another node.
    pub(super) asked: Vec<(Arc<Collector>, usize)>,
    /// The slot whose connection is running: it writes its own outbox when it has done.
    pub(crate) driving: Option<u32>,
    pub(crate) epoch: u64,
    /// Counts the worker's [signs of life](super::watch), to do some things no more often.
    pub(crate) beat: u8,
    generation: u32,
    delivered: u64,
    pub(super) traffic: Rc<Traffic>,
    /// `None` where nobody can watch the hub.
    pub(super) watch: Option<Rc<Watch>>,
}

impl State {
    pub(crate) fn new(worker: WorkerId, config: &Config) -> Self {
        Self {
            worker,
            slots: Slab::new(),
            membership: Membership::default(),
            pending: Pending::default(),
            touched: VecDeque::new(),
            deadlines: Deadlines::new([
                config.ping_interval,
                config.ping_timeout,
                config.connect_timeout,
                config.close_timeout,
                config.close_timeout_when_draining(),
                config.upgrade_timeout,
                // Not set where there is none.
                config.idle_timeout.unwrap_or_default() / u32::from(IDLE_PARTS),
            ]),
            expiries: Expiries::default(),
            rewind: false,
            deflaters: Deflaters::default(),
            reports: Vec::new(),
            news: Vec::new(),
            unreported: Vec::new(),
            asked: Vec::new(),
            driving: None,
            epoch: 0,
            beat: 0,
            generation: 0,
            delivered: 0,
            traffic: Rc::default(),
            watch: None,
        }
    }

    pub(crate) fn insert(&mut self, make: impl FnOnce(u32) -> Slot) -> SlotKey {
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let index = self.slots.insert(make(generation));
        SlotKey {
            worker: self.worker,
            #[expect(
                clippy::cast_possible_truncation,
                reason = "descriptors end long before 2^32"
            )]
            index: index as u32,
            generation,
        }
    }

    /// The slot, unless its connection has gone and another may have taken its place.
    pub(crate) fn slot(&self, key: SlotKey) -> Option<&Slot> {
        let slot = self.slots.get(key.index as usize)?;
        (slot.generation == key.generation).then_some(slot)
    }

    pub(crate) fn slot_mut(&mut self, key: SlotKey) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(key.index as usize)?;
        (slot.generation == key.generation).then_some(slot)
    }

    pub(crate) fn set_deadline(&mut self, due: Due, index: u32) {
        if let Some(slot) = self.slots.get(index as usize) {
            let now = tokio::time::Instant::now();
            self.rewind |= self.deadlines.set(due, index, slot.generation, now);
        }
    }

    /// Puts a frame into the outbox of a slot, `carries` being the number of packets in it. False
    /// if its client will not get it, which has been counted.
    pub(crate) fn push(
        &mut self,
        index: u32,
        namespace: Option<NamespaceId>,
        frame: Frame,
        carries: u32,
        limit: usize,
        metrics: &Metrics,
    ) -> bool {
        let Some(slot) = self.slots.get_mut(index as usize) else {
            metrics.dropped_closed.add(carries.into());
            return false;
        };
        if slot.closing {
            metrics.dropped_closed.add(carries.into());
            return false;
        }
        if let Some(namespace) = namespace
            && slot.holds(namespace)
        {
            let waiting = Waiting { frame, carries };
            return hold(slot, namespace, waiting, limit, metrics, &self.traffic);
        }
        if frame.handling.volatile && !slot.io.takes_volatile() {
            metrics.dropped_volatile.add(carries.into());
            return false;
        }
        if !slot.outbox.has_room(&frame, limit) && !slot.outbox.is_blocked() {
            // Much was emitted at once: what the socket takes now does not make its peer slow.
            flush(slot, metrics, &self.traffic);
            if slot.closing {
                metrics.dropped_closed.add(carries.into());
                return false;
            }
        }
        if !frame.handling.compress
            && let Io::Poll(io) = &slot.io
        {
            io.keep_uncompressed();
        }
        match slot.push(frame, carries, limit, &self.traffic) {
            Pushed::Queued { replaced, dropped } => {
                metrics.replaced_latest.add(replaced as u64);
                metrics.dropped_oldest.add(dropped as u64);
            }
            Pushed::DroppedNewest => {
                metrics.dropped_newest.add(carries.into());
                return false;
            }
            Pushed::DroppedVolatile => {
                metrics.dropped_volatile.add(carries.into());
                return false;
            }
            Pushed::Overflow => {
                metrics.dropped_closed.add(carries.into());
                too_slow(slot, metrics, &self.traffic);
                return false;
            }
        }
        self.delivered += u64::from(carries);
        if !slot.touched && self.driving != Some(index) {
            slot.touched = true;
            self.touched.push_back(index);
        }
        true
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.touched.is_empty()
            || !self.pending.is_empty()
            || !self.reports.is_empty()
            || !self.unreported.is_empty()
            || !self.asked.is_empty()
    }

    /// Writes what waits for the slot.
    pub(crate) fn write(&mut self, index: u32, metrics: &Metrics) {
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return;
        };
        slot.touched = false;
        // A blocked one is written by its connection, when the socket is ready.
        if slot.outbox.is_empty() || slot.outbox.is_blocked() {
            return;
        }
        flush(slot, metrics, &self.traffic);
    }

    /// Writes what the slot's transport takes now, whoever would write it later.
    pub(super) fn write_at_once(&mut self, key: SlotKey, metrics: &Metrics) {
        let traffic = Rc::clone(&self.traffic);
        if let Some(slot) = self.slot_mut(key)
            && !slot.outbox.is_empty()
            && !slot.outbox.is_blocked()
        {
            flush(slot, metrics, &traffic);
        }
    }

    /// Figures that are too frequent to be counted one by one.
    pub(crate) fn count_deliveries(&mut self, metrics: &Metrics) {
        metrics.deliveries.add(std::mem::take(&mut self.delivered));
    }

    /// What is to be told to supervisors; older counts of a room before newer ones.
    pub(crate) fn take_reports(&mut self) -> Vec<(Arc<SharedRoom>, Report)> {
        let mut reports = std::mem::take(&mut self.reports);
        for index in std::mem::take(&mut self.unreported) {
            if let Some(room) = self.membership.room_mut(index)
                && std::mem::take(&mut room.unreported)
            {
                let report = Report {
                    worker: self.worker,
                    members: room.len(),
                };
                reports.push((Arc::clone(&room.shared), report));
            }
        }
        reports
    }

    pub(crate) fn await_pong(&mut self, index: u32) {
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return;
        };
        slot.timeouts = slot.timeouts.saturating_add(1);
        self.set_deadline(Due::Pong, index);
    }

    /// A pong has come; whether it answers a ping. An unsolicited one changes nothing: the interval
    /// that is running stays the only one.
    pub(crate) fn pong(&mut self, key: SlotKey) -> bool {
        let slot = self.slot_mut(key);
        let Some(slot) = slot.filter(|slot| slot.heartbeat != Heartbeat::Resting) else {
            return false;
        };
        slot.heartbeat = Heartbeat::Resting;
        self.set_deadline(Due::Ping, key.index);
        true
    }
}

fn flush(slot: &mut Slot, metrics: &Metrics, traffic: &Traffic) {
    match slot.flush(traffic) {
        Ok(Flushed::Drained) => {}
        Ok(Flushed::Blocked) => slot.wake(),
        Err(error) => {
            slot.closing = true;
            slot.discard(metrics, traffic);
            slot.tell(Notice::Broken(error.kind()));
        }
    }
}

/// Cuts a connection whose peer takes less than it is sent.
fn too_slow(slot: &mut Slot, metrics: &Metrics, traffic: &Traffic) {
    metrics.closed_slow.add(1);
    slot.closing = true;
    slot.discard(metrics, traffic);
    slot.io.abort();
    slot.tell(Notice::TooSlow);
}

fn hold(
    slot: &mut Slot,
    namespace: NamespaceId,
    Waiting { frame, carries }: Waiting,
    limit: usize,
    metrics: &Metrics,
    traffic: &Traffic,
) -> bool {
    if frame.handling.volatile {
        metrics.dropped_volatile.add(carries.into());
        return false;
    }
    let held = slot.held.get_or_insert_default();
    if !held.has_room(&frame, limit) {
        match frame.handling.slow_consumer {
            SlowConsumer::Close => {
                metrics.dropped_closed.add(carries.into());
                too_slow(slot, metrics, traffic);
            }
            _ => metrics.dropped_newest.add(carries.into()),
        }
        return false;
    }
    held.push(namespace, frame, carries);
    true
}
