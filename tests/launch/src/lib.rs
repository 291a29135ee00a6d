//! Programs that are started together and stopped together, and a Redis of one's own: for the examples of clusters, and
//! for the run that measures how many connections nodes hold.

pub mod process;
pub mod redis;

/// Nobody here acts on what went wrong: it is told to whoever started the program.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
