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

    /// Everything that was queued has been written.
    fn drained(&self) {}
}

impl Sink for Io {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Self::try_write(self, bytes)
    }

    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Self::try_write_vectored(self, slices)
    }

    fn drained(&self) {
        if let Self::Poll(io) = self {
            io.drained();
        }
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
    /// How much of that may be dropped.
    droppable: usize,
    /// So many of the first that wait behind the front certainly may not: they are not looked at again and again.
    firm: usize,
    /// The sink took less than it was given; its owner waits for readiness.
    blocked: bool,
}

struct Entry {
    bytes: Bytes,
    handling: Handling,
    /// Packets in it.
    carries: u32,
    /// A part is on the wire, so the rest must follow.
    begun: bool,
}

impl Entry {
    /// What it adds to memory: without its own size, a flood of tiny frames would be free.
    fn cost(&self) -> usize {
        cost(&self.bytes)
    }

    fn may_go(&self) -> bool {
        !self.begun && self.handling.slow_consumer != SlowConsumer::Close
    }
}

fn cost(bytes: &Bytes) -> usize {
    bytes.len() + size_of::<Entry>()
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

    /// What it holds, with what each frame costs besides its bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// The sink has been replaced.
    pub(crate) fn unblock(&mut self) {
        self.blocked = false;
    }

    pub(crate) fn has_room(&self, frame: &Frame, limit: usize) -> bool {
        self.bytes + Self::cost(frame) <= limit
    }

    /// What a frame takes of the limit while it waits.
    pub(crate) fn cost(frame: &Frame) -> usize {
        cost(&frame.bytes)
    }

    /// Drops everything; how many packets that were, one half-written included.
    pub(crate) fn discard(&mut self) -> u64 {
        let packets = self.entries().map(|entry| u64::from(entry.carries)).sum();
        *self = Self::default();
        packets
    }

    /// Queues `frame`. While anything waits, it holds at most `limit` bytes; a frame alone may be
    /// larger, as its sender holds it anyway.
    ///
    /// `carries` is the number of packets in it.
    pub(crate) fn push(&mut self, frame: Frame, carries: u32, limit: usize) -> Pushed {
        let Frame { bytes, handling } = frame;
        if handling.volatile && self.blocked {
            return Pushed::DroppedVolatile;
        }
        let entry = Entry {
            bytes,
            handling,
            carries,
            begun: false,
        };
        let (replaced, dropped) = match self.make_room(&entry, limit) {
            Ok(gone) => gone,
            Err(refused) => return refused,
        };
        self.bytes += entry.cost();
        if entry.may_go() {
            self.droppable += entry.cost();
        }
        if self.front.is_none() {
            self.front = Some(entry);
        } else {
            self.rest.get_or_insert_default().push_back(entry);
        }
        Pushed::Queued { replaced, dropped }
    }

    /// Drops what must go so that `new` fits, and counts it; nothing if it cannot fit. Only
    /// [`SlowConsumer::Latest`] looks at everything that waits.
    fn make_room(&mut self, new: &Entry, limit: usize) -> Result<(usize, usize), Pushed> {
        let policy = new.handling.slow_consumer;
        if policy == SlowConsumer::Latest {
            return self.replace(new, limit);
        }
        let excess = (self.bytes + new.cost()).saturating_sub(limit);
        if excess == 0 || self.front.is_none() {
            return Ok((0, 0));
        }
        match policy {
            SlowConsumer::Close => Err(Pushed::Overflow),
            SlowConsumer::DropNewest => Err(Pushed::DroppedNewest),
            SlowConsumer::DropOldest | SlowConsumer::Latest => Ok((0, self.drop_oldest(excess)?)),
        }
    }

    /// Takes out what waits with the key of `new`, and the oldest if that is not enough.
    fn replace(&mut self, new: &Entry, limit: usize) -> Result<(usize, usize), Pushed> {
        let older = |old: &Entry| {
            let Handling {
                slow_consumer, key, ..
            } = old.handling;
            slow_consumer == SlowConsumer::Latest && key == new.handling.key && !old.begun
        };
        let waiting = self.entries().filter(|entry| older(entry));
        let freed: usize = waiting.map(Entry::cost).sum();
        let left = self.bytes - freed;
        let excess = (left + new.cost()).saturating_sub(limit).min(left);
        if self.droppable - freed < excess {
            return Err(Pushed::DroppedNewest);
        }
        let replaced = if freed > 0 { self.drop_where(older) } else { 0 };
        Ok((replaced, self.drop_oldest(excess)?))
    }

    /// Drops the oldest frames that may be dropped until `excess` bytes are free, or it is empty.
    fn drop_oldest(&mut self, excess: usize) -> Result<usize, Pushed> {
        let mut excess = excess.min(self.bytes);
        if self.droppable < excess {
            return Err(Pushed::DroppedNewest);
        }
        let mut dropped = 0;
        while excess > 0 {
            let oldest = match &self.front {
                Some(front) if front.may_go() => {
                    let next = self.pop_rest();
                    std::mem::replace(&mut self.front, next)
                }
                _ => self.rest.as_mut().and_then(|rest| {
                    let behind = rest.iter().skip(self.firm).position(Entry::may_go)?;
                    self.firm += behind;
                    rest.remove(self.firm)
                }),
            };
            let Some(oldest) = oldest else { break };
            self.bytes -= oldest.cost();
            self.droppable -= oldest.cost();
            excess = excess.saturating_sub(oldest.cost());
            dropped += 1;
        }
        Ok(dropped)
    }

    /// Drops waiting frames, oldest first, but none of which a part is on the wire.
    fn drop_where(&mut self, mut choose: impl FnMut(&Entry) -> bool) -> usize {
        let (mut dropped, mut bytes, mut droppable) = (0, 0, 0);
        let mut keep = |entry: &Entry| {
            let drop = !entry.begun && choose(entry);
            if drop {
                dropped += 1;
                bytes += entry.cost();
                droppable += if entry.may_go() { entry.cost() } else { 0 };
            }
            !drop
        };
        let front_stays = self.front.as_ref().is_none_or(&mut keep);
        if let Some(rest) = &mut self.rest {
            rest.retain(keep);
            self.firm = 0;
        }
        if !front_stays {
            self.front = self.pop_rest();
        }
        self.bytes -= bytes;
        self.droppable -= droppable;
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
        sink.drained();
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
                if written > 0 && front.may_go() {
                    self.droppable -= front.cost();
                }
                front.begun |= written > 0;
                front.bytes.advance(written);
                self.bytes -= written;
                return;
            }
            written -= front.bytes.len();
            self.bytes -= front.cost();
            if front.may_go() {
                self.droppable -= front.cost();
            }
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
        self.firm = self.firm.saturating_sub(1);
        if rest.is_empty() {
            self.rest = None;
        }
        next
    }
}

#[cfg(test)]
mod tests;
