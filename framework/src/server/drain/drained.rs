use std::fmt;

/// The result of a drain; from [`Hub::drain`](crate::Hub::drain).
///
/// ```
/// use std::process::ExitCode;
/// use roomcast::prelude::*;
///
/// async fn end(hub: Hub) -> ExitCode {
///     match hub.drain().await.clean {
///         true => ExitCode::SUCCESS,
///         false => ExitCode::FAILURE,
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Whether nothing was interrupted: every handler and every `disconnect` has completed, every
    /// session that can be recovered has been stored, all messages for other nodes were sent, and the
    /// node has left the cluster. Report it in the exit code of the process.
    ///
    /// Events that were read and not begun when a client had to go
    /// [between two handlers](crate::Hub::drain) do not count: nobody has told the client that they were handled.
    pub clean: bool,
    /// Connections that ended in time: closed by the drain, by the client, or for any
    /// [other reason](crate::DisconnectReason).
    pub closed: u64,
    /// Connections whose client did not read what was queued, or did not answer the close, in time.
    /// Their sessions have ended properly, so the drain can still be clean.
    pub unanswered: u64,
    /// Connections that were cut while a handler ran, or before their turn; also those of
    /// [blocked workers](crate::HubBuilder::blocked_worker_after), which the metric does not count.
    pub cut: u64,
    /// Sessions that could have been [recovered](crate::HubBuilder::connection_state_recovery) on
    /// another node, but could not be stored: Redis was unreachable or full, or they were too large.
    /// Their clients start with new sessions, so the drain is not clean.
    pub lost: u64,
}

impl fmt::Display for Drained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            clean,
            closed,
            unanswered,
            cut,
            lost,
        } = self;
        let how = if *clean { "clean" } else { "not clean" };
        write!(
            f,
            "{how}: {closed} closed, {unanswered} did not answer, {cut} cut, {lost} sessions lost"
        )
    }
}
