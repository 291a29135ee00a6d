//! How long the handlers of a namespace take.

use std::{sync::OnceLock, time::Duration};

use ::metrics::Histogram;

use crate::metrics;

/// The histograms of the events of one session type, in the order of its list; each is made when it is
/// needed, as the exporter may be installed after the namespace was described.
pub(super) struct Latencies {
    /// As it was registered: dynamic namespaces share those of their pattern.
    namespace: String,
    events: &'static [&'static str],
    histograms: Box<[OnceLock<Histogram>]>,
}

impl Latencies {
    pub(super) fn new(namespace: String, events: &'static [&'static str]) -> Self {
        let histograms = events.iter().map(|_| OnceLock::new()).collect();
        Self {
            namespace,
            events,
            histograms,
        }
    }

    /// A handler has taken so long, from its start to what it returned. An `event` beyond the list is
    /// not measured.
    pub(super) fn record(&self, event: usize, took: Duration) {
        if let (Some(name), Some(histogram)) = (self.events.get(event), self.histograms.get(event))
        {
            let made = histogram.get_or_init(|| metrics::handler_duration(&self.namespace, name));
            made.record(took.as_secs_f64());
        }
    }
}

/// Where a name stands in a list; beyond its end if it does not. Evaluated by the compiler.
pub(super) const fn position(names: &[&str], name: &str) -> usize {
    let mut at = 0;
    while at < names.len() && !equal(names[at].as_bytes(), name.as_bytes()) {
        at += 1;
    }
    at
}

const fn equal(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_or_beyond_the_end() {
        let names = ["say", "say more", ""];
        assert_eq!(names.map(|name| position(&names, name)), [0, 1, 2]);
        assert_eq!(position(&names, "sa"), 3);
        assert_eq!(position(&names, "says"), 3);
    }
}
