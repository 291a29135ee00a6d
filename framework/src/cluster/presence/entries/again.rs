//! What is written again though nothing has changed: a store may have lost it.

use super::Entries;
use crate::cluster::presence::store::Write;

/// Entries that are as the store should have them, of some sockets in a row.
pub(in super::super) struct Part {
    pub(in super::super) writes: Vec<Write>,
    /// How many sockets those are.
    pub(in super::super) sockets: usize,
    next: usize,
}

impl Entries {
    /// As many sockets as have to be gone through so that so many rounds go through all of them.
    pub(in super::super) fn sockets_of_a_round(&self, rounds: usize) -> usize {
        self.sockets.len().div_ceil(rounds)
    }

    /// The entries of at most so many sockets, and about `limit` of them. What waits to be written
    /// is not among them: it is on its way anyway.
    pub(in super::super) fn again(&self, sockets: usize, limit: usize) -> Part {
        let len = self.sockets.len();
        // Downwards, since the place of a socket that goes is taken by the last one: that comes
        // again at worst, and nobody is left out.
        let from = match self.next_again.min(len) {
            0 => len,
            next => next,
        };
        let mut part = Part {
            writes: Vec::new(),
            sockets: 0,
            next: from,
        };
        while part.sockets < sockets
            && part.writes.len() < limit
            && let Some(next) = part.next.checked_sub(1)
        {
            if let Some((socket, entered)) = self.sockets.get_index(next) {
                let slots = entered.slots.iter();
                let settled = slots.filter(|slot| slot.meta.is_some() && !slot.dirty);
                part.writes.extend(settled.map(|slot| slot.write(*socket)));
            }
            part.sockets += 1;
            part.next = next;
        }
        part
    }

    /// The store has this part.
    pub(in super::super) fn written_again(&mut self, part: &Part) {
        self.next_again = part.next;
    }
}
