//! Acknowledgements that the server asked for, from one socket or from many.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{Event, Payload, decode_ack};
use crate::{error::AckError, id::SocketId, protocol::socket_io};

/// What the answers to one emit may take together, in bytes. Clients choose how much they answer.
const MAX_ANSWERS_BYTES: usize = 64 << 20;

/// What one socket answered: the argument list of its ack, without the brackets.
#[derive(Debug)]
pub(crate) struct Answer {
    /// `None` for one of another node, which does not tell.
    pub(crate) socket: Option<SocketId>,
    pub(crate) args: Box<str>,
    pub(crate) attachments: Vec<Bytes>,
}

impl Answer {
    fn size(&self) -> usize {
        let attached: usize = self.attachments.iter().map(Bytes::len).sum();
        size_of::<Self>() + self.args.len() + attached
    }

    /// The answer to an event of this type.
    pub(crate) fn decode<E>(self) -> Result<E::Ack, AckError>
    where
        E: Event,
        E::Ack: DeserializeOwned,
    {
        let payload = Payload {
            args: socket_io::elements(&self.args),
            attachments: &self.attachments,
        };
        decode_ack::<E>(payload).map_err(|source| AckError::Decode {
            event: E::NAME,
            source,
        })
    }
}

/// Answers of other nodes that may come before it is known how many clients they have asked.
const EARLY_ANSWERS: usize = 1024;

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
        let state = State {
            uncounted: workers.try_into().unwrap_or(isize::MAX),
            ..State::default()
        };
        Arc::new(Self {
            state: Mutex::new(state),
            relay: None,
            closed: AtomicBool::new(false),
            begun: Instant::now(),
        })
    }

    /// One that passes everything on, until then.
    pub(crate) fn relaying(workers: usize, to: impl Relay + 'static, until: Instant) -> Arc<Self> {
        let state = State {
            uncounted: workers.try_into().unwrap_or(isize::MAX),
            ..State::default()
        };
        let collector = Self {
            state: Mutex::new(state),
            relay: Some((Box::new(to), until)),
            closed: AtomicBool::new(false),
            begun: Instant::now(),
        };
        if workers == 0 {
            collector.relay_count(0);
        }
        Arc::new(collector)
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
}

/// What has come of the answers to an emit.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) answers: Vec<Answer>,
    /// Every receiver has answered or gone.
    pub(crate) complete: bool,
    /// Receivers that are there and did not answer in time.
    pub(crate) unanswered: u64,
    receivers: usize,
}

impl Gathered {
    /// The answer of the only socket that was asked; `is_there` tells whether it still is.
    pub(crate) fn one(self, is_there: bool) -> Result<Answer, AckError> {
        self.answers.into_iter().next().ok_or(match self.complete {
            false => AckError::Timeout,
            true if self.receivers == 0 && is_there => AckError::NotSent,
            true => AckError::Disconnected,
        })
    }
}

/// Waits for the answers of a collector; nobody does any more once this is dropped.
pub(crate) struct Answers(Arc<Collector>);

impl Answers {
    /// What came within `timeout`.
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up; later ones are ignored.
    pub(crate) async fn within(self, timeout: Duration) -> Gathered {
        let complete = poll_fn(|cx| {
            let mut state = self.0.lock();
            if state.complete() {
                return Poll::Ready(());
            }
            state.waiting = Some(cx.waker().clone());
            Poll::Pending
        });
        let complete = tokio::time::timeout(timeout, complete).await.is_ok();
        let mut state = self.0.lock();
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
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn answer() -> Answer {
        Answer {
            socket: SocketId::random().ok(),
            args: "1".into(),
            attachments: Vec::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_every_worker_has_counted_and_every_receiver_answered_or_gone() {
        let collector = Collector::new(2);
        collector.counted(1);
        collector.answer(answer());
        let wait = tokio::spawn(collector.answers().within(Duration::from_secs(3600)));
        tokio::task::yield_now().await;
        assert!(!wait.is_finished(), "the second worker has not counted");
        collector.counted(2);
        collector.answer(answer());
        collector.gone();
        let gathered = wait.await.unwrap();
        assert_eq!((gathered.answers.len(), gathered.complete), (2, true));
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_timeout_it_gives_what_came_and_closes() {
        let collector = Collector::new(1);
        collector.counted(2);
        collector.answer(answer());
        let gathered = collector.answers().within(Duration::from_secs(1)).await;
        assert_eq!((gathered.answers.len(), gathered.complete), (1, false));
        assert_eq!(gathered.unanswered, 1);
        assert!(collector.closed());
    }

    /// Counts what it is told.
    struct Told(Arc<Mutex<Vec<usize>>>);

    impl Relay for Told {
        fn counted(&self, receivers: usize) {
            self.0.lock().unwrap().push(receivers);
        }

        fn answer(&self, _: Answer) {}
    }

    #[test]
    fn workers_that_count_at_the_same_time_are_told_of_once() {
        for _ in 0..2_000 {
            let told = Arc::<Mutex<Vec<usize>>>::default();
            let until = Instant::now() + Duration::from_secs(3600);
            let collector = Collector::relaying(2, Told(Arc::clone(&told)), until);
            std::thread::scope(|threads| {
                threads.spawn(|| collector.counted(1));
                threads.spawn(|| collector.counted(2));
            });
            assert_eq!(*told.lock().unwrap(), [3]);
        }
    }

    #[test]
    fn other_nodes_give_no_more_answers_than_they_have_clients() {
        let collector = Collector::new(0);
        collector.counted(3);
        let taken = (0..5_000).filter(|_| collector.answer_from_afar(answer()));
        assert_eq!(taken.count(), 3 + EARLY_ANSWERS);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_much_together_is_left_out_and_told() {
        let large = Bytes::from(vec![0; MAX_ANSWERS_BYTES / 2]);
        let answer = || Answer {
            attachments: vec![large.clone()],
            ..answer()
        };
        let collector = Collector::new(1);
        collector.counted(3);
        (0..3).for_each(|_| collector.answer(answer()));
        let gathered = collector.answers().within(Duration::from_secs(1)).await;
        assert_eq!((gathered.answers.len(), gathered.complete), (1, false));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_to_answer_is_complete_at_once() {
        let collector = Collector::new(1);
        collector.counted(0);
        assert!(
            collector
                .answers()
                .within(Duration::from_secs(1))
                .await
                .complete
        );
    }
}
