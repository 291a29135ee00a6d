//! Whether the adapter is connected.

use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::sync::watch;

use crate::{cluster::adapter::Inbound, error::AdapterError};

/// The parts of the adapter that have to be connected, all of them, for it to be.
pub(super) struct Health {
    inbound: Inbound,
    /// Those that are not.
    down: AtomicUsize,
}

/// One of them; down until it says that it is up.
pub(super) struct Part {
    health: Arc<Health>,
    up: AtomicBool,
}

impl Health {
    pub(super) fn new(inbound: Inbound) -> Arc<Self> {
        Arc::new(Self {
            inbound,
            down: AtomicUsize::new(0),
        })
    }

    /// All parts must be there before the first is up.
    pub(super) fn part(self: &Arc<Self>) -> Part {
        self.down.fetch_add(1, Ordering::Relaxed);
        Part {
            health: Arc::clone(self),
            up: AtomicBool::new(false),
        }
    }
}

impl Part {
    pub(super) fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    pub(super) fn up(&self) {
        if !self.up.swap(true, Ordering::Relaxed)
            && self.health.down.fetch_sub(1, Ordering::AcqRel) == 1
        {
            self.health.inbound.connected();
        }
    }

    /// Whether it was up.
    pub(super) fn down(&self, error: &AdapterError) -> bool {
        let was_up = self.up.swap(false, Ordering::Relaxed);
        if was_up && self.health.down.fetch_add(1, Ordering::AcqRel) == 0 {
            self.health.inbound.disconnected(error);
        }
        was_up
    }
}

/// The times of being connected: what has a connection of its own makes a new one in each of them,
/// as the masters may be others.
#[derive(Default)]
pub(super) struct Session {
    number: watch::Sender<u64>,
    closed: AtomicBool,
    ended: watch::Sender<bool>,
}

impl Session {
    pub(super) fn next(&self) {
        self.number.send_modify(|number| *number += 1);
    }

    /// Waits for the next one.
    pub(super) async fn changed(&self) {
        // The sender is ours.
        let _ = self.number.subscribe().changed().await;
    }

    /// Which one it is.
    pub(super) fn number(&self) -> u64 {
        *self.number.borrow()
    }

    /// Runs something, told which session this is, until it fails or another one begins; and no longer
    /// than the adapter is used.
    pub(super) async fn during<F>(&self, running: impl FnOnce(u64) -> F) -> AdapterError
    where
        F: Future<Output = Result<Infallible, AdapterError>>,
    {
        let mut ended = self.ended.subscribe();
        let mut number = self.number.subscribe();
        let this = *number.borrow_and_update();
        tokio::select! {
            result = running(this) => match result {
                Ok(never) => match never {},
                Err(error) => error,
            },
            // The sender is ours.
            _ = number.changed() => AdapterError::new("connected anew"),
            () = over(&mut ended) => pending().await,
        }
    }

    /// Nothing more is to be published.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Nothing more is to be written or read.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }
}

async fn over(ended: &mut watch::Receiver<bool>) {
    // The sender is the session's.
    let _ = ended.wait_for(|ended| *ended).await;
}
