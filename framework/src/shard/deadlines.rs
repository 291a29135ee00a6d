//! The worker's clockwork: one timer for all its connections.
//!
//! Every deadline of one kind is the same time away from when it is set, so each kind is a queue
//! that is in order by itself: setting is a push, expiring a pop, both exact and O(1). A deadline
//! is never cancelled; whoever set it looks, when it expires, whether it still matters.

use std::collections::VecDeque;

use tokio::time::{Duration, Instant};

/// What can become due for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// `ping_interval` has passed: send a ping.
    Ping,
    /// `ping_timeout` has passed since the ping.
    Pong,
    /// `connect_timeout` has passed since the session was opened.
    Connect,
    /// `close_timeout` has passed since we began to close.
    Close,
    /// The same while the hub drains, which does not wait for long.
    DrainClose,
    /// `upgrade_timeout` has passed since a WebSocket asked to take over.
    Upgrade,
    /// One of the [`IDLE_PARTS`] of `idle_timeout` has passed.
    Idle,
}

const KINDS: usize = 7;

/// Who is idle is looked at so often within the time: when a client last sent something is noted without
/// asking for the time, only that it was within a part.
pub(super) const IDLE_PARTS: u8 = 4;

pub(crate) struct Deadlines {
    start: Instant,
    after: [Duration; KINDS],
    queues: [VecDeque<Entry>; KINDS],
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Nanoseconds after the start: every connection has an entry, and an `Instant` is twice as
    /// large.
    at: u64,
    slot: u32,
    generation: u32,
}

/// A deadline that has passed: what, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expired {
    pub(crate) due: Due,
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

impl Deadlines {
    /// The times are in the order of [`Due`].
    pub(crate) fn new(after: [Duration; KINDS]) -> Self {
        Self {
            start: Instant::now(),
            after,
            queues: Default::default(),
        }
    }

    /// Sets a deadline; true if it is now the next of all.
    pub(crate) fn set(&mut self, due: Due, slot: u32, generation: u32, now: Instant) -> bool {
        let at = self.nanos(now + self.after[due as usize]);
        let next = self.earliest();
        self.queues[due as usize].push_back(Entry {
            at,
            slot,
            generation,
        });
        next.is_none_or(|next| at < next)
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.earliest()
            .map(|at| self.start + Duration::from_nanos(at))
    }

    fn earliest(&self) -> Option<u64> {
        self.queues
            .iter()
            .filter_map(|queue| queue.front().map(|entry| entry.at))
            .min()
    }

    /// Takes one deadline that has passed.
    pub(crate) fn expired(&mut self, now: Instant) -> Option<Expired> {
        const DUES: [Due; KINDS] = [
            Due::Ping,
            Due::Pong,
            Due::Connect,
            Due::Close,
            Due::DrainClose,
            Due::Upgrade,
            Due::Idle,
        ];
        let now = self.nanos(now);
        for due in DUES {
            let queue = &mut self.queues[due as usize];
            if queue.front().is_some_and(|entry| entry.at <= now)
                && let Some(entry) = queue.pop_front()
            {
                // After a wave of connections the memory goes back.
                if queue.is_empty() {
                    *queue = VecDeque::new();
                }
                return Some(Expired {
                    due,
                    slot: entry.slot,
                    generation: entry.generation,
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn deadlines_expire_exactly_on_time_and_in_order() {
        let mut deadlines = Deadlines::new([25, 20, 45, 30, 5, 10, 50].map(|ms| ms * MS));
        let start = deadlines.start;
        assert!(deadlines.set(Due::Ping, 1, 0, start));
        assert!(deadlines.set(Due::Pong, 2, 0, start), "20 is before 25");
        assert!(!deadlines.set(Due::Ping, 3, 9, start + MS));
        assert_eq!(deadlines.next(), Some(start + 20 * MS));
        assert_eq!(deadlines.expired(start + 19 * MS), None);

        let mut expired = Vec::new();
        for ms in 0..100 {
            while let Some(e) = deadlines.expired(start + MS * ms) {
                expired.push((ms, e.due, e.slot, e.generation));
            }
        }
        assert_eq!(
            expired,
            [
                (20, Due::Pong, 2, 0),
                (25, Due::Ping, 1, 0),
                (26, Due::Ping, 3, 9)
            ]
        );
        assert_eq!(deadlines.next(), None);
    }
}
