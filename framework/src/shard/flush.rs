//! Writing: in slices, so that a room of thousands does not hold up everyone else.

use std::{
    future::{Future, poll_fn},
    rc::Weak,
    task::{Context, Poll},
};

use tokio::time::{Instant, sleep_until};

use super::{
    deadlines::{Due, Expired, IDLE_PARTS},
    local::Shard,
    slot::{Heartbeat, Notice},
    state::State,
};
use crate::{error::DisconnectReason, id::SlotKey, transport::frame::Frame};

/// Outboxes written before others get their turn.
const SLICE: usize = 256;

impl Shard {
    /// Stages what is pending and writes one slice; wakes itself while something is left.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self
            .flusher
            .borrow()
            .as_ref()
            .is_some_and(|known| known.will_wake(cx.waker()))
        {
            *self.flusher.borrow_mut() = Some(cx.waker().clone());
        }
        let more = self.flush_slice();
        self.armed.set(more);
        if more {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Stages what is pending and writes one slice; whether something is left to write.
    pub(super) fn flush_slice(&self) -> bool {
        let mut state = self.state.borrow_mut();
        if !state.has_work() {
            return false;
        }
        state.stage(&self.node);
        for _ in 0..SLICE {
            let Some(slot) = state.touched.pop_front() else {
                break;
            };
            state.write(slot, &self.node.metrics);
        }
        state.count_deliveries(&self.node.metrics);
        let more = !state.touched.is_empty();
        let asked = std::mem::take(&mut state.asked);
        drop(state);
        for (collector, receivers) in asked {
            collector.counted(receivers);
        }
        self.send_reports();
        more
    }

    /// Tells the supervisors of rooms how many members they have here.
    fn send_reports(&self) {
        let reports = self.state.borrow_mut().take_reports();
        for (room, report) in reports {
            if room.name.is_none() {
                continue;
            }
            let known = room.supervisor();
            // Nobody supervises a room that has gone.
            let supervisor = match known {
                None if report.members == 0 => continue,
                // Whoever is about to supervise it asks us again.
                None => match (self.node.supervise)(&self.node, &room) {
                    Some(supervisor) => supervisor,
                    None => continue,
                },
                Some(supervisor) => supervisor,
            };
            // Gone, or taken: each clone of an address brings a slot of the mailbox with it.
            let _ = supervisor.try_send(report);
        }
    }

    /// Acts on every deadline that has passed.
    fn expire(&self, now: Instant) {
        let mut state = self.state.borrow_mut();
        while let Some(expired) = state.deadlines.expired(now) {
            let Expired {
                due,
                slot: index,
                generation,
            } = expired;
            let key = SlotKey {
                worker: self.worker,
                index,
                generation,
            };
            if state.slot(key).is_some() {
                self.due(&mut state, due, key);
            }
        }
        while let Some((slot, notice)) = state.expiries.due(now) {
            if let Some(slot) = state.slots.get(slot as usize) {
                slot.tell(notice);
            }
        }
        drop(state);
        self.arm();
    }

    fn due(&self, state: &mut State, due: Due, key: SlotKey) {
        let Some(slot) = state.slot_mut(key) else {
            return;
        };
        match due {
            Due::Ping if !slot.closing => {
                slot.heartbeat = Heartbeat::Awaiting { extended: false };
                slot.acks.retain(|ack| !ack.collector.closed());
                state.send(key.index, None, Frame::engine("2"), &self.node);
                state.await_pong(key.index);
            }
            Due::Pong => {
                slot.timeouts -= 1;
                if slot.timeouts > 0 || slot.closing || slot.heartbeat == Heartbeat::Resting {
                    return;
                }
                if slot.paused {
                    // The pong may be among what we have not read.
                    state.await_pong(key.index);
                } else {
                    slot.tell(Notice::Close(DisconnectReason::PingTimeout));
                }
            }
            Due::Connect if !slot.closing => {
                if !slot.sockets.iter().any(|seat| !seat.connecting) {
                    slot.tell(Notice::ConnectTimeout);
                }
            }
            Due::Close => slot.tell(Notice::CutOff),
            Due::DrainClose => {
                let waits = u32::try_from(slot.outbox.bytes()).unwrap_or(u32::MAX);
                if std::mem::replace(&mut slot.waited, waits) == waits {
                    slot.tell(Notice::CutOff);
                } else {
                    // It takes what waits, if slowly: only the end of the drain cuts it off.
                    state.set_deadline(Due::DrainClose, key.index);
                }
            }
            Due::Upgrade => slot.tell(Notice::UpgradeTimeout),
            Due::Idle if !slot.closing => {
                // What is not read yet may be an event.
                slot.quiet = if slot.paused { 0 } else { slot.quiet + 1 };
                // The first of them began before it was quiet.
                if slot.quiet > IDLE_PARTS {
                    slot.tell(Notice::IdleTimeout);
                } else {
                    state.set_deadline(Due::Idle, key.index);
                }
            }
            Due::Ping | Due::Connect | Due::Idle => {}
        }
    }

    /// Keeps the deadlines until the shard is gone.
    pub(super) async fn keep_time(shard: Weak<Self>) {
        let mut sleep = Box::pin(sleep_until(Instant::now()));
        let mut set = None;
        poll_fn(move |cx| {
            loop {
                let Some(shard) = shard.upgrade() else {
                    return Poll::Ready(());
                };
                *shard.clock.borrow_mut() = Some(cx.waker().clone());
                let next = {
                    let state = shard.state.borrow();
                    [state.deadlines.next(), state.expiries.next()]
                };
                let Some(next) = next.into_iter().flatten().min() else {
                    return Poll::Pending;
                };
                if set != Some(next) {
                    sleep.as_mut().reset(next);
                    set = Some(next);
                }
                if sleep.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                set = None;
                shard.expire(Instant::now());
            }
        })
        .await;
    }
}

#[cfg(test)]
mod tests;
