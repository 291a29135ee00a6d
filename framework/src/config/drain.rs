use std::time::Duration;

use super::Config;

/// What a client gets at most to answer the close of a hub that drains, and for each part of what waits
/// before it: one that is there answers within a round trip, and for those that have vanished a restart should
/// not wait.
const CLOSING: Duration = Duration::from_secs(5);

/// What a drain takes its time for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drain {
    /// Before connections are told to go.
    pub(crate) delay: Duration,
    /// For telling all of them.
    pub(crate) window: Duration,
    /// For all of it.
    pub(crate) timeout: Duration,
}

impl Config {
    pub(crate) fn drain(&self) -> Drain {
        Drain {
            delay: self.drain_delay,
            window: self.drain_window,
            timeout: self.drain_timeout,
        }
    }

    /// How long a client may take to take the close of a hub that drains.
    pub(crate) fn close_timeout_when_draining(&self) -> Duration {
        CLOSING.min(self.close_timeout)
    }
}
