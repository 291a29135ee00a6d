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
    /// What waits behind the front; `None` while nothing does.
    #[expect(
        clippy::box_collection,
        reason = "an idle connection pays for a pointer only"
    )]
    rest: Option<Box<VecDeque<Entry>>>,
    /// What it holds, entries included.
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

impl Entry {
    /// What it adds to memory: without its own size, a flood of tiny frames would be free.
    fn cost(&self) -> usize {
        self.bytes.len() + size_of::<Self>()
    }

    fn may_go(&self) -> bool {
        !self.begun && self.handling.slow_consumer != SlowConsumer::Close
    }
}

/// What became of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued {
        /// Older frames of the same key that it took the place of.
        replaced: usize,
        /// Older frames that made room for it.
        dropped: usize,
    },
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

    pub(crate) fn has_room(&self, frame: &Frame, limit: usize) -> bool {
        self.bytes + frame.bytes.len() + size_of::<Entry>() <= limit
    }

    /// Queues `frame`. While anything waits, it holds at most `limit` bytes; a frame alone may be
    /// larger, as its sender holds it anyway.
    pub(crate) fn push(&mut self, frame: Frame, limit: usize) -> Pushed {
        let Frame { bytes, handling } = frame;
        if handling.volatile && self.blocked {
            return Pushed::DroppedVolatile;
        }
        let entry = Entry {
            bytes,
            handling,
            begun: false,
        };
        let (replaced, dropped) = match self.make_room(&entry, limit) {
            Ok(gone) => gone,
            Err(refused) => return refused,
        };
        self.bytes += entry.cost();
        if self.front.is_none() {
            self.front = Some(entry);
        } else {
            self.rest.get_or_insert_default().push_back(entry);
        }
        Pushed::Queued { replaced, dropped }
    }

    /// Drops what must go so that `new` fits, and counts it; nothing if it cannot fit.
    fn make_room(&mut self, new: &Entry, limit: usize) -> Result<(usize, usize), Pushed> {
        if self.front.is_none() {
            return Ok((0, 0));
        }
        let policy = new.handling.slow_consumer;
        let older = |old: &Entry| {
            policy == SlowConsumer::Latest && !old.begun && old.handling.key == new.handling.key
        };
        let freed = self.cost_where(older);
        let mut excess = (self.bytes - freed + new.cost()).saturating_sub(limit);
        let alone = freed == self.bytes;
        if excess > 0 && !alone {
            match policy {
                SlowConsumer::Close => return Err(Pushed::Overflow),
                SlowConsumer::DropNewest => return Err(Pushed::DroppedNewest),
                SlowConsumer::DropOldest | SlowConsumer::Latest => {
                    let droppable = self.cost_where(|old| !older(old) && old.may_go());
                    // If all of it can go, the new one is alone.
                    if droppable < excess.min(self.bytes - freed) {
                        return Err(Pushed::DroppedNewest);
                    }
                }
            }
        }
        let replaced = self.drop_where(older);
        if excess == 0 || alone {
            return Ok((replaced, 0));
        }
        let dropped = self.drop_where(|old| {
            let drop = excess > 0 && old.may_go();
            if drop {
                excess = excess.saturating_sub(old.cost());
            }
            drop
        });
        Ok((replaced, dropped))
    }

    fn cost_where(&self, choose: impl Fn(&Entry) -> bool) -> usize {
        self.entries()
            .filter(|entry| choose(entry))
            .map(Entry::cost)
            .sum()
    }

    /// Drops waiting frames, oldest first, but none of which a part is on the wire.
    fn drop_where(&mut self, mut choose: impl FnMut(&Entry) -> bool) -> usize {
        let mut dropped = 0;
        let mut bytes = 0;
        let mut keep = |entry: &Entry| {
            let drop = !entry.begun && choose(entry);
            if drop {
                dropped += 1;
                bytes += entry.cost();
            }
            !drop
        };
        let front_stays = self.front.as_ref().is_none_or(&mut keep);
        if let Some(rest) = &mut self.rest {
            rest.retain(keep);
        }
        if !front_stays {
            self.front = self.pop_rest();
        }
        self.bytes -= bytes;
        dropped
    }

    /// Writes as much as the sink takes.
    pub(crate) fn flush(&mut self, sink: &impl Sink) -> io::Result<Flushed> {
        while let Some(front) = &self.front {
            let written = if self.rest.is_none() {
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
        Ok(Flushed::Drained)
    }

    fn write_many(&self, sink: &impl Sink) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (slice, entry) in slices.iter_mut().zip(self.entries()) {
            *slice = IoSlice::new(&entry.bytes);
            count += 1;
        }
        sink.try_write_vectored(&slices[..count])
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(front) = &mut self.front {
            if written < front.bytes.len() {
                front.begun |= written > 0;
                front.bytes.advance(written);
                self.bytes -= written;
                return;
            }
            written -= front.bytes.len();
            self.bytes -= front.cost();
            self.front = self.pop_rest();
        }
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.front
            .iter()
            .chain(self.rest.iter().flat_map(|rest| rest.iter()))
    }

    /// An idle connection keeps no buffer.
    fn pop_rest(&mut self) -> Option<Entry> {
        let rest = self.rest.as_mut()?;
        let next = rest.pop_front();
        if rest.is_empty() {
            self.rest = None;
        }
        next
    }
}

#[cfg(test)]
mod tests;
