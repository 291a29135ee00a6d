//! A connection takes a descriptor, and what we start has what we have.

use launch::Result;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a process needs besides its connections: for handshakes, which take a second one, Redis and listeners.
const OTHERS: u64 = 500;

/// The connections that a process may have on this machine.
pub(crate) fn most() -> usize {
    let descriptors = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    usize::try_from(descriptors.saturating_sub(OTHERS)).unwrap_or(usize::MAX)
}

/// Raises our limit to the hard one, and tells it.
///
/// # Errors
///
/// If that is too few for so many connections.
pub(crate) fn allow(connections: usize) -> Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )?;
    let descriptors = limit.maximum.unwrap_or(u64::MAX);
    let most = descriptors.saturating_sub(OTHERS);
    if connections as u64 > most {
        return Err(format!(
            "--per-process: at most {most}; a process has {descriptors} descriptors here"
        )
        .into());
    }
    Ok(descriptors)
}
