//! Changes between the connection's task and the one that takes them in.

use std::sync::Arc;

use tokio::sync::{
    Notify,
    mpsc::{self, error::TrySendError},
};

/// Changes that wait to be taken in, about a page each at most.
const MAX_BEHIND: usize = 4096;

/// Where changes are put; never waits.
pub(super) struct Inlet<T> {
    waiting: mpsc::Sender<T>,
    overflowed: Arc<Notify>,
}

/// Where they are taken.
pub(super) struct Outlet<T> {
    waiting: mpsc::Receiver<T>,
    overflowed: Arc<Notify>,
}

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<T> {
    /// The next one.
    Change(T),
    /// Some did not fit, wherever in between.
    Overflow,
}

pub(super) fn backlog<T>() -> (Inlet<T>, Outlet<T>) {
    bounded(MAX_BEHIND)
}

fn bounded<T>(bound: usize) -> (Inlet<T>, Outlet<T>) {
    let (sender, receiver) = mpsc::channel(bound);
    let overflowed = Arc::new(Notify::new());
    let inlet = Inlet {
        waiting: sender,
        overflowed: Arc::clone(&overflowed),
    };
    let outlet = Outlet {
        waiting: receiver,
        overflowed,
    };
    (inlet, outlet)
}

impl<T> Inlet<T> {
    pub(super) fn put(&self, change: T) {
        if let Err(TrySendError::Full(_)) = self.waiting.try_send(change) {
            self.overflowed.notify_one();
        }
    }
}

impl<T> Outlet<T> {
    /// `None` once nothing is put any more. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Heard<T>> {
        tokio::select! {
            // What did fit comes first, so that one overflow is told once.
            biased;
            change = self.waiting.recv() => change.map(Heard::Change),
            () = self.overflowed.notified() => Some(Heard::Overflow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn what_did_not_fit_is_told_though_nothing_follows() {
        let (inlet, mut outlet) = bounded(2);
        for change in 1..=3 {
            inlet.put(change);
        }
        for expected in [Heard::Change(1), Heard::Change(2), Heard::Overflow] {
            assert_eq!(outlet.next().await, Some(expected));
        }
        inlet.put(4);
        assert_eq!(outlet.next().await, Some(Heard::Change(4)), "once");
        drop(inlet);
        assert_eq!(outlet.next().await, None);
    }
}
