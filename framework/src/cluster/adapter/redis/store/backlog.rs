//! Changes between the connection's task and the one that takes them in.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{
    Notify,
    mpsc::{self, error::TrySendError},
};

/// Changes that wait to be taken in, and their bytes: one change of a key has what all its connections say.
const MAX_BEHIND: usize = 4096;
const MAX_BYTES: usize = 16 << 20;

/// Where changes are put; never waits.
pub(super) struct Inlet<T> {
    waiting: mpsc::Sender<(T, usize)>,
    bytes: Arc<AtomicUsize>,
    overflowed: Arc<Notify>,
}

/// Where they are taken.
pub(super) struct Outlet<T> {
    waiting: mpsc::Receiver<(T, usize)>,
    bytes: Arc<AtomicUsize>,
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
    let bytes = Arc::<AtomicUsize>::default();
    let inlet = Inlet {
        waiting: sender,
        bytes: Arc::clone(&bytes),
        overflowed: Arc::clone(&overflowed),
    };
    let outlet = Outlet {
        waiting: receiver,
        bytes,
        overflowed,
    };
    (inlet, outlet)
}

impl<T> Inlet<T> {
    /// A change that takes so many bytes. One alone may take more than there may be.
    pub(super) fn put(&self, change: T, bytes: usize) {
        let before = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        let sent = match before > 0 && before.saturating_add(bytes) > MAX_BYTES {
            true => Err(TrySendError::Full((change, bytes))),
            false => self.waiting.try_send((change, bytes)),
        };
        if let Err(error) = sent {
            self.bytes.fetch_sub(bytes, Ordering::AcqRel);
            if matches!(error, TrySendError::Full(_)) {
                self.overflowed.notify_one();
            }
        }
    }
}

impl<T> Outlet<T> {
    /// `None` once nothing is put any more. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Heard<T>> {
        tokio::select! {
            // What did fit comes first, so that one overflow is told once.
            biased;
            change = self.waiting.recv() => change.map(|(change, bytes)| {
                self.bytes.fetch_sub(bytes, Ordering::AcqRel);
                Heard::Change(change)
            }),
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
            inlet.put(change, 1);
        }
        for expected in [Heard::Change(1), Heard::Change(2), Heard::Overflow] {
            assert_eq!(outlet.next().await, Some(expected));
        }
        inlet.put(4, 1);
        assert_eq!(outlet.next().await, Some(Heard::Change(4)), "once");
        drop(inlet);
        assert_eq!(outlet.next().await, None);
    }

    #[actix_web::test]
    async fn few_that_are_large_do_not_fit_either() {
        let (inlet, mut outlet) = backlog();
        for change in 1..=2 {
            inlet.put(change, MAX_BYTES + 1);
            inlet.put(0, 1);
            assert_eq!(outlet.next().await, Some(Heard::Change(change)), "alone");
            assert_eq!(outlet.next().await, Some(Heard::Overflow));
        }
        for half in 0..3 {
            inlet.put(half, MAX_BYTES / 2);
        }
        for expected in [Heard::Change(0), Heard::Change(1), Heard::Overflow] {
            assert_eq!(outlet.next().await, Some(expected));
        }
    }
}
