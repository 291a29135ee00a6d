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
    ticket::Ticket,
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
    /// Of that, what another process can keep as well: the socket's data, as JSON.
    pub(crate) data: Option<Arc<String>>,
    pub(crate) until: Instant,
    /// When the socket's time is over, if it has one.
    pub(crate) expires: Option<Instant>,
    /// Where it is kept as well: under this name, which no other session has.
    pub(crate) copy: Option<SocketId>,
}

/// The sessions themselves are never dropped in here: what they keep is the application's, whose
/// `Drop` may do anything, and the caller holds a lock.
#[derive(Default)]
pub(crate) struct Retained {
    entries: HashMap<PrivateId, Entry>,
    /// Those that are saved, in the order in which they expire.
    saved: BTreeMap<(Instant, u64), PrivateId>,
    next: u64,
}

enum Entry {
    /// Connected, or its ticket is out: its session has not ended yet, or is being restored.
    Live {
        place: Address,
        /// The connection on which its client has come back meanwhile.
        heir: Option<Heir>,
    },
    Saved {
        number: u64,
        session: Saved,
    },
}

/// Who waits for a session.
struct Heir {
    slot: SlotKey,
    session: oneshot::Sender<Ticket>,
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

/// What becomes of a session that was handed over and is not kept.
pub(crate) enum HandedOver {
    /// It is for the connection that waits for it.
    To(oneshot::Sender<Ticket>, Saved),
    /// Nobody may come back to it any more.
    Revoked(Saved),
}

/// Sessions that are kept no longer, for the caller to drop once it holds no lock.
#[derive(Default)]
pub(crate) struct Trimmed {
    pub(crate) sessions: Vec<Saved>,
    /// How many of them had to make room before their time.
    pub(crate) evicted: u64,
}

impl Retained {
    /// The socket is there. None of its kind is saved: a fresh id is random, and a session that is
    /// restored has been taken. Whether its client has gone on to another connection already, which
    /// waits until this one lets go.
    pub(crate) fn enter(&mut self, pid: PrivateId, place: Address) -> bool {
        let heir = match self.entries.remove(&pid) {
            Some(Entry::Live { heir, .. }) => heir.filter(|heir| !heir.session.is_closed()),
            Some(Entry::Saved { .. }) | None => None,
        };
        let waits = heir.is_some();
        self.entries.insert(pid, Entry::Live { place, heir });
        waits
    }

    /// The socket that lives in this slot will not come back.
    pub(crate) fn forget(&mut self, pid: PrivateId, slot: SlotKey) {
        if matches!(self.entries.get(&pid), Some(Entry::Live { place, .. }) if place.slot == slot) {
            self.entries.remove(&pid);
        }
    }

    /// Nobody comes back to this session any more, wherever its ticket is. Who waits for it learns
    /// that.
    pub(crate) fn revoke(&mut self, pid: PrivateId) {
        if matches!(self.entries.get(&pid), Some(Entry::Live { .. })) {
            self.entries.remove(&pid);
        }
    }

    /// Takes a session for the connection in this slot: it is restored once.
    pub(crate) fn take(&mut self, pid: PrivateId, slot: SlotKey) -> Found {
        let Some(entry) = self.entries.get_mut(&pid) else {
            return Found::Nothing;
        };
        let place = match entry {
            Entry::Live { place, heir } => {
                let (sender, session) = oneshot::channel();
                // A client that came back twice is on its last connection.
                *heir = Some(Heir {
                    slot,
                    session: sender,
                });
                let place = *place;
                return Found::Live { place, session };
            }
            Entry::Saved { session, .. } => Address {
                slot,
                id: session.id,
            },
        };
        match std::mem::replace(entry, Entry::Live { place, heir: None }) {
            Entry::Live { .. } => Found::Nothing,
            Entry::Saved { number, session } => {
                self.saved.remove(&(session.until, number));
                Found::Saved(session)
            }
        }
    }

    /// Whether a session that is handed over now is kept.
    pub(crate) fn would_keep(&self, pid: PrivateId) -> bool {
        matches!(self.entries.get(&pid), Some(Entry::Live { heir: None, .. }))
    }

    /// Whether its client has come back, and waits for it.
    pub(crate) fn is_awaited(&self, pid: PrivateId) -> bool {
        matches!(
            self.entries.get(&pid),
            Some(Entry::Live { heir: Some(_), .. })
        )
    }

    /// Takes a session back that was lent, and keeps it; `Some` if that is not what is to be done.
    pub(crate) fn hand_over(&mut self, session: Saved) -> Option<HandedOver> {
        let Some(entry @ Entry::Live { .. }) = self.entries.get_mut(&session.pid) else {
            return Some(HandedOver::Revoked(session));
        };
        if let Entry::Live { heir, place } = entry
            && let Some(heir) = heir.take()
        {
            place.slot = heir.slot;
            return Some(HandedOver::To(heir.session, session));
        }
        self.next += 1;
        let number = self.next;
        self.saved.insert((session.until, number), session.pid);
        *entry = Entry::Saved { number, session };
        None
    }

    /// Takes out what has expired, and the oldest of what is more than `max`.
    pub(crate) fn trim(&mut self, max: usize) -> Trimmed {
        let now = Instant::now();
        let mut trimmed = Trimmed::default();
        loop {
            let excess = self.saved.len() > max;
            let Some(first) = self.saved.first_entry() else {
                break;
            };
            let expired = first.key().0 <= now;
            if !expired && !excess {
                break;
            }
            trimmed.evicted += u64::from(!expired);
            if let Some(Entry::Saved { session, .. }) = self.entries.remove(&first.remove()) {
                trimmed.sessions.push(session);
            }
        }
        trimmed
    }

    /// Takes out all whose clients are away.
    pub(crate) fn take_saved(&mut self) -> Vec<Saved> {
        let saved = std::mem::take(&mut self.saved).into_values();
        let sessions = saved.filter_map(|pid| match self.entries.remove(&pid) {
            Some(Entry::Saved { session, .. }) => Some(session),
            Some(Entry::Live { .. }) | None => None,
        });
        sessions.collect()
    }

    /// Whose clients are away.
    pub(crate) fn len(&self) -> usize {
        self.saved.len()
    }

    /// Whether nobody is away.
    pub(crate) fn is_empty(&self) -> bool {
        self.saved.is_empty()
    }
}

#[cfg(test)]
mod tests;
