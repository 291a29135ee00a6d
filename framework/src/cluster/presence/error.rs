//! Why a socket has no part in presence.

use super::entries::Excess;
use crate::{error::EmitError, event::Rejection, metrics::Metrics, namespace::Refusal};

/// Why a socket was not bound to a user, not tracked, or does not watch; what was before counts then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PresenceError {
    /// The socket has gone, is in as many rooms as it may be, or its worker has too much waiting; or
    /// the room is reserved.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// This node has [`max_entries`](crate::SharedState::max_entries).
    #[error("this node has as many tracked sockets as it may have")]
    Full,
    /// The socket is tracked in
    /// [`max_tracked_rooms`](crate::SharedState::max_tracked_rooms).
    #[error(
        "the socket is tracked in {0} rooms, which is as many as it may be (max_tracked_rooms)"
    )]
    TooManyTracked(usize),
    /// The user has [`max_sockets_per_user`](crate::HubBuilder::max_sockets_per_user).
    #[error(
        "the user has {0} sockets on this node, which is as many as it may have (max_sockets_per_user)"
    )]
    TooManySockets(usize),
    /// The socket watches [`max_watched_rooms`](crate::SharedState::max_watched_rooms).
    #[error("the socket watches {0} rooms, which is as many as it may (max_watched_rooms)")]
    TooManyWatched(usize),
    /// A user's id is a text of 1 to 256 bytes, which does not begin with `socket:`.
    #[error("a user's id has 1 to 256 bytes, and does not begin with `socket:`")]
    UserId,
    /// What the socket says of itself does not serialize.
    #[error("the meta does not serialize: {0}")]
    Encode(#[from] serde_json::Error),
    /// It is longer than [`max_meta_bytes`](crate::SharedState::max_meta_bytes).
    #[error("the meta is longer than {0} bytes")]
    TooLong(usize),
}

impl PresenceError {
    /// Counts it, if an option does not allow it.
    pub(super) fn counted(self, metrics: &Metrics) -> Self {
        if let Some(option) = self.limit() {
            metrics.presence_refused.add(option);
        }
        self
    }

    /// The option that says how many there may be, or how much, if that is why.
    fn limit(&self) -> Option<&'static str> {
        match self {
            Self::Full => Some("max_entries"),
            Self::TooManyTracked(_) => Some("max_tracked_rooms"),
            Self::TooManySockets(_) => Some("max_sockets_per_user"),
            Self::TooManyWatched(_) => Some("max_watched_rooms"),
            Self::TooLong(_) => Some("max_meta_bytes"),
            Self::Emit(_) | Self::UserId | Self::Encode(_) => None,
        }
    }
}

impl From<Excess> for PresenceError {
    fn from(excess: Excess) -> Self {
        match excess {
            Excess::Node => Self::Full,
            Excess::Rooms(max) => Self::TooManyTracked(max),
            Excess::Sockets(max) => Self::TooManySockets(max),
            Excess::Watches(max) => Self::TooManyWatched(max),
        }
    }
}

/// What a client is told: what it can do something about. The rest is the server's business.
fn told(error: &PresenceError) -> &'static str {
    tracing::debug!(%error, "a socket was not entered");
    match error {
        PresenceError::TooManySockets(_) => "too many connections of this user",
        _ => "internal server error",
    }
}

/// The client learns that its user has too many sockets, or no more than that the server failed.
impl From<PresenceError> for Rejection {
    fn from(error: PresenceError) -> Self {
        Self::new(told(&error))
    }
}

/// The client learns that its user has too many sockets, or no more than that the server failed.
impl From<PresenceError> for Refusal {
    fn from(error: PresenceError) -> Self {
        Self::new(told(&error))
    }
}
