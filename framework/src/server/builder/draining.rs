//! What a drain takes its time for.

use std::time::Duration;

use super::HubBuilder;

impl HubBuilder {
    /// How long a [draining](crate::Hub::drain) hub waits before it begins to close connections, while it
    /// already reports not ready and refuses new ones. Default zero.
    ///
    /// Set it for load balancers that do not try another node when one answers 503, to the time that they
    /// need to notice the change of `/ready`. Otherwise clients that reconnect may be sent to this node
    /// again. It ends early when there are no connections.
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.config.drain_delay = delay;
        self
    }

    /// Over how long a draining hub spreads the closing of its connections: in batches, in random order,
    /// so that they do not all reconnect to the other nodes at once. Default 10 s; zero closes all at
    /// once. With 16 connections or fewer on each worker it is skipped.
    pub fn drain_window(mut self, window: Duration) -> Self {
        self.config.drain_window = window;
        self
    }

    /// How long draining may take in total, [`drain_delay`](Self::drain_delay) and
    /// [`drain_window`](Self::drain_window) included; remaining connections are cut then. Default 30 s.
    /// After that, at most three more seconds go by: one for workers that are blocked, one to release the
    /// lease of users and presence, one to send what waits for other nodes. Give a supervisor that kills
    /// the process after a timeout (systemd, Kubernetes, Compose) some seconds more than this.
    ///
    /// A client has 5 s, or [`close_timeout`](Self::close_timeout) if that is shorter, to answer the
    /// close, so that vanished clients do not delay the drain. The time starts again whenever it has read
    /// some of what is queued for it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::prelude::*;
    ///
    /// let builder = Hub::builder()
    ///     .drain_delay(Duration::from_secs(5))
    ///     .drain_window(Duration::from_secs(30))
    ///     .drain_timeout(Duration::from_secs(60));
    /// ```
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.config.drain_timeout = timeout;
        self
    }
}
