//! How much of anything a client may send or make the hub keep.

use super::HubBuilder;
use crate::config::SlowConsumer;

impl HubBuilder {
    /// The longest message a client may send on WebSocket, and the longest body of a POST on
    /// long-polling, in bytes. A longer message closes the connection with code 1009 before it is
    /// read. A longer POST is answered with 413: none of its packets arrives, and the session goes
    /// on. Default 1,000,000.
    pub fn max_http_buffer_size(mut self, bytes: usize) -> Self {
        self.config.max_http_buffer_size = bytes;
        self
    }

    /// The most attachments of one binary event, each a message of its own. Default 10.
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.config.max_attachments = attachments;
        self
    }

    /// Bytes of the `auth` that a client may send to connect to a namespace; with more it is refused
    /// with `the auth is too large`. It is kept as long as the socket. Default 64 KiB.
    pub fn max_auth_bytes(mut self, bytes: usize) -> Self {
        self.config.max_auth_bytes = bytes;
        self
    }

    /// The maximum number of events of one socket that wait for its handler. While there are as many, its
    /// connection is not read. Default 64.
    pub fn max_queued_events(mut self, events: usize) -> Self {
        self.config.max_queued_events = events;
        self
    }

    /// The maximum number of bytes queued for one client; beyond it,
    /// [`slow_consumer`](Self::slow_consumer) applies. The kernel's socket buffer comes in addition.
    /// Default 1 MiB.
    pub fn max_outbox_bytes(mut self, bytes: usize) -> Self {
        self.config.max_outbox_bytes = bytes;
        self
    }

    /// What happens to events for a client whose outbox is full, unless the event has a policy of its own.
    /// Default [`SlowConsumer::Close`].
    pub fn slow_consumer(mut self, policy: SlowConsumer) -> Self {
        self.config.slow_consumer = policy;
        self
    }

    /// The maximum number of bytes of broadcasts, and of the names in joins and leaves, from other threads queued for
    /// one worker; beyond it, they fail with [`EmitError::Overloaded`](crate::EmitError::Overloaded). Default 64 MiB.
    pub fn max_worker_backlog(mut self, bytes: usize) -> Self {
        self.config.max_worker_backlog = bytes;
        self
    }

    /// The maximum number of dynamic namespaces that exist at the same time; a client that asks for another
    /// is refused with `too many namespaces`. Default 10,000.
    pub fn max_dynamic_namespaces(mut self, namespaces: usize) -> Self {
        self.config.max_dynamic_namespaces = namespaces;
        self
    }

    /// The maximum number of dynamic namespaces that one connection may be in; beyond it, it is refused with
    /// `too many namespaces`. Default 100.
    pub fn max_namespaces_per_connection(mut self, namespaces: usize) -> Self {
        self.config.max_namespaces_per_connection = namespaces;
        self
    }

    /// Whether a dynamic namespace is removed with its last client. If false, clients can fill the hub up to
    /// [`max_dynamic_namespaces`](Self::max_dynamic_namespaces) permanently. Default true, unlike in
    /// Socket.IO.
    pub fn cleanup_empty_child_namespaces(mut self, cleanup: bool) -> Self {
        self.config.cleanup_empty_child_namespaces = cleanup;
        self
    }
}
