//! The shard of one worker, for whoever runs on that worker.

mod connections;
mod sockets;

use std::{
    cell::{Cell, RefCell, RefMut},
    rc::Rc,
    sync::Arc,
    task::Waker,
};

use super::{
    command::{Action, Command},
    directory::Scope,
    failure::Accepted,
    inbox::Inbox,
    lender::Lender,
    monitor::watch::Watch,
    node::{Node, undelivered},
    pulse::{Pulse, Way},
    slot::Heartbeat,
    state::State,
    traffic::Traffic,
};
use crate::{
    id::{NamespaceId, SlotKey, WorkerId},
    protocol::websocket::deflate::Inflater,
    transport::frame::Frame,
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
    /// How often it was told that its connections drain.
    pub(super) drain_orders: Cell<u64>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) way: Way,
    /// It is [given up](super::failure).
    pub(super) failed: Cell<bool>,
    pub(crate) traffic: Rc<Traffic>,
    /// `None` where nobody can watch the hub.
    pub(crate) watch: Option<Rc<Watch>>,
}

impl Shard {
    pub(super) fn new(
        node: Arc<Node>,
        worker: WorkerId,
        inbox: Arc<Inbox>,
        pulse: Arc<Pulse>,
    ) -> Self {
        let mut state = State::new(worker, &node.config);
        let watch = node.monitor.as_ref();
        state.watch = watch.map(|monitor| Rc::new(Watch::new(monitor)));
        Self {
            watch: state.watch.clone(),
            inbox,
            pulse,
            way: Way::default(),
            failed: Cell::new(false),
            traffic: Rc::clone(&state.traffic),
            state: RefCell::new(state),
            node,
            worker,
            scratch: Lender::new(|| vec![0; SCRATCH].into_boxed_slice()),
            inflater: Lender::new(|| Box::new(Inflater::new())),
            flusher: RefCell::new(None),
            armed: Cell::new(false),
            clock: RefCell::new(None),
            drain_orders: Cell::new(0),
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
        let Some(slot) = state.slot_mut(key) else {
            return;
        };
        slot.quiet = 0;
        if slot.heartbeat == (Heartbeat::Awaiting { extended: false }) {
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

    /// Whether a socket of this worker may join a room; counted if not. One that has gone may: it is
    /// told so.
    pub(crate) fn may_join(&self, key: SlotKey, scope: &Scope, room: &str) -> bool {
        let state = self.state.borrow();
        state.slot(key).is_none() || state.may_join(scope, key.index, room, &self.node)
    }

    /// Leaves a command to the next [`catch_up`](Self::catch_up); false if too much waits.
    pub(super) fn put(&self, command: Command) -> bool {
        let limit = self.node.config.max_worker_backlog;
        self.inbox.put(command, limit).is_ok()
    }

    /// Applies what other threads have asked for.
    ///
    /// Done before anything that changes who is where: what was emitted before is for those who
    /// were there then.
    pub(crate) fn catch_up(&self) {
        if self.inbox.is_waiting() {
            self.apply_waiting(usize::MAX);
        }
    }

    /// Applies what waits until so much has been [done](State::effort); how much that was, and whether
    /// something still waits.
    pub(super) fn apply_waiting(&self, most: usize) -> (usize, bool) {
        let mut commands = self.inbox.take();
        if commands.is_empty() {
            return (0, false);
        }
        let mut done = 0;
        let mut state = self.state.borrow_mut();
        while done < most
            && let Some(command) = commands.next()
        {
            done = state.effort(&command).saturating_add(done);
            let accepted = Accepted::of(&command, &self.node.metrics);
            state.apply(&self.node, command);
            accepted.done();
        }
        let more = !commands.is_empty();
        // Back in its place before anyone who is told looks there.
        drop(commands);
        self.settle(state);
        (done, more)
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
        let news = std::mem::take(&mut state.news);
        drop(state);
        if !news.is_empty()
            && let Some(observer) = self.node.observer.get()
        {
            for news in news {
                news.tell(&**observer);
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
            drop(Accepted::of(&command, &self.node.metrics));
            undelivered(&command, self.worker, true);
            if let Action::Observe(_) = command.action
                && let Some(observer) = self.node.observer.get()
            {
                for socket in command.to.sockets {
                    observer.gone(socket.id);
                }
            }
        }
        let state = self.state.get_mut();
        state.give_up_pending(&self.node.metrics);
        state.abandon(&self.node, self.worker);
        self.traffic.end(&self.node.metrics);
    }
}

/// Shards are shared by what runs on their thread and never leave it.
pub(crate) type LocalShard = Rc<Shard>;
