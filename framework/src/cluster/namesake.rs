//! Another node with this node's `server_id`: each takes what the other sends for its own.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

#[cfg(feature = "redis")]
use super::requests::hex_id;
#[cfg(feature = "redis")]
use crate::id::hostname;
use crate::metrics::Metrics;

/// Those that are known to have been told of: the last ones. A deployment whose replicas share a name has as many.
const MAX_TOLD: usize = 256;

/// Tells nodes of one name apart: host and process, and what no other hub has.
#[cfg(feature = "redis")]
pub(in crate::cluster) fn instance() -> String {
    format!("{}:{}:{}", hostname(), std::process::id(), hex_id())
}

/// Those that were heard.
#[derive(Default)]
pub(super) struct Namesakes {
    /// The last of them.
    told: Mutex<VecDeque<Box<str>>>,
}

impl Namesakes {
    /// One was heard. Only the first time of each is written into the log.
    pub(super) fn heard(&self, server_id: &str, this: &str, other: &str, metrics: &Metrics) {
        metrics.cluster_namesakes.add(1);
        if !self.is_new(other) {
            return;
        }
        // Neither hears the other.
        let both = format!("{this} and {other}");
        tracing::error!(server_id, both, "another node has the same `server_id`");
    }

    fn is_new(&self, other: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.iter().any(|known| **known == *other) {
            return false;
        }
        if told.len() == MAX_TOLD {
            told.pop_front();
        }
        told.push_back(other.into());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_several_is_told_once() {
        let namesakes = Namesakes::default();
        for is_new in [true, false, false] {
            for other in ["b", "c", "d"] {
                assert_eq!(namesakes.is_new(other), is_new);
            }
        }
        for number in 0..2 * MAX_TOLD {
            assert!(namesakes.is_new(&number.to_string()));
        }
        assert_eq!(
            namesakes.told.lock().map(|told| told.len()).ok(),
            Some(MAX_TOLD)
        );
    }
}
