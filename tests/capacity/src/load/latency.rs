//! How long messages took, in few numbers however many there were.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Of each power of two there are 16 parts, so that a value is off by 6 % at most.
const PARTS: u32 = 4;

/// Counts by the lower bound of the part that a value falls into, in microseconds.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Latencies(BTreeMap<u64, u64>);

impl Latencies {
    pub(crate) fn add(&mut self, microseconds: u64) {
        let below = microseconds.max(1).ilog2().saturating_sub(PARTS);
        *self.0.entry(microseconds >> below << below).or_default() += 1;
    }

    pub(crate) fn merge(&mut self, others: &Self) {
        for (value, count) in &others.0 {
            *self.0.entry(*value).or_default() += count;
        }
    }

    /// The value that so many in a hundred are not above, in milliseconds; 0 of none.
    pub(crate) fn percentile(&self, percent: u64) -> f64 {
        let all: u64 = self.0.values().sum();
        let mut below = 0;
        let reaches = self.0.iter().find(|(_, count)| {
            below += **count;
            below * 100 >= all * percent
        });
        reaches.map_or(0.0, |(value, _)| *value as f64 / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_within_a_part() {
        let (mut odd, mut even) = (Latencies::default(), Latencies::default());
        for value in 1..=10_000 {
            if value % 2 == 0 { &mut even } else { &mut odd }.add(value);
        }
        odd.merge(&even);
        for (percent, exact) in [(50, 5.0), (99, 9.9), (100, 10.0)] {
            let told = odd.percentile(percent);
            assert!((exact * 0.94..=exact).contains(&told), "{percent}: {told}");
        }
        assert_eq!(Latencies::default().percentile(50), 0.0);
    }
}
