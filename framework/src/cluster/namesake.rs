//! Another node with this node's `server_id`: each takes what the other sends for its own.

use std::sync::{Mutex, PoisonError};

#[cfg(feature = "redis")]
use super::requests::hex_id;
use crate::metrics::Metrics;

/// Tells nodes of one name apart: host and process, and what no other hub has.
#[cfg(feature = "redis")]
pub(in crate::cluster) fn instance() -> String {
    format!("{}:{}:{}", hostname(), std::process::id(), hex_id())
}

/// The standard library has no call for it; what is not Linux tells its shells.
#[cfg(any(feature = "redis", feature = "admin"))]
pub(crate) fn hostname() -> String {
    let known = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let known = known.or_else(|| std::env::var("HOSTNAME").ok());
    let known = known.or_else(|| std::env::var("COMPUTERNAME").ok());
    let known = known.as_deref().map(str::trim);
    known
        .filter(|name| !name.is_empty())
        .unwrap_or("unknown")
        .to_owned()
}

/// Those that were heard.
#[derive(Default)]
pub(super) struct Namesakes {
    /// The last of them.
    told: Mutex<String>,
}

impl Namesakes {
    /// One was heard. Only the first time of each is written into the log.
    pub(super) fn heard(&self, server_id: &str, this: &str, other: &str, metrics: &Metrics) {
        metrics.cluster_namesakes.add(1);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told == other {
            return;
        }
        other.clone_into(&mut told);
        drop(told);
        // Neither hears the other.
        let both = format!("{this} and {other}");
        tracing::error!(server_id, both, "another node has the same `server_id`");
    }
}
