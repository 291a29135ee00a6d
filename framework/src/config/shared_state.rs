use std::time::Duration;

use crate::error::BuildError;

/// What nodes share about users and presence: how long a node that has crashed is believed, and
/// what is kept where. Given to [`HubBuilder::shared_state`](crate::HubBuilder::shared_state).
///
/// ```
/// use std::time::Duration;
/// use roomcast::{SharedState, prelude::*};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let hub = Hub::builder()
///     .namespace::<Chat>("/")
///     .shared_state(SharedState::new().lease(Duration::from_secs(10)))
///     .build()?;
/// # Ok::<_, roomcast::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "give it to `HubBuilder::shared_state`"]
pub struct SharedState {
    pub(crate) lease: Duration,
    pub(crate) prefix: String,
    pub(crate) max_entries: usize,
    pub(crate) max_tracked_rooms: usize,
    pub(crate) max_watched_rooms: usize,
    pub(crate) max_meta_bytes: usize,
    pub(crate) keep_last_seen: Duration,
}

impl SharedState {
    /// Every option at its default.
    pub fn new() -> Self {
        Self {
            lease: Duration::from_secs(15),
            prefix: "roomcast:".to_owned(),
            max_entries: 200_000,
            max_tracked_rooms: 128,
            max_watched_rooms: 16,
            max_meta_bytes: 4096,
            keep_last_seen: Duration::from_secs(30 * 24 * 3600),
        }
    }

    /// For how long a node that is not heard of any more counts as there; then its users and its
    /// presence go. It renews its lease after a third of that time. All nodes should have the same.
    /// Default 15 s.
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    /// What the names of all keys in Redis begin with, at least one character; nodes that have the same one, and the same
    /// database, share their state. Redis Cluster keeps all keys in one slot: the prefix is put into
    /// braces there, unless it has some. Default `roomcast:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Entries that this node may have: one for each socket with a user, and one for each room in
    /// which a socket is tracked. With more, binding and tracking fail. An entry takes about 300
    /// bytes here and 500 in Redis, and what it says of itself. Default 200,000.
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.max_entries = entries;
        self
    }

    /// Rooms in which one socket may be [tracked](crate::Socket::track). Default 128.
    pub fn max_tracked_rooms(mut self, rooms: usize) -> Self {
        self.max_tracked_rooms = rooms;
        self
    }

    /// Rooms that one socket may [watch](crate::Socket::watch_presence). The node keeps a copy of
    /// each room that is watched. Default 16.
    pub fn max_watched_rooms(mut self, rooms: usize) -> Self {
        self.max_watched_rooms = rooms;
        self
    }

    /// Bytes that a tracked socket may say of itself, as JSON. Default 4096.
    pub fn max_meta_bytes(mut self, bytes: usize) -> Self {
        self.max_meta_bytes = bytes;
        self
    }

    /// How long after a user's last connection ended it is still known when that was. Default 30
    /// days.
    pub fn keep_last_seen(mut self, time: Duration) -> Self {
        self.keep_last_seen = time;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), BuildError> {
        for (option, is_zero) in [
            ("prefix", self.prefix.is_empty()),
            ("lease", self.lease.is_zero()),
            ("max_entries", self.max_entries == 0),
            ("max_tracked_rooms", self.max_tracked_rooms == 0),
            ("max_watched_rooms", self.max_watched_rooms == 0),
            ("max_meta_bytes", self.max_meta_bytes == 0),
            ("keep_last_seen", self.keep_last_seen.is_zero()),
        ] {
            if is_zero {
                return Err(BuildError::Zero(option));
            }
        }
        Ok(())
    }
}

impl Default for SharedState {
    fn default() -> Self {
        Self::new()
    }
}
