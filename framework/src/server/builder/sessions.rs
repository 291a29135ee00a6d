//! What holds for sockets until a namespace, an emit or a session says otherwise.

use std::time::Duration;

use super::HubBuilder;
use crate::config::Recovery;

impl HubBuilder {
    /// How long an emit with ack waits, unless it sets its own timeout. Default 10 s.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.config.ack_timeout = timeout;
        self
    }

    /// How long before a socket [expires](crate::Socket::expires_in)
    /// [`Session::expiring`](crate::Session::expiring) is called; at once, if it is given less time. Zero:
    /// never. Default 60 s.
    pub fn expiry_notice(mut self, notice: Duration) -> Self {
        self.config.expiry_notice = notice;
        self
    }

    /// Enables connection state recovery: a client that reconnects in time after losing its connection
    /// keeps its socket's id, its rooms and what the session [saved](crate::Session::save), and receives
    /// every event that it missed, in order. Where that is not possible, it gets a new session. Default: off.
    ///
    /// Every event then has an additional last argument, its offset, which clients' handlers receive too.
    /// All workers deliver a namespace's events in one order, but for those with ack.
    pub fn connection_state_recovery(mut self, recovery: Recovery) -> Self {
        self.config.connection_state_recovery = Some(recovery);
        self
    }
}
