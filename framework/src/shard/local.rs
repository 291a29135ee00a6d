//! The shard of one worker, for whoever runs on that worker.

mod sockets;

use std::{
    cell::{Cell, RefCell, RefMut},
    rc::Rc,
    sync::Arc,
    task::Waker,
};

use actix::WeakRecipient;
use smallvec::SmallVec;

use super::{
    command::Command,
    deadlines::Due,
    handshake::Handshake,
    inbox::Inbox,
    lender::Lender,
    node::{Node, undelivered},
    pulse::Pulse,
    slot::{Heartbeat, Notice, Slot},
    state::State,
    traffic::Traffic,
};
use crate::{
    id::{NamespaceId, SlotKey, WorkerId},
    protocol::websocket::deflate::{Inflater, WindowBits},
    transport::{
        frame::Frame,
        io::Io,
        outbox::{Flushed, Outbox},
    },
};

/// Bytes read from a socket at once. One buffer serves all connections of the worker.
const SCRATCH: usize = 64 * 1024;

pub(crate) struct Shard {
    pub(crate) node: Arc<Node>,
    pub(crate) worker: WorkerId,
    pub(super) state: RefCell<State>,
    inbox: Arc<Inbox>,
    /// The read buffer.
    pub(crate) scratch: Lender<[u8]>,
    /// What inflates messages.
    pub(crate) inflater: Lender<Inflater>,
    /// The task that flushes; `armed` while it has been woken and has not run.
    pub(super) flusher: RefCell<Option<Waker>>,
    pub(super) armed: Cell<bool>,
    /// The task that keeps the deadlines.
    pub(super) clock: RefCell<Option<Waker>>,
    pub(super) pulse: Arc<Pulse>,
    pub(crate) traffic: Rc<Traffic>,
}

impl Shard {
    pub(super) fn new(
        node: Arc<Node>,
        worker: WorkerId,
        inbox: Arc<Inbox>,
        pulse: Arc<Pulse>,
    ) -> Self {
        let state = State::new(worker, &node.config);
        Self {
            inbox,
            pulse,
            traffic: Rc::clone(&state.traffic),
            state: RefCell::new(state),
            node,
            worker,
            scratch: Lender::new(|| vec![0; SCRATCH].into_boxed_slice()),
            inflater: Lender::new(|| Box::new(Inflater::new())),
            flusher: RefCell::new(None),
            armed: Cell::new(false),
            clock: RefCell::new(None),
        }
    }

    // ---- connections

    /// A connection begins: its heartbeat and its connect timeout run from now.
    pub(crate) fn open(
        &self,
        io: Io,
        connection: WeakRecipient<Notice>,
        handshake: &Arc<Handshake>,
    ) -> SlotKey {
        let mut state = self.state.borrow_mut();
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
            mark: 0,
            sockets: SmallVec::new(),
            held: None,
            acks: Vec::new(),
            task: None,
            connection,
            handshake: Arc::clone(handshake),
        });
        state.set_deadline(Due::Ping, key.index);
        state.set_deadline(Due::Connect, key.index);
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
            state.set_deadline(Due::Close, key.index);
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
        state.driving = Some(key.index);
        if let Some(slot) = state.slot_mut(key)
            && !slot
                .task
                .as_ref()
                .is_some_and(|known| known.will_wake(task))
        {
            slot.task = Some(task.clone());
        }
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
    pub(crate) fn drain(&self, key: SlotKey) -> std::io::Result<()> {
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

    pub(super) fn close_all(&self) {
        for (_, slot) in &self.state.borrow().slots {
            slot.tell(Notice::ShuttingDown);
        }
    }

    // ---- heartbeat

    /// A pong has come; whether it answers a ping.
    pub(crate) fn pong(&self, key: SlotKey) -> bool {
        let mut state = self.state.borrow_mut();
        let answers = state.pong(key);
        self.settle(state);
        answers
    }

    /// Any other packet restarts a running ping timeout, once (engine.io 6.6.12).
    pub(crate) fn heard(&self, key: SlotKey) {
        let mut state = self.state.borrow_mut();
        if let Some(slot) = state.slot_mut(key)
            && slot.heartbeat == (Heartbeat::Awaiting { extended: false })
        {
            slot.heartbeat = Heartbeat::Awaiting { extended: true };
            state.await_pong(key.index);
            self.settle(state);
        }
    }

    // ---- frames

    /// A protocol packet of the connection.
    pub(crate) fn send(&self, key: SlotKey, frame: Frame) {
        self.enqueue(key, None, frame);
    }

    /// An event of one of its sockets.
    pub(crate) fn emit(&self, key: SlotKey, namespace: NamespaceId, frame: Frame) {
        self.enqueue(key, Some(namespace), frame);
    }

    fn enqueue(&self, key: SlotKey, namespace: Option<NamespaceId>, frame: Frame) {
        let mut state = self.state.borrow_mut();
        if state.slot(key).is_none() {
            self.node.metrics.dropped_closed.add(1);
            return;
        }
        state.send(key.index, namespace, frame, &self.node);
        self.settle(state);
    }

    // ---- commands

    /// Applies a command to the sockets of this worker.
    pub(crate) fn apply(&self, command: Command) {
        self.catch_up();
        let mut state = self.state.borrow_mut();
        state.apply(&self.node, command);
        self.settle(state);
    }

    /// Leaves a command to the next [`catch_up`](Self::catch_up); false if too much waits.
    pub(super) fn put(&self, command: Command) -> bool {
        let limit = self.node.config.max_worker_backlog;
        self.inbox.put(command, limit).is_ok()
    }

    /// Applies what other threads have asked for; how many commands those were.
    ///
    /// Done before anything that changes who is where: what was emitted before is for those who
    /// were there then.
    pub(crate) fn catch_up(&self) -> usize {
        let commands = self.inbox.take();
        let count = commands.len();
        if count > 0 {
            let mut state = self.state.borrow_mut();
            for command in commands {
                state.apply(&self.node, command);
            }
            self.settle(state);
        }
        count
    }

    /// Has the members of a room reported to its supervisor, which is started if there is none.
    pub(super) fn report_again(&self, namespace: NamespaceId, name: Option<&str>) {
        let mut state = self.state.borrow_mut();
        state.report_again(namespace, name);
        self.settle(state);
    }

    /// Wakes the flusher if there is anything for it.
    pub(super) fn arm(&self) {
        if !self.armed.get() && self.state.borrow().has_work() {
            self.armed.set(true);
            if let Some(flusher) = &*self.flusher.borrow() {
                flusher.wake_by_ref();
            }
        }
    }

    /// Wakes whoever has something to do after a change.
    fn settle(&self, mut state: RefMut<'_, State>) {
        let rewind = std::mem::take(&mut state.rewind);
        let departures = std::mem::take(&mut state.departures);
        drop(state);
        if !departures.is_empty()
            && let Some(observer) = self.node.observer.get()
        {
            for departure in departures {
                departure.tell(&**observer);
            }
        }
        if rewind && let Some(clock) = &*self.clock.borrow() {
            clock.wake_by_ref();
        }
        self.arm();
    }
}

impl Drop for Shard {
    /// A worker that ends, by a panic too, leaves no members behind.
    fn drop(&mut self) {
        self.node.worker_gone(self.worker);
        for command in self.inbox.close() {
            undelivered(&command, self.worker, true);
        }
        let state = self.state.get_mut();
        state.abandon(&self.node, self.worker);
        self.traffic.end(&self.node.metrics);
    }
}

/// Shards are shared by what runs on their thread and never leave it.
pub(crate) type LocalShard = Rc<Shard>;
