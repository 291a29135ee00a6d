//! What goes to one master: what waits, and what is not answered yet.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};

use super::socket::Socket;

/// Commands, and their bytes, that wait for their replies; what is behind them is written when
/// those come. What is in flight when the connection breaks may be lost, so it is not much; it is
/// enough for a million publishes a second over 1 ms.
const MAX_IN_FLIGHT: usize = 1024;
const MAX_IN_FLIGHT_BYTES: usize = 1 << 20;

/// Bytes of small commands that go into one write.
const BATCH: usize = 64 * 1024;

/// How long a command waits that Redis refused for now.
const PAUSE: Duration = Duration::from_millis(250);

/// A command on its way.
pub(super) struct Entry {
    /// Its place among all: of each channel, the order in which they were given.
    pub(super) number: u64,
    /// The whole command as it is written.
    pub(super) command: Bytes,
    pub(super) slot: u16,
    /// Sent again if its outcome is not known.
    pub(super) resend: bool,
    /// Makes no room for others.
    pub(super) awaited: bool,
    /// Says something; not a PING.
    pub(super) counted: bool,
}

impl Entry {
    /// What it takes from the bound of the outbox.
    pub(super) fn weight(&self) -> usize {
        self.command.len() + size_of::<Self>()
    }
}

struct Sent {
    entry: Entry,
    bytes: usize,
    at: Instant,
}

#[derive(Default)]
pub(super) struct Line {
    queue: VecDeque<Entry>,
    /// So many of the first make no room for others.
    firm: usize,
    /// What the queue weighs.
    weight: usize,
    /// `None` while Redis is away.
    pub(super) socket: Option<Arc<Socket>>,
    /// The task that reads the replies.
    pub(super) waker: Option<Waker>,
    /// Someone has the next bytes and is writing them.
    writing: bool,
    /// Of commands that have begun.
    rest: Bytes,
    in_flight: VecDeque<Sent>,
    in_flight_bytes: usize,
    paused: Option<Instant>,
    /// The first is tried alone: what is sent together may be refused in part.
    probing: bool,
}

impl Line {
    pub(super) fn to(socket: Arc<Socket>) -> Self {
        Self {
            socket: Some(socket),
            ..Self::default()
        }
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.weight += entry.weight();
        self.queue.push_back(entry);
        self.go_on();
    }

    fn pop(&mut self) -> Option<Entry> {
        let entry = self.queue.pop_front()?;
        self.weight -= entry.weight();
        self.firm = self.firm.saturating_sub(1);
        self.go_on();
        Some(entry)
    }

    /// Nobody looks twice at those that stay: they may be many.
    fn go_on(&mut self) {
        let stays = |entry: &Entry| entry.awaited;
        while self.queue.get(self.firm).is_some_and(stays) {
            self.firm += 1;
        }
    }

    /// Takes out the command that has waited longest of those that may be dropped.
    pub(super) fn drop_oldest(&mut self) -> Option<Entry> {
        let entry = self.queue.remove(self.firm)?;
        self.weight -= entry.weight();
        self.go_on();
        Some(entry)
    }

    /// The number of that command.
    pub(super) fn oldest(&self) -> Option<u64> {
        Some(self.queue.get(self.firm)?.number)
    }

    /// Whether the next bytes are better written at once than by the task: nothing is on its way
    /// whose reply will wake that, and so nothing is saved by waiting for company.
    pub(super) fn is_quiet(&self) -> bool {
        let at_once = self
            .socket
            .as_ref()
            .is_some_and(|socket| socket.writes_at_once());
        at_once && self.in_flight.is_empty()
    }

    /// The next bytes to write; the caller [gives back](Self::put_back) what the socket did not
    /// take.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        if self.writing || self.socket.is_none() {
            return None;
        }
        let bytes = match self.rest.is_empty() {
            true => self.batch()?,
            false => std::mem::take(&mut self.rest),
        };
        self.writing = true;
        Some(bytes)
    }

    pub(super) fn put_back(&mut self, rest: Bytes) {
        self.writing = false;
        self.rest = rest;
    }

    pub(super) fn has_more(&self) -> bool {
        !self.rest.is_empty() || !self.queue.is_empty()
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.has_more() && self.is_answered()
    }

    /// Whether nothing that was sent waits for its reply.
    pub(super) fn is_answered(&self) -> bool {
        !self.writing && self.in_flight.is_empty()
    }

    /// Whether a command was written in part.
    pub(super) fn has_begun(&self) -> bool {
        !self.rest.is_empty()
    }

    fn batch(&mut self) -> Option<Bytes> {
        if self.paused.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        self.paused = None;
        if self.probing && !self.in_flight.is_empty() {
            return None;
        }
        let first = self.send_next()?;
        let mut batch = BytesMut::new();
        while !self.probing
            && batch.len().max(first.len()) < BATCH
            && let Some(next) = self.send_next()
        {
            if batch.is_empty() {
                batch.extend_from_slice(&first);
            }
            batch.extend_from_slice(&next);
        }
        match batch.is_empty() {
            true => Some(first),
            false => Some(batch.freeze()),
        }
    }

    fn send_next(&mut self) -> Option<Bytes> {
        let full =
            self.in_flight.len() >= MAX_IN_FLIGHT || self.in_flight_bytes >= MAX_IN_FLIGHT_BYTES;
        if full {
            return None;
        }
        let entry = self.pop()?;
        // Kept: it is sent again if Redis refuses it for now, or if it did not leave.
        let command = entry.command.clone();
        self.in_flight_bytes += command.len();
        self.in_flight.push_back(Sent {
            entry,
            bytes: command.len(),
            at: Instant::now(),
        });
        Some(command)
    }

    /// A reply has come: for whom, and to what was sent when.
    pub(super) fn answered(&mut self) -> Option<(Entry, Instant)> {
        let sent = self.in_flight.pop_front()?;
        self.in_flight_bytes -= sent.bytes;
        Some((sent.entry, sent.at))
    }

    /// Tries a command that was refused for now again, in a while and before all others.
    pub(super) fn retry(&mut self, entry: Entry) {
        let at = self
            .queue
            .partition_point(|other| other.number < entry.number);
        self.weight += entry.weight();
        if at < self.firm {
            self.firm = match entry.awaited {
                true => self.firm + 1,
                false => at,
            };
        }
        self.queue.insert(at, entry);
        self.go_on();
        self.paused = Some(Instant::now() + PAUSE);
    }

    /// The server is busy with something else.
    pub(super) fn probe(&mut self) {
        self.probing = true;
    }

    /// This was executed. What was refused before and still waits would come behind it, out of order: it is
    /// taken out, unless it is a change, which must be done. How many there were.
    pub(super) fn done(&mut self, by: &Entry) -> u64 {
        let (mut at, mut overtaken) = (0, 0);
        if !by.counted {
            return 0;
        }
        self.probing = false;
        while let Some(entry) = self.queue.get(at)
            && entry.number < by.number
        {
            if entry.slot != by.slot || entry.resend {
                at += 1;
                continue;
            }
            self.weight -= entry.weight();
            self.queue.remove(at);
            if at < self.firm {
                self.firm -= 1;
            }
            overtaken += 1;
        }
        if overtaken > 0 {
            self.go_on();
        }
        overtaken
    }

    /// Since when the oldest command waits for its reply.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        self.in_flight.front().map(|sent| sent.at)
    }

    /// The connection is gone: what may or may not have been executed, then what certainly was not.
    pub(super) fn end(mut self) -> (impl Iterator<Item = Entry>, VecDeque<Entry>) {
        // Nobody executes what has not left as a whole.
        let mut kept = match self.writing {
            true => 0,
            false => self.rest.len(),
        };
        while kept > 0
            && let Some(sent) = self.in_flight.pop_back()
        {
            kept = kept.saturating_sub(sent.bytes);
            self.queue.push_front(sent.entry);
        }
        let unknown = self.in_flight.into_iter().map(|sent| sent.entry);
        (unknown, self.queue)
    }
}

#[cfg(test)]
mod tests;
