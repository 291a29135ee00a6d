//! Load for a Socket.IO server, and the floor beside it: what the programs `load` and `floor` do.
//!
//! One thread, one poller, connections that write and read frames in place: as little as possible, as the servers share the
//! machine with it.
//!
//! | module | holds |
//! | --- | --- |
//! | `stamp` `frame` | the bytes of a message and of a WebSocket frame |
//! | `checker` | whether each message came once and in order |
//! | `connection` `crowd` | one client; all of them, and who waits for them |
//! | `timer` `usage` `latency` | when the next message is due; what processes take; how long messages were under way |
//! | `descriptors` | raises the limit of open files |
//! | `scenario` | what the clients do, and what is reported of it |
//! | [`floor`] | the same writes without a server |
#![cfg(target_os = "linux")]

mod checker;
mod connection;
mod crowd;
mod descriptors;
pub mod floor;
mod frame;
mod latency;
mod options;
mod report;
mod scenario;
mod stamp;
mod timer;
mod usage;

pub use descriptors::allow;
pub use options::{HELP, Options};
pub use report::Report;
pub use scenario::run;

/// What can go wrong is told to whoever started the program, and ends it.
pub type Result<T = (), E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
