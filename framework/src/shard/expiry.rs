//! Sockets that expire, each at its own time. Only those that do are here: what every connection
//! has is in [`deadlines`](super::deadlines).

use std::collections::{BTreeSet, HashMap};

use tokio::time::{Duration, Instant};

use super::slot::Notice;
use crate::id::NamespaceId;

/// A socket of this worker, by its slot.
type Key = (u32, NamespaceId);

#[derive(Default)]
pub(crate) struct Expiries {
    sockets: HashMap<Key, Expiry>,
    /// One entry for each of them: what comes next for it.
    order: BTreeSet<(Instant, Key)>,
}

#[derive(Clone, Copy)]
struct Expiry {
    at: Instant,
    /// When it is told, or if it has been, when it expires.
    next: Instant,
}

impl Expiries {
    /// Sets when a socket expires, in place of what was set before; true if it is now the next of
    /// all. It is told so long before, or at once if less is left.
    pub(crate) fn set(
        &mut self,
        key: Key,
        at: Option<Instant>,
        told_before: Duration,
        now: Instant,
    ) -> bool {
        self.remove(key);
        let Some(at) = at else { return false };
        let next = at.checked_sub(told_before).unwrap_or(now).max(now);
        self.insert(key, Expiry { at, next });
        self.order.first() == Some(&(next, key))
    }

    fn insert(&mut self, key: Key, expiry: Expiry) {
        self.sockets.insert(key, expiry);
        self.order.insert((expiry.next, key));
    }

    /// The socket has gone, or does not expire any more.
    pub(crate) fn remove(&mut self, key: Key) {
        if let Some(expiry) = self.sockets.remove(&key) {
            self.order.remove(&(expiry.next, key));
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes one that is due: the slot, and what its connection is told.
    pub(crate) fn due(&mut self, now: Instant) -> Option<(u32, Notice)> {
        let (_, key) = *self.order.first().filter(|(at, _)| *at <= now)?;
        let at = self.sockets.get(&key)?.at;
        self.remove(key);
        let (slot, namespace) = key;
        if at <= now {
            return Some((slot, Notice::Expired(namespace)));
        }
        self.insert(key, Expiry { at, next: at });
        Some((slot, Notice::Expiring(namespace)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const A: Key = (1, NamespaceId(0));
    const B: Key = (2, NamespaceId(0));

    fn due(expiries: &mut Expiries, now: Instant) -> Vec<(u32, bool)> {
        std::iter::from_fn(|| expiries.due(now))
            .map(|(slot, notice)| (slot, matches!(notice, Notice::Expired(_))))
            .collect()
    }

    #[test]
    fn each_is_told_before_and_then_expires() {
        let start = Instant::now();
        let mut expiries = Expiries::default();
        assert!(expiries.set(A, Some(start + 100 * MS), 60 * MS, start));
        assert!(!expiries.set(B, Some(start + 110 * MS), 60 * MS, start));
        assert_eq!(expiries.next(), Some(start + 40 * MS));
        assert_eq!(due(&mut expiries, start + 39 * MS), []);
        assert_eq!(due(&mut expiries, start + 40 * MS), [(1, false)]);
        assert_eq!(
            due(&mut expiries, start + 100 * MS),
            [(2, false), (1, true)]
        );
        assert_eq!(due(&mut expiries, start + 110 * MS), [(2, true)]);
        assert_eq!(expiries.next(), None);
    }

    #[test]
    fn setting_again_replaces_and_leaves_nothing_behind() {
        let start = Instant::now();
        let mut expiries = Expiries::default();
        for ms in 1..1_000 {
            expiries.set(A, Some(start + ms * MS), 60 * MS, start);
        }
        assert_eq!(expiries.order.len(), 1);
        // Less is left than it is told before.
        expiries.set(A, Some(start + 50 * MS), 60 * MS, start);
        assert_eq!(due(&mut expiries, start), [(1, false)]);
        expiries.set(A, None, 60 * MS, start);
        assert!(expiries.sockets.is_empty() && expiries.order.is_empty());
    }
}
