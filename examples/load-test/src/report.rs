//! What came of it.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) connected: usize,
    /// Clients that were not let in.
    pub(crate) failed: usize,
    pub(crate) sent: usize,
    /// Answers that were an error.
    pub(crate) refused: usize,
    /// Events without an answer.
    pub(crate) lost: usize,
    /// Events of others.
    pub(crate) received: usize,
    /// From when an event was due to its answer.
    pub(crate) latencies: Vec<Duration>,
    /// Each kind once.
    pub(crate) errors: BTreeSet<String>,
}

impl Tally {
    pub(crate) fn of_client(refused: usize) -> Self {
        Self {
            connected: 1,
            refused,
            ..Self::default()
        }
    }

    pub(crate) fn of_failure(error: String) -> Self {
        Self {
            failed: 1,
            errors: BTreeSet::from([error]),
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.connected += other.connected;
        self.failed += other.failed;
        self.sent += other.sent;
        self.refused += other.refused;
        self.lost += other.lost;
        self.received += other.received;
        self.latencies.extend(other.latencies);
        self.errors.extend(other.errors);
    }

    /// Everything was let in and answered as it should.
    pub(crate) fn is_clean(&self) -> bool {
        self.failed + self.refused + self.lost == 0 && self.errors.is_empty()
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let answered = self.latencies.len();
        writeln!(
            f,
            "clients   {} let in, {} not",
            self.connected, self.failed
        )?;
        writeln!(
            f,
            "events    {} sent, {answered} answered, {} of them refused, {} lost",
            self.sent, self.refused, self.lost
        )?;
        writeln!(f, "received  {} events of others", self.received)?;
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        if let Some(longest) = sorted.last() {
            write!(f, "latency  ")?;
            for percent in [50, 90, 99] {
                // The smallest that so many are not above.
                let rank = (sorted.len() * percent).div_ceil(100);
                let latency = sorted[rank.max(1) - 1];
                write!(f, " p{percent} {}", milliseconds(latency))?;
            }
            writeln!(f, " max {}", milliseconds(*longest))?;
        }
        for error in &self.errors {
            writeln!(f, "error     {error}")?;
        }
        Ok(())
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let tally = Tally {
            latencies: (1..=200).rev().map(Duration::from_millis).collect(),
            ..Tally::default()
        };
        let told = tally.to_string();
        let expected = "latency   p50 100.0 ms p90 180.0 ms p99 198.0 ms max 200.0 ms";
        assert!(told.lines().any(|line| line == expected), "{told}");
    }
}
