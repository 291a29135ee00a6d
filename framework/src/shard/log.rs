//! The events of a namespace in the one order in which all its sockets get them, kept for those
//! that come back.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use smallvec::SmallVec;
use tokio::time::Instant;

use super::{directory::RoomName, offset::Offset};
use crate::{
    id::{SocketId, WorkerId},
    transport::{frame::Frame, outbox::Outbox},
};

#[derive(Default)]
pub(crate) struct Log {
    /// Without gaps up to the head.
    entries: VecDeque<Entry>,
    bytes: usize,
    head: Offset,
    /// The newest event that each overloaded worker did not take.
    lost: HashMap<WorkerId, Offset>,
    /// Events of other nodes are missing before this place.
    gap: Offset,
}

struct Entry {
    at: Instant,
    frame: Frame,
    to: Audience,
}

impl Entry {
    fn weight(&self) -> usize {
        size_of::<Self>() + self.frame.bytes.len() + self.to.weight()
    }
}

/// Whom an event is for, by name: members of the rooms, or everyone, without those excepted. Unlike
/// a [`Selection`](super::command::Selection) it also holds for rooms that have no members now.
#[derive(Default)]
pub(crate) struct Audience {
    pub(crate) rooms: SmallVec<[Name; 1]>,
    pub(crate) except: SmallVec<[Name; 1]>,
}

pub(crate) enum Name {
    Room(RoomName),
    /// The private room of a socket.
    Socket(SocketId),
}

impl Audience {
    pub(crate) fn socket(id: SocketId) -> Self {
        Self {
            rooms: SmallVec::from_iter([Name::Socket(id)]),
            except: SmallVec::new(),
        }
    }

    fn includes(&self, id: SocketId, rooms: &[RoomName]) -> bool {
        let named = |name: &Name| match name {
            Name::Room(name) => **name == *id.as_str() || rooms.contains(name),
            Name::Socket(socket) => *socket == id,
        };
        (self.rooms.is_empty() || self.rooms.iter().any(named)) && !self.except.iter().any(named)
    }

    fn weight(&self) -> usize {
        let names = self.rooms.iter().chain(&self.except);
        names
            .map(|name| match name {
                Name::Room(name) => size_of::<Name>() + name.len(),
                Name::Socket(_) => size_of::<Name>(),
            })
            .sum()
    }
}

/// Why the events after an offset cannot be sent again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// Not an offset of this log.
    Unknown,
    /// Some of them are no longer in the log.
    Trimmed,
    /// Some of them, of other nodes, have never been.
    Gap,
    /// They are more than a client may be sent at once.
    TooMuch,
}

/// The events that a socket missed, in their order, while they are gathered.
pub(crate) struct Missed {
    pub(crate) frames: Vec<Frame>,
    /// How far the log has been looked through.
    up_to: Offset,
    bytes: usize,
}

impl Missed {
    pub(crate) fn after(seen: Offset) -> Self {
        Self {
            frames: Vec::new(),
            up_to: seen,
            bytes: 0,
        }
    }
}

impl Log {
    /// The place of the newest event.
    pub(crate) fn head(&self) -> Offset {
        self.head
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What it holds, bookkeeping included.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The place before the oldest event that is still here.
    fn tail(&self) -> Offset {
        Offset(self.head.0 - self.entries.len() as u128)
    }

    /// Gives the event the next place and keeps it.
    pub(crate) fn append(&mut self, frame: Frame, to: Audience) -> Frame {
        self.head.0 += 1;
        let frame = frame.number(&self.head.text());
        let entry = Entry {
            at: Instant::now(),
            frame: frame.clone(),
            to,
        };
        self.bytes += entry.weight();
        self.entries.push_back(entry);
        frame
    }

    /// The newest event did not reach the sockets of a worker.
    pub(crate) fn lost_by(&mut self, worker: WorkerId) {
        self.lost.insert(worker, self.head);
    }

    /// Events of other nodes have not come: nobody comes back over this place. Returns what nobody
    /// needs any more.
    pub(crate) fn interrupt(&mut self) -> impl Sized + use<> {
        // A place that no client has seen: who comes after it missed nothing.
        self.head.0 += 1;
        self.gap = self.head;
        self.bytes = 0;
        std::mem::take(&mut self.entries)
    }

    /// Whether any event after `since` did not reach the sockets of a worker.
    pub(crate) fn has_lost(&self, worker: WorkerId, since: Offset) -> bool {
        self.gap > since || self.lost.get(&worker).is_some_and(|lost| *lost > since)
    }

    /// Forgets what is older than `age`, and the oldest of what is more than `max_bytes`. How many
    /// events had to make room.
    pub(crate) fn trim(&mut self, age: Duration, max_bytes: usize) -> usize {
        let now = Instant::now();
        let mut evicted = 0;
        while let Some(oldest) = self.entries.front() {
            let expired = now.saturating_duration_since(oldest.at) > age;
            if !expired && self.bytes <= max_bytes {
                break;
            }
            evicted += usize::from(!expired);
            self.bytes -= oldest.weight();
            self.entries.pop_front();
        }
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
        evicted
    }

    /// Looks through at most `count` events more for those of a socket that was in these rooms, at
    /// most what takes `max_bytes` of an outbox. Whether those were the last.
    pub(crate) fn gather(
        &self,
        missed: &mut Missed,
        id: SocketId,
        rooms: &[RoomName],
        max_bytes: usize,
        count: usize,
    ) -> Result<bool, Unavailable> {
        if missed.up_to > self.head {
            return Err(Unavailable::Unknown);
        }
        if missed.up_to < self.gap {
            return Err(Unavailable::Gap);
        }
        let seen = missed.up_to.0.checked_sub(self.tail().0);
        let seen = seen.ok_or(Unavailable::Trimmed)?;
        let seen = usize::try_from(seen).map_err(|_| Unavailable::Unknown)?;
        for entry in self.entries.iter().skip(seen).take(count) {
            missed.up_to.0 += 1;
            if entry.to.includes(id, rooms) {
                missed.bytes += Outbox::cost(&entry.frame);
                if missed.bytes > max_bytes {
                    return Err(Unavailable::TooMuch);
                }
                missed.frames.push(entry.frame.clone());
            }
        }
        Ok(missed.up_to == self.head)
    }
}

#[cfg(test)]
mod tests;
