//! How long messages take over Redis: once a second a node publishes a message to itself and waits until it hears it. One
//! that it hears and has not published tells of another node with its name.
//!
//! It takes the way of all others: through the outbox behind what waits there, over the connection for
//! publishes, and back over the one that listens, behind what has come before. Broadcasts cannot be
//! timed instead: equal ones look the same when they are heard again, so that with several under way
//! the first to come would count for the last.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use ::metrics::Histogram;

use super::outbox::Command;
use crate::{
    cluster::{
        adapter::{Inbound, Message},
        namesake,
    },
    metrics::delivery_duration,
};

/// How often a message is sent.
pub(super) const EVERY: Duration = Duration::from_secs(1);

/// After how long one that has not come back counts as lost.
const LOST: Duration = Duration::from_secs(60);

/// So many are under way at most.
const MAX: usize = 64;

/// How the ids of the messages begin; then comes who has sent it, and a number.
const PREFIX: &str = "round-trip-";

/// The answer to a question that nobody asked, which is of no consequence if it is read after all.
pub(super) fn answer(id: &str) -> Message<'_> {
    Message::ClientCount {
        request: id.into(),
        count: 0,
    }
}

/// A message of a node to itself: on a channel that nobody else listens to.
pub(super) struct ToItself {
    /// Differs from that of any other message.
    pub(super) payload: Vec<u8>,
    /// Publishes it.
    pub(super) command: Command,
    /// Whether how long it takes is how long all others take.
    pub(super) measured: bool,
}

pub(super) struct RoundTrips {
    instance: String,
    state: Mutex<State>,
    /// Whether any are under way: looked at for each message that comes.
    any: AtomicBool,
    delivered: Histogram,
}

#[derive(Default)]
struct State {
    begun: u64,
    /// Oldest first.
    under_way: VecDeque<UnderWay>,
}

struct UnderWay {
    payload: Vec<u8>,
    at: Instant,
    measured: bool,
}

impl RoundTrips {
    pub(super) fn new() -> Self {
        Self {
            instance: namesake::instance(),
            state: Mutex::default(),
            any: AtomicBool::new(false),
            delivered: delivery_duration(),
        }
    }

    // Held for a few instructions.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be published now, if anything; `make` is told an id that was not used before.
    pub(super) fn begin(&self, make: impl FnOnce(&str) -> Option<ToItself>) -> Option<Command> {
        let mut state = self.lock();
        while let Some(first) = state.under_way.front()
            && first.at.elapsed() > LOST
        {
            state.under_way.pop_front();
        }
        if state.under_way.len() >= MAX {
            return None;
        }
        state.begun += 1;
        let id = format!("{PREFIX}{}-{}", self.instance, state.begun);
        let ToItself {
            payload,
            command,
            measured,
        } = make(&id)?;
        state.under_way.push_back(UnderWay {
            payload,
            at: Instant::now(),
            measured,
        });
        self.any.store(true, Relaxed);
        Some(command)
    }

    /// Whether this is one that has come back; then it is measured.
    pub(super) fn take_back(&self, payload: &[u8]) -> bool {
        if !self.any.load(Relaxed) {
            return false;
        }
        let mut state = self.lock();
        let is_it = |known: &UnderWay| known.payload == payload;
        let Some(index) = state.under_way.iter().position(is_it) else {
            return false;
        };
        // They come back in their order: those before it are lost.
        let came = state.under_way.drain(..=index).next_back();
        self.any.store(!state.under_way.is_empty(), Relaxed);
        drop(state);
        if let Some(came) = came
            && came.measured
        {
            self.delivered.record(came.at.elapsed());
        }
        true
    }

    /// An answer has come to this node, in its own name: tells if another one has sent it.
    pub(super) fn look_at(&self, message: &Message<'_>, inbound: &Inbound) {
        if let Message::ClientCount { request, .. } = message
            && let Some(other) = self.other(request)
        {
            inbound.namesake(&self.instance, other);
        }
    }

    /// Who else has sent this with the name of this node.
    fn other<'a>(&self, id: &'a str) -> Option<&'a str> {
        let (other, _) = id.strip_prefix(PREFIX)?.rsplit_once('-')?;
        (other != self.instance).then_some(other)
    }

    /// The connections have gone, and what was on them.
    pub(super) fn forget(&self) {
        self.lock().under_way.clear();
        self.any.store(false, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use bytes::Bytes;

    use super::*;

    fn begin(trips: &RoundTrips) -> Option<Bytes> {
        let command = trips.begin(|id| {
            Some(ToItself {
                payload: id.as_bytes().to_vec(),
                measured: true,
                command: Command {
                    bytes: Bytes::copy_from_slice(id.as_bytes()),
                    slot: 0,
                    resend: false,
                    awaited: false,
                },
            })
        });
        command.map(|command| command.bytes)
    }

    #[test]
    fn each_comes_back_once_and_those_before_it_are_lost() {
        let trips = RoundTrips::new();
        let [first, second, third] = [0; 3].map(|_| begin(&trips).unwrap());
        assert!(!trips.take_back(b"of another node"));
        assert!(trips.take_back(&second));
        assert!(!trips.take_back(&second) && !trips.take_back(&first));
        assert!(trips.take_back(&third));
        assert!(!trips.any.load(Relaxed));
    }

    #[test]
    fn who_has_the_same_name_is_told_apart() {
        let [one, other] = [RoundTrips::new(), RoundTrips::new()];
        let [first, second] = [&one, &other].map(|trips| begin(trips).unwrap());
        let id = std::str::from_utf8(&first).unwrap();
        assert!(!other.take_back(&first) && other.take_back(&second));
        assert_eq!(other.other(id), Some(&*one.instance));
        assert_eq!(one.other(id), None);
        assert_eq!(one.other("0123456789abcdef"), None);
    }

    #[test]
    fn so_many_are_waited_for_and_none_of_a_connection_that_has_gone() {
        let trips = RoundTrips::new();
        let begun: Vec<_> = std::iter::from_fn(|| begin(&trips)).take(1_000).collect();
        assert_eq!(begun.len(), MAX);
        trips.forget();
        assert!(!begun.iter().any(|payload| trips.take_back(payload)));
        assert!(begin(&trips).is_some());
    }
}
