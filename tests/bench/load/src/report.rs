//! What a run found out: names with numbers, printed as one JSON object.

use std::fmt;

use serde_json::{Map, Value};

use crate::checker::{Checker, Faults};

/// Of one run.
#[derive(Debug, Default)]
pub struct Report {
    figures: Map<String, Value>,
    faults: u64,
}

impl Report {
    /// Whether every message arrived once and in order, and no connection broke.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults == 0
    }

    /// A figure by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures.get(name)?.as_f64()
    }

    pub(crate) fn put(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.figures.insert(name.into(), value.into());
    }

    /// One that a correct server leaves at 0.
    pub(crate) fn fault(&mut self, name: &str, count: u64) {
        self.put(name, count);
        self.faults += count;
    }

    /// What the checker found, of so many messages that were to come.
    pub(crate) fn delivered(&mut self, checker: &Checker, expected: u64) {
        let Faults {
            gaps,
            reordered,
            duplicates,
            misrouted,
            damaged,
        } = checker.faults;
        self.put("expected", expected);
        self.put("received", checker.received);
        self.fault("lost", expected.saturating_sub(checker.received));
        self.fault("gaps", gaps);
        self.fault("reordered", reordered);
        self.fault("duplicates", duplicates);
        self.fault("misrouted", misrouted);
        self.fault("damaged", damaged);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(&self.figures).map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}
