//! What a worker counts for itself, because it is too frequent for figures that all workers share. Told
//! with each sign of life of the worker.

use std::{
    cell::Cell,
    io::{self, IoSlice},
};

use crate::{
    metrics::Metrics,
    transport::{io::Io, outbox::Sink},
};

#[derive(Default)]
pub(crate) struct Traffic {
    received: Cell<u64>,
    sent: Cell<u64>,
    emitted: Cell<u64>,
    /// Bytes in all outboxes, and how many of them have been told.
    waiting: Cell<usize>,
    told: Cell<usize>,
}

impl Traffic {
    /// Bytes have come from a client.
    pub(crate) fn received(&self, bytes: usize) {
        add(&self.received, bytes);
    }

    /// An event is on its way out.
    pub(crate) fn emitted(&self) {
        add(&self.emitted, 1);
    }

    /// What waits in an outbox has changed.
    pub(super) fn waits(&self, before: usize, now: usize) {
        let others = self.waiting.get().saturating_sub(before);
        self.waiting.set(others.saturating_add(now));
    }

    /// Adds everything since the last time to the figures.
    pub(super) fn tell(&self, metrics: &Metrics) {
        metrics.received_bytes.add(self.received.take());
        metrics.sent_bytes.add(self.sent.take());
        metrics.emitted.add(self.emitted.take());
        let waiting = self.waiting.get();
        let told = self.told.replace(waiting);
        metrics.outbox_bytes.change(told as u64, waiting as u64);
    }

    /// The worker ends, and its outboxes with it.
    pub(super) fn end(&self, metrics: &Metrics) {
        self.waiting.set(0);
        self.tell(metrics);
    }
}

fn add(figure: &Cell<u64>, more: usize) {
    figure.set(figure.get().saturating_add(more as u64));
}

/// A client's connection that counts what it takes.
pub(super) struct Metered<'a> {
    pub(super) io: &'a Io,
    pub(super) traffic: &'a Traffic,
}

impl Metered<'_> {
    fn count(&self, written: io::Result<usize>) -> io::Result<usize> {
        if let Ok(bytes) = written {
            add(&self.traffic.sent, bytes);
        }
        written
    }
}

impl Sink for Metered<'_> {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.count(Sink::try_write(self.io, bytes))
    }

    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.count(Sink::try_write_vectored(self.io, slices))
    }

    fn drained(&self) {
        self.io.drained();
    }
}
