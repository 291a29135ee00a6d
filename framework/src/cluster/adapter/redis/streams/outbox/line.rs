//! The connection on which what waits is sent: by the thread that adds an entry when nothing is on
//! its way, and by the writer's task otherwise.
//!
//! One batch is on its way at a time, so that nothing is added out of order whatever Redis refuses.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Outbox, Peer, Queue, Waiting};
use crate::cluster::adapter::redis::socket::Socket;

#[derive(Default)]
pub(super) struct Line {
    /// `None` while there is none, or before what was sent on the last one is settled.
    socket: Option<Arc<Socket>>,
    /// What the socket did not take at once.
    rest: Vec<u8>,
    /// A PING is on its way.
    pinged: bool,
    /// When it was opened, or the last batch was sent, or the last PING.
    at: Option<Instant>,
}

impl Line {
    pub(super) fn sent(&mut self) {
        self.at = Some(Instant::now());
    }

    /// For how long the batch on its way has been so.
    pub(super) fn waited(&self) -> Option<Duration> {
        Some(self.at?.elapsed())
    }
}

/// An entry that is to be sent by who has added it.
pub(in super::super) struct AtOnce {
    pub(in super::super) entry: Arc<Waiting>,
    socket: Arc<Socket>,
}

/// Until it is dropped, entries are sent on this connection.
pub(in super::super) struct Open<'a>(&'a Outbox);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.queue().line = Line::default();
    }
}

impl Queue {
    /// Whether the next batch can be sent.
    pub(super) fn is_quiet(&self) -> bool {
        self.sent == 0 && !self.line.pinged
    }

    /// The only entry, which is the newest, if it can be sent now.
    pub(super) fn take_at_once(&mut self, max_bytes: usize) -> Option<AtOnce> {
        let socket = self.line.socket.as_ref()?;
        if self.entries.len() != 1 || !self.is_quiet() || !socket.writes_at_once() {
            return None;
        }
        let socket = Arc::clone(socket);
        let entry = self.take_batch(1, max_bytes, max_bytes).pop()?;
        Some(AtOnce { entry, socket })
    }
}

impl Outbox {
    /// A connection is there on which the next ones are sent.
    pub(in super::super) fn open(&self, socket: &Arc<Socket>, peer: Option<Peer>) -> Open<'_> {
        let mut queue = self.queue();
        queue.peer = peer;
        queue.line = Line {
            socket: Some(Arc::clone(socket)),
            // It has just answered.
            at: Some(Instant::now()),
            ..Line::default()
        };
        Open(self)
    }

    /// Writes an entry as it is sent, as far as the connection takes it.
    pub(in super::super) fn write(&self, at_once: &AtOnce, mut bytes: Vec<u8>) {
        // An error is the writer's to notice.
        let written = at_once.socket.try_write(&bytes).unwrap_or(0);
        if written >= bytes.len() {
            return;
        }
        bytes.drain(..written);
        let mut queue = self.queue();
        let socket = queue.line.socket.as_ref();
        if socket.is_some_and(|socket| Arc::ptr_eq(socket, &at_once.socket)) {
            queue.line.rest = bytes;
            drop(queue);
            self.changed.notify_one();
        }
    }

    /// Waits until [`take_rest`](Self::take_rest) or [`send`](Self::send) has something.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(in super::super) async fn due(&self) {
        loop {
            {
                let queue = self.queue();
                if !queue.line.rest.is_empty() || queue.is_quiet() && !queue.entries.is_empty() {
                    return;
                }
            }
            self.changed.notified().await;
        }
    }

    pub(in super::super) fn take_rest(&self) -> Vec<u8> {
        std::mem::take(&mut self.queue().line.rest)
    }

    /// Whether a PING is to be sent now, since nothing was for so long. Until its
    /// [answer](Self::ponged) nothing else is.
    pub(in super::super) fn ping(&self, quiet: Duration) -> bool {
        let mut queue = self.queue();
        let pings = queue.is_quiet()
            && queue.entries.is_empty()
            && queue.line.at.is_none_or(|at| at.elapsed() >= quiet);
        if pings {
            queue.line.pinged = true;
            queue.line.sent();
        }
        pings
    }

    pub(in super::super) fn ponged(&self) {
        self.queue().line.pinged = false;
    }

    /// # Errors
    /// If what was sent has not been answered in time.
    pub(in super::super) fn check(&self, timeout: Duration) -> io::Result<()> {
        let queue = self.queue();
        let late = queue.line.at.is_some_and(|at| at.elapsed() > timeout);
        match late && !queue.is_quiet() {
            true => Err(io::ErrorKind::TimedOut.into()),
            false => Ok(()),
        }
    }
}
