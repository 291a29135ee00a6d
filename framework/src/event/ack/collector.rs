//! Gathers answers: workers and nodes tell it how many they have asked, and who has answered.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::Instant;

use super::{Answer, Answers, Gathered};

/// What the answers to one emit may take together, in bytes. Clients choose how much they answer.
pub(super) const MAX_ANSWERS_BYTES: usize = 64 << 20;

/// Answers of other nodes that may come before it is known how many clients they have asked.
pub(super) const EARLY_ANSWERS: usize = 1024;

/// Gathers the answers to one emit. The workers that deliver it count its receivers and pass
/// their answers on; whoever emitted waits.
///
/// It holds at most one answer for each receiver, and [`MAX_ANSWERS_BYTES`] of them.
pub(crate) struct Collector {
    state: Mutex<State>,
    /// Who is told at once instead, because the one that waits is another node.
    relay: Option<(Box<dyn Relay>, Instant)>,
    /// Nobody waits any more. Looked at for each ack that a silent client owes, so not behind the lock.
    closed: AtomicBool,
    /// When it was asked.
    begun: Instant,
}

/// Passes on what a collector is told; called on any thread, and must not block.
pub(crate) trait Relay: Send + Sync {
    /// All workers together deliver to so many.
    fn counted(&self, receivers: usize);

    fn answer(&self, answer: Answer);
}

#[derive(Default)]
struct State {
    /// Workers and nodes that have not yet said how many receivers they have; below zero while
    /// nodes have said it that were not expected yet.
    uncounted: isize,
    /// Nodes are asked whose number is not known yet.
    unknown: bool,
    /// Some could not be asked, or told that they cannot answer.
    partial: bool,
    /// Receivers that were counted.
    receivers: usize,
    /// Receivers that have neither answered nor gone.
    outstanding: isize,
    answers: Vec<Answer>,
    /// What they take.
    bytes: usize,
    waiting: Option<Waker>,
}

impl State {
    fn complete(&self) -> bool {
        self.uncounted <= 0 && !self.unknown && self.outstanding <= 0
    }
}

impl Collector {
    pub(crate) fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self::counting(workers, None))
    }

    /// One that passes everything on, until then.
    pub(crate) fn relaying(workers: usize, to: impl Relay + 'static, until: Instant) -> Arc<Self> {
        let collector = Self::counting(workers, Some((Box::new(to), until)));
        if workers == 0 {
            collector.relay_count(0);
        }
        Arc::new(collector)
    }

    fn counting(workers: usize, relay: Option<(Box<dyn Relay>, Instant)>) -> Self {
        let state = State {
            uncounted: workers.try_into().unwrap_or(isize::MAX),
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            relay,
            closed: AtomicBool::new(false),
            begun: Instant::now(),
        }
    }

    /// How long ago it was asked.
    pub(crate) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    fn relay_count(&self, receivers: usize) {
        if let Some((relay, _)) = &self.relay {
            relay.counted(receivers);
        }
    }

    // The lock is held for a few instructions and never across an await or foreign code.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let waker = {
            let mut state = self.lock();
            change(&mut state);
            if state.complete() {
                state.waiting.take()
            } else {
                None
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// One worker delivers to so many.
    pub(crate) fn counted(&self, receivers: usize) {
        let mut all = None;
        self.change(|state| {
            state.uncounted = state.uncounted.saturating_sub(1);
            state.outstanding = state.outstanding.saturating_add_unsigned(receivers);
            state.receivers = state.receivers.saturating_add(receivers);
            // Seen by one of the workers only: the last.
            all = (state.uncounted == 0).then_some(state.receivers);
        });
        if let Some(receivers) = all {
            self.relay_count(receivers);
        }
    }

    /// Other nodes are asked, too; how many, [`expect`](Self::expect) tells.
    pub(crate) fn ask_nodes(&self) {
        self.lock().unknown = true;
    }

    /// So many other nodes will count; `None` if that cannot be known.
    pub(crate) fn expect(&self, nodes: Option<usize>) {
        self.change(|state| {
            state.unknown = false;
            match nodes.and_then(|nodes| isize::try_from(nodes).ok()) {
                Some(nodes) => state.uncounted = state.uncounted.saturating_add(nodes),
                None => state.partial = true,
            }
        });
    }

    pub(crate) fn answer(&self, answer: Answer) {
        if let Some((relay, _)) = &self.relay {
            return relay.answer(answer);
        }
        self.change(|state| {
            state.outstanding -= 1;
            if self.closed.load(Ordering::Relaxed) {
                return;
            }
            let bytes = state.bytes.saturating_add(answer.size());
            // One alone is as large as a packet may be.
            if bytes > MAX_ANSWERS_BYTES && !state.answers.is_empty() {
                state.partial = true;
                return;
            }
            state.bytes = bytes;
            state.answers.push(answer);
        });
    }

    /// A client of another node has answered; false if more answer than have been counted. A few
    /// answers may come before their count.
    pub(crate) fn answer_from_afar(&self, answer: Answer) -> bool {
        {
            let state = self.lock();
            if state.answers.len() >= state.receivers.saturating_add(EARLY_ANSWERS) {
                return false;
            }
        }
        self.answer(answer);
        true
    }

    /// A receiver went away without an answer.
    pub(crate) fn gone(&self) {
        self.change(|state| state.outstanding -= 1);
    }

    /// Nobody waits any more: entries that still name this collector can be dropped.
    pub(crate) fn closed(&self) -> bool {
        match &self.relay {
            Some((_, until)) => *until <= Instant::now(),
            None => self.closed.load(Ordering::Relaxed),
        }
    }

    /// The end that waits.
    pub(crate) fn answers(self: &Arc<Self>) -> Answers {
        Answers(Arc::clone(self))
    }

    /// Whether all have been counted, and have answered or gone.
    pub(super) fn poll_complete(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.complete() {
            return Poll::Ready(());
        }
        state.waiting = Some(cx.waker().clone());
        Poll::Pending
    }

    /// What has come; `complete` is what [`poll_complete`](Self::poll_complete) has come to.
    pub(super) fn take(&self, complete: bool) -> Gathered {
        let mut state = self.lock();
        let unanswered = match complete {
            true => 0,
            false => u64::try_from(state.outstanding).unwrap_or(0),
        };
        Gathered {
            answers: std::mem::take(&mut state.answers),
            unanswered,
            complete: complete && !state.partial,
            receivers: state.receivers,
        }
    }

    /// Nobody waits any more.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}
