use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use super::counter::Counter;

/// A family of counters, one for each reason.
pub(crate) struct ByReason {
    name: &'static str,
    /// Only written when a reason is new: a flood of refusals must not queue up here.
    values: RwLock<BTreeMap<&'static str, Counter>>,
}

impl ByReason {
    pub(super) fn new(name: &'static str, help: &'static str) -> Self {
        metrics::describe_counter!(name, help);
        Self {
            name,
            values: RwLock::default(),
        }
    }

    pub(crate) fn add(&self, reason: &'static str) {
        self.add_many(reason, 1);
    }

    pub(crate) fn add_many(&self, reason: &'static str, n: u64) {
        if n == 0 {
            return;
        }
        if let Some(counter) = self.read().get(reason) {
            return counter.add(n);
        }
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let counter = values
            .entry(reason)
            .or_insert_with(|| Counter::of(metrics::counter!(self.name, "reason" => reason)));
        counter.add(n);
    }

    pub(super) fn total(&self) -> u64 {
        self.read().values().map(Counter::get).sum()
    }

    pub(crate) fn get(&self) -> BTreeMap<&'static str, u64> {
        let values = self.read();
        let values = values.iter();
        values
            .map(|(reason, counter)| (*reason, counter.get()))
            .collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<&'static str, Counter>> {
        self.values.read().unwrap_or_else(PoisonError::into_inner)
    }
}
