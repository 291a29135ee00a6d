//! What is on its way to Redis: filled from any thread without waiting, bounded in bytes.
//!
//! A command goes out on the thread that gives it when nothing else is on its way to its master,
//! before the caller does anything else; otherwise the master's task writes it together with its
//! neighbours. While Redis is away commands wait, up to the bound.

mod answers;
mod connection;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Instant,
};

use ::metrics::Histogram;
use bytes::{Buf, Bytes};
use tokio::sync::Notify;

use super::{
    line::{Entry, Line},
    options::OutboxPolicy,
    socket::Socket,
    topology::Topology,
    waiting,
};
use crate::{
    cluster::adapter::PublishError,
    metrics::{Metrics, publish_duration},
};

pub(super) struct Outbox {
    state: Mutex<State>,
    max_bytes: usize,
    policy: OutboxPolicy,
    metrics: Arc<Metrics>,
    published: Histogram,
    /// Redis has told us to ask another server.
    misdirected: Notify,
}

/// A command and how it is to be treated.
pub(super) struct Command {
    /// As it is written: RESP.
    pub(super) bytes: Bytes,
    /// The slot of its key or channel.
    pub(super) slot: u16,
    /// Sent again if the connection breaks before its reply: it may be executed twice.
    pub(super) resend: bool,
    /// Someone waits for an answer: refused rather than dropped.
    pub(super) awaited: bool,
}

struct State {
    /// One for each master; while Redis is away one for all.
    lines: Vec<Line>,
    /// `None` while Redis is away.
    topology: Option<Topology>,
    /// Counts the connections, so that who comes back from a write to an earlier one is known.
    epoch: u64,
    next: u64,
    closed: bool,
    /// No more is written to the present connections.
    stopped: bool,
    /// What Redis said when it told us to ask another server.
    elsewhere: Option<String>,
    /// When the log last told that something was refused.
    refusal_told: Option<Instant>,
}

/// A line of the present connection.
#[derive(Clone, Copy)]
pub(super) struct LineId {
    epoch: u64,
    index: usize,
}

impl Outbox {
    pub(super) fn new(max_bytes: usize, policy: OutboxPolicy, metrics: Arc<Metrics>) -> Self {
        Self {
            state: Mutex::new(State {
                lines: vec![Line::default()],
                topology: None,
                epoch: 0,
                next: 0,
                closed: false,
                stopped: false,
                elsewhere: None,
                refusal_told: None,
            }),
            max_bytes,
            policy,
            metrics,
            published: publish_duration(),
            misdirected: Notify::new(),
        }
    }

    // Held for a few instructions, never while something is written.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a command over.
    ///
    /// # Errors
    /// If it does not fit and is not to be dropped, or after [`close`](Self::close).
    pub(super) fn push(&self, command: Command) -> Result<(), PublishError> {
        let mut state = self.lock();
        if state.closed {
            return Err(PublishError::Closed);
        }
        let entry = Entry {
            number: state.next,
            command: command.bytes,
            slot: command.slot,
            resend: command.resend,
            awaited: command.awaited,
            counted: true,
        };
        state.next += 1;
        if !self.make_room(&mut state, entry.weight()) {
            let refused = command.awaited || self.policy == OutboxPolicy::Refuse;
            self.metrics.cluster_dropped.add(match refused {
                true => "outbox_refused",
                false => "outbox_full_newest",
            });
            return match refused {
                true => Err(PublishError::Full),
                false => Ok(()),
            };
        }
        let index = state.line_of(entry.slot);
        self.put(state, index, entry);
        Ok(())
    }

    /// Whether there is room now. A command may be larger than the bound if it waits alone.
    fn make_room(&self, state: &mut State, weight: usize) -> bool {
        loop {
            let waiting = state.weight();
            if waiting == 0 || waiting + weight <= self.max_bytes {
                return true;
            }
            if self.policy != OutboxPolicy::DropOldest {
                return false;
            }
            let lines = state
                .lines
                .iter_mut()
                .filter(|line| line.oldest().is_some());
            let oldest = lines.min_by_key(|line| line.oldest());
            let Some(dropped) = oldest.and_then(Line::drop_oldest) else {
                return false;
            };
            if dropped.counted {
                self.metrics.cluster_dropped.add("outbox_full_oldest");
            }
        }
    }

    fn put(&self, mut state: MutexGuard<'_, State>, index: usize, entry: Entry) {
        let epoch = state.epoch;
        let Some(line) = state.lines.get_mut(index) else {
            return;
        };
        line.push(entry);
        if !line.is_quiet() {
            let waker = line.waker.take();
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
            return;
        }
        let id = LineId { epoch, index };
        if let Some((socket, bytes)) = state.take(id) {
            drop(state);
            // An error is the reading task's to notice.
            let written = socket.try_write(&bytes).unwrap_or(0);
            self.put_back(id, bytes, written, true);
        }
    }

    fn put_back(&self, id: LineId, mut bytes: Bytes, written: usize, wake: bool) {
        bytes.advance(written.min(bytes.len()));
        let mut state = self.lock();
        let Some(line) = state.line(id) else {
            return;
        };
        line.put_back(bytes);
        let waker = match wake && line.has_more() {
            true => line.waker.take(),
            false => None,
        };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Writes what waits for a master, as long as its task polls this.
    pub(super) fn poll_write(&self, id: LineId, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let (socket, bytes) = {
                let mut state = self.lock();
                if let Some(line) = state.line(id) {
                    line.waker = Some(cx.waker().clone());
                }
                match state.take(id) {
                    Some(job) => job,
                    None => return Poll::Pending,
                }
            };
            let written = socket.poll_write(cx, &bytes);
            let taken = match &written {
                Poll::Ready(Ok(taken)) => *taken,
                _ => 0,
            };
            self.put_back(id, bytes, taken, false);
            match written {
                Poll::Ready(Err(error)) => return Poll::Ready(error),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    /// Tells the figures how much waits, until it is dropped.
    pub(super) async fn tell(&self) {
        waiting::tell(&self.metrics, || self.lock().weight()).await;
    }

    /// Whether everything has been sent and answered.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().lines.iter().all(Line::is_idle)
    }
}

impl State {
    fn weight(&self) -> usize {
        self.lines.iter().map(Line::weight).sum()
    }

    fn line_of(&self, slot: u16) -> usize {
        self.topology
            .as_ref()
            .map_or(0, |topology| topology.master_of(slot))
    }

    fn line(&mut self, id: LineId) -> Option<&mut Line> {
        match self.epoch == id.epoch {
            true => self.lines.get_mut(id.index),
            false => None,
        }
    }

    /// What is to be written next, and where.
    fn take(&mut self, id: LineId) -> Option<(Arc<Socket>, Bytes)> {
        let stopped = self.stopped;
        let line = self.line(id)?;
        if stopped && !line.has_begun() {
            return None;
        }
        let socket = line.socket.clone()?;
        Some((socket, line.take()?))
    }
}
