//! When users were last there.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::SystemTime,
};

/// Users of whom it is known; the longest gone make room.
const MAX_SEEN: usize = 100_000;

#[derive(Default)]
pub(super) struct Seen {
    users: HashMap<Arc<str>, Last>,
    /// The users by the number of that time.
    order: BTreeMap<u64, Arc<str>>,
    times: u64,
}

struct Last {
    at: SystemTime,
    number: u64,
}

impl Seen {
    /// The user goes now.
    pub(super) fn note(&mut self, user: &Arc<str>) {
        self.times += 1;
        let last = Last {
            at: SystemTime::now(),
            number: self.times,
        };
        if let Some(before) = self.users.insert(Arc::clone(user), last) {
            self.order.remove(&before.number);
        }
        self.order.insert(self.times, Arc::clone(user));
        if self.order.len() > MAX_SEEN
            && let Some((_, longest_gone)) = self.order.pop_first()
        {
            self.users.remove(&longest_gone);
        }
    }

    pub(super) fn at(&self, user: &str) -> Option<SystemTime> {
        Some(self.users.get(user)?.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_and_goes_all_the_time_makes_nobody_forgotten() {
        let mut seen = Seen::default();
        seen.note(&"ann".into());
        let bob = Arc::from("bob");
        for _ in 0..=MAX_SEEN {
            seen.note(&bob);
        }
        assert!(seen.at("ann").is_some() && seen.at("bob").is_some());
        assert_eq!(seen.order.len(), 2);
    }

    #[test]
    fn the_longest_gone_make_room() {
        let mut seen = Seen::default();
        for number in 0..=MAX_SEEN {
            seen.note(&number.to_string().into());
        }
        assert!(seen.at("0").is_none() && seen.at("1").is_some());
        assert_eq!(seen.users.len(), MAX_SEEN);
    }
}
