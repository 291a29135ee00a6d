//! A connection takes a descriptor, and systems give a program few that does not ask for more.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit, often 1,024 for the sake of programs that use `select`, to the hard one.
pub fn allow_all() {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // macOS wants a number where there is no hard limit.
    if let Err(error) = setrlimit(Resource::Nofile, all) {
        eprintln!(
            "descriptors: {error}; the limit stays at {:?}",
            limit.current
        );
    }
}
