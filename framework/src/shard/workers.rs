//! Sets of workers.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::id::WorkerId;

/// The most workers a hub can have; also the width of a [`WorkerSet`].
pub(crate) const MAX_WORKERS: usize = 256;

/// A set of workers that any thread may read while a worker changes its own bit.
#[derive(Default)]
pub(crate) struct WorkerSet([AtomicU64; MAX_WORKERS / 64]);

impl WorkerSet {
    fn place(&self, worker: WorkerId) -> Option<(&AtomicU64, u64)> {
        let word = self.0.get(usize::from(worker.0 / 64))?;
        Some((word, 1 << (worker.0 % 64)))
    }

    pub(crate) fn insert(&self, worker: WorkerId) {
        if let Some((word, bit)) = self.place(worker) {
            word.fetch_or(bit, Ordering::Release);
        }
    }

    pub(crate) fn remove(&self, worker: WorkerId) {
        if let Some((word, bit)) = self.place(worker) {
            word.fetch_and(!bit, Ordering::Release);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.snapshot().is_empty()
    }

    pub(crate) fn snapshot(&self) -> Workers {
        Workers(std::array::from_fn(|i| self.0[i].load(Ordering::Acquire)))
    }
}

/// A set of workers as it was at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Workers([u64; MAX_WORKERS / 64]);

impl Workers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(crate) fn add(&mut self, worker: WorkerId) {
        if let Some(word) = self.0.get_mut(usize::from(worker.0 / 64)) {
            *word |= 1 << (worker.0 % 64);
        }
    }

    #[cfg(test)]
    pub(super) fn has(self, worker: WorkerId) -> bool {
        self.iter().any(|known| known == worker)
    }

    /// Whether the worker was in the set; it is not any more.
    pub(crate) fn take(&mut self, worker: WorkerId) -> bool {
        let Some(word) = self.0.get_mut(usize::from(worker.0 / 64)) else {
            return false;
        };
        let bit = 1 << (worker.0 % 64);
        let was = *word & bit != 0;
        *word &= !bit;
        was
    }

    pub(crate) fn union(&mut self, other: Self) {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = WorkerId> {
        self.0.into_iter().zip(0_u16..).flat_map(|(mut word, i)| {
            std::iter::from_fn(move || {
                #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
                let bit = (word != 0).then_some(word.trailing_zeros() as u16)?;
                word &= word - 1;
                Some(WorkerId(i * 64 + bit))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_of_workers_holds_all_of_them() {
        let mut all = Workers::default();
        for worker in 0..MAX_WORKERS {
            all.add(WorkerId(worker.try_into().unwrap_or(u16::MAX)));
        }
        assert_eq!((all.len(), all.iter().count()), (MAX_WORKERS, MAX_WORKERS));
    }
}
