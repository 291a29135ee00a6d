//! How long messages were under way.

use hdrhistogram::Histogram;

use crate::{Result, report::Report};

/// In nanoseconds, to 1 %.
pub(crate) struct Latency(Histogram<u64>);

impl Latency {
    const LONGEST: u64 = 3_600_000_000_000;

    /// # Errors
    ///
    /// None that can happen: the bounds are constants.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, Self::LONGEST, 2)?))
    }

    pub(crate) fn add(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    pub(crate) fn clear(&mut self) {
        self.0.reset();
    }

    /// All of them and those of the other, which have the same bounds.
    ///
    /// # Errors
    ///
    /// None that can happen.
    pub(crate) fn with(&self, other: &Self) -> Result<Self> {
        let mut both = self.0.clone();
        both.add(&other.0)?;
        Ok(Self(both))
    }

    pub(crate) fn report(&self, report: &mut Report, prefix: &str) {
        for (name, quantile) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)] {
            let nanoseconds = self.0.value_at_quantile(quantile);
            report.put(format!("{prefix}{name}_us"), nanoseconds as f64 / 1e3);
        }
    }
}
