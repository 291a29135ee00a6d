//! Who waits for which event of a socket.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::oneshot;

use crate::event::RawEvent;

/// Shared between the connection, which hands events over, and the tasks that wait for them.
#[derive(Default)]
pub(crate) struct Waiters {
    /// Someone waits, or an event that was given back does. Written under the lock, and read without it for every event that arrives.
    any: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In the order in which they began to wait.
    waiting: Vec<Waiter>,
    /// Handed over to a task that had stopped waiting.
    returned: Vec<RawEvent>,
    /// The socket has gone.
    closed: bool,
}

struct Waiter {
    event: &'static str,
    sender: oneshot::Sender<RawEvent>,
}

impl Waiters {
    // The lock is held for a few instructions and never across an await or foreign code.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        let any = !state.waiting.is_empty() || !state.returned.is_empty();
        self.any.store(any, Ordering::Release);
        result
    }

    /// Where the next event of this name will arrive; closed when the socket has gone.
    pub(super) fn wait(&self, event: &'static str) -> oneshot::Receiver<RawEvent> {
        let (sender, receiver) = oneshot::channel();
        self.change(|state| {
            if !state.closed {
                state.waiting.push(Waiter { event, sender });
            }
        });
        receiver
    }

    pub(super) fn forget_closed(&self) {
        self.change(|state| state.waiting.retain(|w| !w.sender.is_closed()));
    }

    /// Takes an event back; false if the socket has gone.
    pub(super) fn give_back(&self, event: RawEvent) -> bool {
        self.change(|state| {
            if !state.closed {
                state.returned.push(event);
            }
            !state.closed
        })
    }

    /// Nothing more will come; how many events nobody will get.
    pub(super) fn close(&self) -> usize {
        self.change(|state| {
            state.closed = true;
            state.waiting.clear();
            std::mem::take(&mut state.returned).len()
        })
    }

    pub(crate) fn expect(&self, event: &str) -> bool {
        if !self.any.load(Ordering::Acquire) {
            return false;
        }
        let state = self.lock();
        // What was given back is older than this one, and has its turn first.
        !state.returned.is_empty() || state.waiting.iter().any(|waiter| waiter.event == event)
    }

    /// Hands over what is queued and waited for, in order of arrival; what was given back goes
    /// to the front before.
    pub(crate) fn serve(&self, queue: &mut VecDeque<RawEvent>) {
        self.change(|state| {
            for event in state.returned.drain(..).rev() {
                queue.push_front(event);
            }
            let mut at = 0;
            while let Some(event) = queue.get(at) {
                let mut waiting = state.waiting.iter();
                let Some(waiter) = waiting.position(|waiter| waiter.event == event.name()) else {
                    at += 1;
                    continue;
                };
                let sender = state.waiting.remove(waiter).sender;
                if let Some(event) = queue.remove(at)
                    && let Err(event) = sender.send(event)
                {
                    // Has stopped waiting: for the next one.
                    queue.insert(at, event);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::event::{Incoming, Payload};

    fn event(name: &str, args: &str) -> RawEvent {
        let payload = Payload {
            args,
            attachments: &[],
        };
        let ack = None;
        Incoming { name, payload, ack }.into()
    }

    #[test]
    fn the_oldest_event_goes_to_whoever_waits_longest() {
        let waiters = Waiters::default();
        let [mut first, gone, mut second] = ["a", "a", "a"].map(|name| waiters.wait(name));
        drop(gone);
        assert!(waiters.expect("a") && !waiters.expect("b"));
        let mut queue = VecDeque::from([event("b", "0"), event("a", "1"), event("a", "2")]);
        queue.push_back(event("a", "3"));
        assert!(waiters.give_back(event("c", "4")));
        waiters.serve(&mut queue);
        assert_eq!(first.try_recv().unwrap().json(), "[1]");
        assert_eq!(second.try_recv().unwrap().json(), "[2]");
        let left: Vec<_> = queue.iter().map(RawEvent::json).collect();
        assert_eq!(left, ["[4]", "[0]", "[3]"]);
    }

    #[test]
    fn an_event_that_nobody_waits_for_takes_no_lock() {
        let waiters = Waiters::default();
        drop(waiters.wait("a"));
        waiters.forget_closed();
        let _held = waiters.lock();
        assert!(!waiters.expect("a"));
    }

    #[test]
    fn who_waits_when_the_socket_goes_gets_nothing() {
        let waiters = Waiters::default();
        let mut before = waiters.wait("a");
        assert!(waiters.give_back(event("a", "1")));
        assert_eq!(waiters.close(), 1);
        assert!(before.try_recv().is_err());
        assert!(waiters.wait("a").try_recv().is_err());
        assert!(!waiters.expect("a") && !waiters.give_back(event("a", "2")));
    }
}
