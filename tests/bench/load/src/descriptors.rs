//! A connection takes a descriptor.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::Result;

/// Raises the limit of open files to the hard one.
///
/// # Errors
///
/// If the kernel refuses.
pub fn allow() -> Result {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}
