//! The sessions of a namespace by what their clients show to come back: those that are connected,
//! and those whose client is away.

use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use tokio::{sync::oneshot, time::Instant};

use super::{
    directory::{Address, RoomName},
    offset::Offset,
    recovery::Ticket,
};
use crate::id::{PrivateId, SlotKey, SocketId};

/// What is kept of a socket.
#[derive(Clone)]
pub(crate) struct Saved {
    pub(crate) pid: PrivateId,
    pub(crate) id: SocketId,
    pub(crate) rooms: Arc<[RoomName]>,
    /// What its client has certainly seen.
    pub(crate) floor: Offset,
    /// What the namespace's layer keeps.
    pub(crate) kept: Arc<dyn Any + Send + Sync>,
    pub(crate) until: Instant,
}

#[derive(Default)]
pub(crate) struct Retained {
    entries: HashMap<PrivateId, Entry>,
    /// Those that are saved, in the order in which they expire.
    saved: BTreeMap<(Instant, u64), PrivateId>,
    next: u64,
}

enum Entry {
    /// Connected, or its session has not ended yet.
    Live {
        place: Address,
        /// The connection on which its client has come back meanwhile.
        heir: Option<oneshot::Sender<Ticket>>,
    },
    Saved {
        number: u64,
        session: Saved,
    },
}

/// What a private id stands for.
pub(crate) enum Found {
    Nothing,
    /// It may have expired.
    Saved(Saved),
    /// It comes here when its old connection has let it go.
    Live {
        place: Address,
        session: oneshot::Receiver<Ticket>,
    },
}

impl Retained {
    pub(crate) fn enter(&mut self, pid: PrivateId, place: Address) {
        let heir = None;
        self.entries.insert(pid, Entry::Live { place, heir });
    }

    /// The socket that lives in this slot will not come back.
    pub(crate) fn forget(&mut self, pid: PrivateId, slot: SlotKey) {
        if matches!(self.entries.get(&pid), Some(Entry::Live { place, .. }) if place.slot == slot) {
            self.entries.remove(&pid);
        }
    }

    /// Takes a session for good: it is restored once.
    pub(crate) fn take(&mut self, pid: PrivateId) -> Found {
        match self.entries.get_mut(&pid) {
            None => Found::Nothing,
            Some(Entry::Live { place, heir }) => {
                let (sender, session) = oneshot::channel();
                // A client that came back twice is on its last connection.
                *heir = Some(sender);
                let place = *place;
                Found::Live { place, session }
            }
            Some(Entry::Saved { .. }) => self.remove(pid).map_or(Found::Nothing, Found::Saved),
        }
    }

    fn remove(&mut self, pid: PrivateId) -> Option<Saved> {
        match self.entries.remove(&pid)? {
            Entry::Live { .. } => None,
            Entry::Saved { number, session } => {
                self.saved.remove(&(session.until, number));
                Some(session)
            }
        }
    }

    /// Who waits for the session.
    pub(crate) fn heir(&mut self, pid: PrivateId) -> Option<oneshot::Sender<Ticket>> {
        match self.entries.get_mut(&pid)? {
            Entry::Live { heir, .. } => heir.take(),
            Entry::Saved { .. } => None,
        }
    }

    /// Keeps the session of a client that is away.
    pub(crate) fn keep(&mut self, session: Saved) {
        self.next += 1;
        let (pid, number) = (session.pid, self.next);
        self.remove(pid);
        self.saved.insert((session.until, number), pid);
        self.entries.insert(pid, Entry::Saved { number, session });
    }

    /// Forgets what has expired, and the oldest of what is more than `max`. How many had to make
    /// room.
    pub(crate) fn trim(&mut self, max: usize) -> usize {
        let now = Instant::now();
        let mut evicted = 0;
        while let Some((&(until, _), &pid)) = self.saved.first_key_value() {
            let expired = until <= now;
            if !expired && self.saved.len() <= max {
                break;
            }
            evicted += usize::from(!expired);
            self.remove(pid);
        }
        evicted
    }

    /// Whether nobody is away.
    pub(crate) fn is_empty(&self) -> bool {
        self.saved.is_empty()
    }
}
