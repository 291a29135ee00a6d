//! What waits for one connection to take it: bounded in bytes, with a policy at the bound.
//!
//! An outbox allocates nothing while it holds at most one frame, and keeps nothing once drained.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
};

use bytes::{Buf, Bytes};

use super::{
    frame::{Frame, Handling},
    io::Io,
};
use crate::config::SlowConsumer;

/// Frames given to one vectored write.
const SLICES: usize = 64;

/// Where an outbox is emptied to.
pub(crate) trait Sink {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
}

impl Sink for Io {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Self::try_write(self, bytes)
    }

    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Self::try_write_vectored(self, slices)
    }
}

#[derive(Default)]
pub(crate) struct Outbox {
    front: Option<Entry>,
    rest: VecDeque<Entry>,
    bytes: usize,
    /// The sink took less than it was given; its owner waits for readiness.
    blocked: bool,
}

struct Entry {
    bytes: Bytes,
    handling: Handling,
    /// A part is on the wire, so the rest must follow.
    begun: bool,
}

/// What became of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued,
    /// Queued, and so many older ones dropped for it.
    DroppedOldest(usize),
    /// Queued in place of so many older ones with the same key.
    Replaced(usize),
    DroppedNewest,
    DroppedVolatile,
    /// It would exceed the limit and may not be dropped: the consumer is too slow. Not queued.
    Overflow,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    Drained,
    /// Something is left; flush again when the sink is writable.
    Blocked,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.front.is_none()
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Bytes that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Queues `frame`. While anything waits, at most `limit` bytes do; a frame alone may be
    /// larger, as its sender holds it anyway.
    pub(crate) fn push(&mut self, frame: Frame, limit: usize) -> Pushed {
        let Frame { bytes, handling } = frame;
        if handling.volatile && self.blocked {
            return Pushed::DroppedVolatile;
        }
        let mut outcome = Pushed::Queued;
        if self.front.is_some() {
            if handling.slow_consumer == SlowConsumer::Latest {
                let replaced = self.drop_where(|old| old.handling.key == handling.key);
                if replaced > 0 {
                    outcome = Pushed::Replaced(replaced);
                }
            }
            if self.bytes + bytes.len() > limit && self.front.is_some() {
                match handling.slow_consumer {
                    SlowConsumer::Close => return Pushed::Overflow,
                    SlowConsumer::DropNewest => return Pushed::DroppedNewest,
                    SlowConsumer::DropOldest | SlowConsumer::Latest => {
                        match self.make_room(bytes.len(), limit) {
                            // What waits must all arrive: the new one is what can be dropped.
                            0 => return Pushed::DroppedNewest,
                            dropped => outcome = Pushed::DroppedOldest(dropped),
                        }
                    }
                }
            }
        }
        self.bytes += bytes.len();
        let entry = Entry {
            bytes,
            handling,
            begun: false,
        };
        if self.front.is_none() {
            self.front = Some(entry);
        } else {
            self.rest.push_back(entry);
        }
        outcome
    }

    /// Drops the oldest frames that may be dropped until `needed` more bytes fit; none if even all
    /// of them would not be enough.
    fn make_room(&mut self, needed: usize, limit: usize) -> usize {
        let may_go = |old: &Entry| !old.begun && old.handling.slow_consumer != SlowConsumer::Close;
        let entries = self.front.iter().chain(&self.rest);
        let droppable: usize = entries.filter(|e| may_go(e)).map(|e| e.bytes.len()).sum();
        let mut excess = (self.bytes + needed).saturating_sub(limit);
        // A frame alone may be larger than the limit.
        if droppable < excess.min(self.bytes) {
            return 0;
        }
        self.drop_where(|old| {
            let drop = excess > 0 && may_go(old);
            if drop {
                excess = excess.saturating_sub(old.bytes.len());
            }
            drop
        })
    }

    /// Drops waiting frames, oldest first, but none of which a part is on the wire.
    fn drop_where(&mut self, mut choose: impl FnMut(&Entry) -> bool) -> usize {
        let mut dropped = 0;
        let mut bytes = 0;
        let mut keep = |entry: &Entry| {
            let drop = !entry.begun && choose(entry);
            if drop {
                dropped += 1;
                bytes += entry.bytes.len();
            }
            !drop
        };
        let front_stays = self.front.as_ref().is_none_or(&mut keep);
        self.rest.retain(keep);
        if !front_stays {
            self.front = self.rest.pop_front();
        }
        self.bytes -= bytes;
        dropped
    }

    /// Writes as much as the sink takes.
    pub(crate) fn flush(&mut self, sink: &impl Sink) -> io::Result<Flushed> {
        while let Some(front) = &self.front {
            let written = if self.rest.is_empty() {
                sink.try_write(&front.bytes)
            } else {
                self.write_many(sink)
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked = true;
                    return Ok(Flushed::Blocked);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.blocked = false;
        // An idle connection keeps no buffer.
        self.rest = VecDeque::new();
        Ok(Flushed::Drained)
    }

    fn write_many(&self, sink: &impl Sink) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let entries = self.front.iter().chain(&self.rest);
        let mut count = 0;
        for (slice, entry) in slices.iter_mut().zip(entries) {
            *slice = IoSlice::new(&entry.bytes);
            count += 1;
        }
        sink.try_write_vectored(&slices[..count])
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes = self.bytes.saturating_sub(written);
        while let Some(front) = &mut self.front {
            if written < front.bytes.len() {
                front.begun |= written > 0;
                front.bytes.advance(written);
                return;
            }
            written -= front.bytes.len();
            self.front = self.rest.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
