use std::time::Duration;

use crate::error::BuildError;

/// Connection state recovery: what is kept for clients that lose their connection, and for how long.
/// Given to [`HubBuilder::connection_state_recovery`](crate::HubBuilder::connection_state_recovery).
///
/// ```
/// use std::time::Duration;
/// use roomcast::{Recovery, prelude::*};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let recovery = Recovery::new().max_disconnection_duration(Duration::from_secs(30));
/// let hub = Hub::builder()
///     .namespace::<Chat>("/")
///     .connection_state_recovery(recovery)
///     .build()?;
/// # Ok::<_, roomcast::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "give it to `HubBuilder::connection_state_recovery`"]
pub struct Recovery {
    pub(crate) max_disconnection_duration: Duration,
    pub(crate) skip_middlewares: bool,
    pub(crate) max_log_bytes: usize,
    pub(crate) max_sessions: usize,
    pub(crate) max_dynamic_log_bytes: usize,
    pub(crate) max_dynamic_sessions: usize,
}

impl Recovery {
    /// Every option at its default.
    pub fn new() -> Self {
        Self {
            max_disconnection_duration: Duration::from_secs(120),
            skip_middlewares: true,
            max_log_bytes: 16 << 20,
            max_sessions: 10_000,
            max_dynamic_log_bytes: 64 << 20,
            max_dynamic_sessions: 40_000,
        }
    }

    /// How long after losing its connection a client can recover. Default 120 s.
    pub fn max_disconnection_duration(mut self, duration: Duration) -> Self {
        self.max_disconnection_duration = duration;
        self
    }

    /// Whether recovering clients skip the namespace's
    /// [middleware](crate::NamespaceBuilder::middleware). The socket keeps its
    /// [extensions](crate::Socket::extensions) in any case. Default true.
    pub fn skip_middlewares(mut self, skip: bool) -> Self {
        self.skip_middlewares = skip;
        self
    }

    /// The maximum size of the events kept for each namespace, in bytes, bookkeeping included; beyond it the
    /// oldest are dropped, and clients that missed those get new sessions. Default 16 MiB.
    pub fn max_log_bytes(mut self, bytes: usize) -> Self {
        self.max_log_bytes = bytes;
        self
    }

    /// The maximum number of sessions kept for disconnected clients of each namespace; beyond it the oldest
    /// are dropped. Default 10,000.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// The maximum size of the events kept for all [dynamic
    /// namespaces](crate::NamespaceBuilder::matching) together, since clients decide how many there are. When
    /// it is reached, a namespace that emits drops its own oldest events, and may keep none. Default 64 MiB.
    pub fn max_dynamic_log_bytes(mut self, bytes: usize) -> Self {
        self.max_dynamic_log_bytes = bytes;
        self
    }

    /// The maximum number of sessions kept for disconnected clients of all [dynamic
    /// namespaces](crate::NamespaceBuilder::matching) together. When it is reached, a namespace that adds one
    /// drops its own oldest ones, and may keep none. Default 40,000.
    pub fn max_dynamic_sessions(mut self, sessions: usize) -> Self {
        self.max_dynamic_sessions = sessions;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), BuildError> {
        let zero = [
            (
                "max_disconnection_duration",
                self.max_disconnection_duration.is_zero(),
            ),
            ("max_log_bytes", self.max_log_bytes == 0),
            ("max_sessions", self.max_sessions == 0),
            ("max_dynamic_log_bytes", self.max_dynamic_log_bytes == 0),
            ("max_dynamic_sessions", self.max_dynamic_sessions == 0),
        ];
        match zero.into_iter().find(|(_, is_zero)| *is_zero) {
            Some((name, _)) => Err(BuildError::Zero(name)),
            None => Ok(()),
        }
    }
}

impl Default for Recovery {
    fn default() -> Self {
        Self::new()
    }
}
