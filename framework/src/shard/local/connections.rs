//! Connections of the worker, from their beginning to their end.

use std::{sync::Arc, task::Waker};

use actix::WeakRecipient;
use smallvec::SmallVec;

use super::Shard;
use crate::{
    error::DisconnectReason,
    id::{ClientId, SlotKey},
    protocol::websocket::deflate::WindowBits,
    shard::{
        deadlines::Due,
        handshake::Handshake,
        slot::{Heartbeat, Notice, Slot},
    },
    transport::{
        frame::Frame,
        io::Io,
        outbox::{Flushed, Outbox},
    },
};

impl Shard {
    /// A connection begins: its heartbeat and its connect timeout run from now.
    pub(crate) fn open(
        &self,
        io: Io,
        connection: WeakRecipient<Notice>,
        handshake: &Arc<Handshake>,
        client: ClientId,
    ) -> SlotKey {
        let mut state = self.state.borrow_mut();
        let swept = state.beat.wrapping_sub(1);
        let key = state.insert(|generation| Slot {
            generation,
            io,
            outbox: Outbox::default(),
            touched: false,
            closing: false,
            deflate: None,
            paused: false,
            heartbeat: Heartbeat::Resting,
            timeouts: 0,
            quiet: 0,
            waited: 0,
            swept,
            mark: 0,
            sockets: SmallVec::new(),
            held: None,
            acks: Vec::new(),
            task: None,
            connection,
            handshake: Arc::clone(handshake),
            client,
        });
        state.set_deadline(Due::Ping, key.index);
        state.set_deadline(Due::Connect, key.index);
        if self.node.config.idle_timeout.is_some() {
            state.set_deadline(Due::Idle, key.index);
        }
        if self.failed.get()
            && let Some(slot) = state.slot(key)
        {
            // Its handshake was under way.
            slot.tell(Notice::Close(DisconnectReason::TransportError));
        }
        self.settle(state);
        key
    }

    /// A WebSocket asks to take over a polling session.
    pub(crate) fn expect_upgrade(&self, key: SlotKey) {
        let mut state = self.state.borrow_mut();
        state.set_deadline(Due::Upgrade, key.index);
        self.settle(state);
    }

    /// It has taken over: what waits goes there.
    pub(crate) fn change_io(&self, key: SlotKey, io: Io, last: Option<Frame>) {
        let mut state = self.state.borrow_mut();
        if let Some(slot) = state.slot_mut(key) {
            slot.io = io;
            slot.outbox.unblock();
            if let Some(last) = last {
                slot.push(last, 0, usize::MAX, &self.traffic);
            }
        }
        state.tell_upgraded(key);
        self.settle(state);
    }

    /// The connection takes no more frames; what waits may still be written until the deadline
    /// that starts now.
    pub(crate) fn begin_close(&self, key: SlotKey) {
        let mut state = self.state.borrow_mut();
        // What was emitted before still goes out.
        state.stage(&self.node);
        if let Some(slot) = state.slot_mut(key) {
            slot.closing = true;
            slot.held = None;
            let due = match self.node.is_open() {
                Ok(()) => Due::Close,
                Err(_) => Due::DrainClose,
            };
            state.set_deadline(due, key.index);
        }
        self.settle(state);
    }

    /// The hub has begun to drain since the connection began to close: it gets no more time than others.
    pub(crate) fn close_soon(&self, key: SlotKey) {
        let mut state = self.state.borrow_mut();
        if state.slot(key).is_some() {
            state.set_deadline(Due::DrainClose, key.index);
        }
        self.settle(state);
    }

    /// The connection has ended. Its sockets must have left before.
    pub(crate) fn close(&self, key: SlotKey) {
        let mut state = self.state.borrow_mut();
        if state.slot(key).is_some() {
            // What is pending names slots by their index, which may have a new tenant soon.
            state.stage(&self.node);
            if state.driving == Some(key.index) {
                state.driving = None;
            }
            let mut slot = state.slots.remove(key.index as usize);
            drop(state);
            slot.discard(&self.node.metrics, &self.traffic);
            for expected in &slot.acks {
                expected.collector.gone();
            }
        }
    }

    /// From here until [`driven`](Self::driven) the connection's own frames wait for it.
    pub(crate) fn driving(&self, key: SlotKey, task: &Waker) {
        // What the client is about to ask for may follow from what it asks about.
        self.catch_up();
        let mut state = self.state.borrow_mut();
        // One that is over may still run handlers: its index may have a new tenant, whose frames nobody else writes.
        let Some(slot) = state.slot_mut(key) else {
            return;
        };
        let known = slot.task.as_ref();
        if !known.is_some_and(|known| known.will_wake(task)) {
            slot.task = Some(task.clone());
        }
        state.driving = Some(key.index);
    }

    /// Writes what the connection's own turn produced.
    pub(crate) fn driven(&self, key: SlotKey) {
        let mut state = self.state.borrow_mut();
        state.driving = None;
        state.count_deliveries(&self.node.metrics);
        if state.slot(key).is_some_and(|slot| !slot.touched) {
            state.write(key.index, &self.node.metrics);
        }
    }

    /// Writes what waited for the socket to be ready; the error ends the connection.
    pub(crate) fn write_out(&self, key: SlotKey) -> std::io::Result<()> {
        let mut state = self.state.borrow_mut();
        let Some(slot) = state.slot_mut(key) else {
            return Ok(());
        };
        slot.flush(&self.traffic).map(|_| ())
    }

    /// Drops what waits and cuts the connection.
    pub(crate) fn cut(&self, key: SlotKey) {
        let mut state = self.state.borrow_mut();
        if let Some(slot) = state.slot_mut(key) {
            slot.closing = true;
            slot.discard(&self.node.metrics, &self.traffic);
            slot.io.abort();
        }
    }

    /// Writes what the socket takes now; cuts the connection if that is not all.
    pub(crate) fn flush_and_cut(&self, key: SlotKey) {
        let mut state = self.state.borrow_mut();
        let Some(slot) = state.slot_mut(key) else {
            return;
        };
        match slot.flush(&self.traffic) {
            Ok(Flushed::Drained) if slot.io.delivers_alone() => slot.io.shutdown_write(),
            Ok(_) | Err(_) => {
                drop(state);
                self.cut(key);
            }
        }
    }

    /// Whether something waits, and whether it waits for the socket.
    pub(crate) fn waits(&self, key: SlotKey) -> (bool, bool) {
        let state = self.state.borrow();
        state.slot(key).map_or((false, false), |slot| {
            (!slot.outbox.is_empty(), slot.outbox.is_blocked())
        })
    }

    /// Whether somebody waits for an ack of the client.
    pub(crate) fn awaits_acks(&self, key: SlotKey) -> bool {
        let state = self.state.borrow();
        let acks = state.slot(key).map(|slot| slot.acks.iter());
        acks.is_some_and(|mut acks| acks.any(|ack| !ack.collector.closed()))
    }

    /// Whether the client can be sent something now; not a polling one between two GETs.
    pub(crate) fn can_tell(&self, key: SlotKey) -> bool {
        let state = self.state.borrow();
        let io = state.slot(key).map(|slot| &slot.io);
        !matches!(io, Some(Io::Poll(io)) if !io.is_waiting())
    }

    /// Whether the connection has stopped reading; ping timeouts do not count meanwhile.
    pub(crate) fn pause(&self, key: SlotKey, paused: bool) {
        if let Some(slot) = self.state.borrow_mut().slot_mut(key) {
            slot.paused = paused;
        }
    }

    /// What the handshake of the connection's WebSocket agreed to.
    pub(crate) fn deflate(&self, key: SlotKey, window: Option<WindowBits>) {
        if let Some(slot) = self.state.borrow_mut().slot_mut(key) {
            slot.deflate = window;
        }
    }
}
