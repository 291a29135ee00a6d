use std::time::Duration;

use crate::error::BuildError;

/// Options of what nodes share about users and presence: the lease of a node, key names and limits. Given
/// to [`HubBuilder::shared_state`](crate::HubBuilder::shared_state).
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

    /// How long the users and presence of a node remain after it was last heard of. A node renews its lease
    /// after a third of this time, and then also rewrites a twelfth of its entries, in case the store has
    /// lost some. Use the same value on all nodes. Default 15 s.
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    /// Prefix of all keys in Redis, at least one character; nodes with the same prefix and database share
    /// their state. With Redis Cluster the prefix is put into braces, unless it has some, so that all keys are
    /// in one slot. Default `roomcast:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The maximum number of entries in rooms of this node: one for each room in which a socket is tracked.
    /// Beyond it, tracking fails. A socket that is bound to a user has one more entry, which is not counted
    /// here. An entry takes some hundred bytes in the process and in Redis, plus its value. Default 200,000.
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.max_entries = entries;
        self
    }

    /// The maximum number of rooms in which one socket may be [tracked](crate::Socket::track). They count
    /// towards [`max_rooms_per_socket`](crate::HubBuilder::max_rooms_per_socket) as well. Default 128.
    pub fn max_tracked_rooms(mut self, rooms: usize) -> Self {
        self.max_tracked_rooms = rooms;
        self
    }

    /// The maximum number of rooms that one socket may [watch](crate::Socket::watch_presence). The node keeps
    /// a copy of the list of each watched room. Default 16.
    pub fn max_watched_rooms(mut self, rooms: usize) -> Self {
        self.max_watched_rooms = rooms;
        self
    }

    /// The maximum size of the value given to [`track`](crate::Socket::track), as JSON, in bytes. Default
    /// 4096.
    pub fn max_meta_bytes(mut self, bytes: usize) -> Self {
        self.max_meta_bytes = bytes;
        self
    }

    /// How long a user's [`last_seen`](crate::User::last_seen) is kept. Default 30 days.
    pub fn keep_last_seen(mut self, time: Duration) -> Self {
        self.keep_last_seen = time;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), BuildError> {
        for (option, is_zero) in [
            ("prefix", self.prefix.is_empty()),
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
        // It is renewed after a third of that time, by a request to the store.
        match (Duration::from_millis(100)..=Duration::from_secs(24 * 3600)).contains(&self.lease) {
            true => Ok(()),
            false => Err(BuildError::OutOfRange {
                option: "lease",
                allowed: "from 100 ms to a day",
            }),
        }
    }
}

impl Default for SharedState {
    fn default() -> Self {
        Self::new()
    }
}
