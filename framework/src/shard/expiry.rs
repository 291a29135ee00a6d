//! Sockets that expire, each at its own time. Only those that do are here: what every connection
//! has is in [`deadlines`](super::deadlines).

use std::collections::{BTreeSet, HashMap};

use tokio::time::{Duration, Instant};

use super::slot::Notice;
use crate::id::SocketId;

#[derive(Default)]
pub(crate) struct Expiries {
    sockets: HashMap<SocketId, Expiry>,
    /// One entry for each of them: what comes next for it.
    order: BTreeSet<(Instant, SocketId)>,
}

#[derive(Clone, Copy)]
pub(crate) struct Expiry {
    slot: u32,
    at: Instant,
    /// When it is told, or if it has been, when it expires.
    next: Instant,
}

impl Expiries {
    /// Sets when the socket in this slot expires, in place of what was set before; true if it is
    /// now the next of all. It is told so long before, or at once if less is left; half-way if it was
    /// told already, as a session that is told at once might renew in answer, without end.
    pub(crate) fn set(
        &mut self,
        socket: SocketId,
        slot: u32,
        at: Instant,
        told_before: Duration,
        now: Instant,
    ) -> bool {
        let was_told = self.remove(socket).is_some_and(|old| old.next == old.at);
        let left = at.saturating_duration_since(now);
        let told_before = match told_before < left {
            true => told_before,
            false if was_told => left / 2,
            false => left,
        };
        let next = at - told_before;
        self.insert(socket, Expiry { slot, at, next });
        self.order.first() == Some(&(next, socket))
    }

    fn insert(&mut self, socket: SocketId, expiry: Expiry) {
        self.sockets.insert(socket, expiry);
        self.order.insert((expiry.next, socket));
    }

    /// The socket has gone, or does not expire any more.
    pub(crate) fn remove(&mut self, socket: SocketId) -> Option<Expiry> {
        let expiry = self.sockets.remove(&socket)?;
        self.order.remove(&(expiry.next, socket));
        Some(expiry)
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes one that is due: its slot, and what its connection is told.
    pub(crate) fn due(&mut self, now: Instant) -> Option<(u32, Notice)> {
        let (_, socket) = *self.order.first().filter(|(at, _)| *at <= now)?;
        let Expiry { slot, at, .. } = *self.sockets.get(&socket)?;
        self.remove(socket);
        if at <= now {
            return Some((slot, Notice::Expired(socket)));
        }
        let next = at;
        self.insert(socket, Expiry { slot, at, next });
        Some((slot, Notice::Expiring(socket)))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn ids() -> [SocketId; 2] {
        ["A", "B"].map(|letter| letter.repeat(20).parse().unwrap())
    }

    fn due(expiries: &mut Expiries, now: Instant) -> Vec<(u32, bool)> {
        std::iter::from_fn(|| expiries.due(now))
            .map(|(slot, notice)| (slot, matches!(notice, Notice::Expired(_))))
            .collect()
    }

    #[test]
    fn each_is_told_before_and_then_expires() {
        let [a, b] = ids();
        let start = Instant::now();
        let mut expiries = Expiries::default();
        assert!(expiries.set(a, 1, start + 100 * MS, 60 * MS, start));
        assert!(!expiries.set(b, 2, start + 110 * MS, 60 * MS, start));
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
    fn less_than_the_notice_is_told_at_once_and_nothing_only_expires() {
        let [a, b] = ids();
        let start = Instant::now();
        let mut expiries = Expiries::default();
        expiries.set(a, 1, start + 50 * MS, 60 * MS, start);
        expiries.set(b, 2, start, 60 * MS, start);
        assert_eq!(due(&mut expiries, start), [(1, false), (2, true)]);
        // A short renewal by a session that was told is told again, but not at once.
        expiries.set(a, 1, start + 50 * MS, 60 * MS, start);
        assert_eq!(due(&mut expiries, start + 24 * MS), []);
        assert_eq!(due(&mut expiries, start + 25 * MS), [(1, false)]);
        expiries.remove(a);
        // Without a notice it is not told.
        expiries.set(b, 2, start + MS, Duration::ZERO, start);
        assert_eq!(due(&mut expiries, start + MS), [(2, true)]);
    }

    #[test]
    fn setting_again_replaces_and_leaves_nothing_behind() {
        let [a, _] = ids();
        let start = Instant::now();
        let mut expiries = Expiries::default();
        for ms in 1..1_000 {
            expiries.set(a, 1, start + ms * MS, 60 * MS, start);
        }
        assert_eq!((expiries.order.len(), expiries.sockets.len()), (1, 1));
        // Told, and then given more time: told again.
        assert_eq!(due(&mut expiries, start + 950 * MS), [(1, false)]);
        let now = start + 951 * MS;
        expiries.set(a, 1, now + 100 * MS, 60 * MS, now);
        assert_eq!(due(&mut expiries, now + 40 * MS), [(1, false)]);
        expiries.remove(a);
        assert!(expiries.sockets.is_empty() && expiries.order.is_empty());
    }
}
