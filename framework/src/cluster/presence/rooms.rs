//! Presence as an application sees it.

use std::sync::Arc;

use serde::Serialize;

use super::{
    change::{PresenceChange, Present},
    entries::Excess,
    registrar::Registrar,
    step::Place,
    store::{StoreError, Topic},
    topics::Watching,
    watchers::Changes,
};
use crate::{
    error::EmitError,
    event::Rejection,
    namespace::{Hub, Namespace, Refusal, Socket},
    room::reserved,
    shard::directory::RoomName,
};

/// Keys that are read at once, at most.
const PAGE: usize = 1000;

/// Why a socket was not bound to a user, not tracked, or does not watch; what was before counts then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PresenceError {
    /// The socket has gone, or its worker has too much waiting.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// This node has [`max_entries`](crate::SharedState::max_entries).
    #[error("this node has as many users and tracked sockets as it may have")]
    Full,
    /// The socket is tracked in
    /// [`max_tracked_rooms`](crate::SharedState::max_tracked_rooms).
    #[error(
        "the socket is tracked in {0} rooms, which is as many as it may be (max_tracked_rooms)"
    )]
    TooManyTracked(usize),
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

impl From<Excess> for PresenceError {
    fn from(excess: Excess) -> Self {
        match excess {
            Excess::Node => Self::Full,
            Excess::Rooms(max) => Self::TooManyTracked(max),
            Excess::Watches(max) => Self::TooManyWatched(max),
        }
    }
}

/// What a client is told; why is the server's business.
const FAILED: &str = "internal server error";

/// The client learns no more than that the server failed.
impl From<PresenceError> for Rejection {
    fn from(error: PresenceError) -> Self {
        tracing::debug!(%error, "a socket was not entered");
        Self::new(FAILED)
    }
}

/// The client learns no more than that the server failed.
impl From<PresenceError> for Refusal {
    fn from(error: PresenceError) -> Self {
        tracing::debug!(%error, "a socket was not entered");
        Self::new(FAILED)
    }
}

impl Socket {
    /// Shows its client as present in a room, which it joins if it is not in it. Others see it under
    /// the id of its [user](Self::bind_user), once however many sockets the user has there, or of
    /// one without a user under `socket:` and its own id; and with `meta`, whatever serializes.
    /// Called again, it replaces what was said.
    ///
    /// It ends when the socket leaves the room or is disconnected. A client that
    /// [comes back](Self::recovered) to its socket is to be tracked again.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Device<'a> {
    ///     device: &'a str,
    /// }
    ///
    /// #[derive(Deserialize, Event)]
    /// struct Enter {
    ///     room: String,
    /// }
    ///
    /// # #[derive(EventHandlers)] #[handles(Enter)] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    /// impl Handle<Enter> for Chat {
    ///     async fn handle(&mut self, enter: Enter, socket: &Socket) -> Result<(), Rejection> {
    ///         socket.track(&enter.room, &Device { device: "phone" })?;
    ///         // The client gets `presence_state`, then `presence_diff`.
    ///         socket.watch_presence(&enter.room)?;
    ///         Ok(())
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// See [`PresenceError`]; what was said before counts then.
    pub fn track<T: Serialize + ?Sized>(
        &self,
        room: impl AsRef<str>,
        meta: &T,
    ) -> Result<(), PresenceError> {
        let registrar = self.registrar();
        let meta = serde_json::to_string(meta)?;
        let max = registrar.options.max_meta_bytes;
        if meta.len() > max {
            return Err(PresenceError::TooLong(max));
        }
        let room = room.as_ref();
        if reserved::is_reserved(room) {
            return Err(EmitError::ReservedRoom(room.to_owned()).into());
        }
        registrar.track(Place::of(self)?, &room.into(), &meta.into())
    }

    /// Does not show its client as present in the room any more; it stays in the room.
    pub fn untrack(&self, room: impl AsRef<str>) {
        if let Ok(place) = Place::of(self) {
            self.registrar().untrack(place, &room.as_ref().into());
        }
    }

    /// Tells its client who is present in a room: once how it is
    /// ([`PresenceState`](crate::PresenceState)), then what changes
    /// ([`PresenceDiff`](crate::PresenceDiff)). The socket need not be in the room, nor tracked.
    ///
    /// It ends with [`unwatch_presence`](Self::unwatch_presence), when the socket leaves the room,
    /// and when it is disconnected. A client that [comes back](Self::recovered) to its socket watches
    /// nothing. While anyone on this node watches a room, the node has a copy of its presence.
    ///
    /// # Errors
    /// [`PresenceError::Emit`] and [`PresenceError::TooManyWatched`].
    pub fn watch_presence(&self, room: impl AsRef<str>) -> Result<(), PresenceError> {
        let room: RoomName = room.as_ref().into();
        self.registrar().watch_for(Place::of(self)?, &room)
    }

    /// Does not tell its client any more.
    ///
    /// # Errors
    /// [`PresenceError::Emit`]: it is told as before.
    pub fn unwatch_presence(&self, room: impl AsRef<str>) -> Result<(), PresenceError> {
        let room: RoomName = room.as_ref().into();
        let always = |_: &_, _: &_| false;
        self.registrar().unwatch(Place::of(self)?, &room, always)
    }

    pub(crate) fn registrar(&self) -> &Arc<Registrar> {
        self.state::<Arc<Registrar>>()
    }
}

impl Hub {
    /// Who is present in a room of the namespace `/`.
    pub fn presence(&self, room: &str) -> Presence {
        let registrar = self.state::<Arc<Registrar>>();
        Presence::new(registrar, "/".into(), room)
    }

    /// Who is online in any namespace: the [users](Socket::bind_user) of connected sockets, each
    /// with an entry for each socket, which says in which namespace it is.
    pub fn users_online(&self) -> Presence {
        let registrar = self.state::<Arc<Registrar>>();
        Presence {
            registrar: Arc::clone(registrar),
            topic: Topic::Users,
        }
    }
}

impl Namespace {
    /// Who is present in a room.
    pub fn presence(&self, room: &str) -> Presence {
        let registrar = self.states().of::<Arc<Registrar>>();
        Presence::new(registrar, Arc::clone(&self.scope().name), room)
    }
}

/// Who is present in a room, or online, on all nodes; from [`Hub::presence`] and
/// [`Hub::users_online`]. Each user counts once, in however many sockets on however many nodes.
///
/// Questions are answered by the store that the nodes share, with what this node has entered
/// before.
///
/// ```
/// use roomcast::{PresenceChange, StoreError, prelude::*};
///
/// #[derive(Debug, Deserialize)]
/// struct Device {
///     device: String,
/// }
///
/// async fn follow(hub: &Hub) -> Result<(), Box<dyn std::error::Error>> {
///     let lobby = hub.presence("lobby");
///     for present in lobby.list().await? {
///         println!("{} on {:?}", present.key(), present.metas::<Device>()?);
///     }
///     let mut watch = lobby.watch().await?;
///     while let Some(change) = watch.next().await {
///         match change {
///             PresenceChange::Joined(present) => println!("{} came", present.key()),
///             PresenceChange::Left(present) => println!("{} went", present.key()),
///             _ => {}
///         }
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
#[must_use = "it asks nothing yet"]
pub struct Presence {
    registrar: Arc<Registrar>,
    topic: Topic,
}

/// A part of those who are present; from [`Presence::page`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresencePage {
    /// Who.
    pub present: Vec<Present>,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<String>,
}

impl Presence {
    pub(crate) fn new(registrar: &Arc<Registrar>, namespace: Arc<str>, room: &str) -> Self {
        let topic = Topic::Room {
            namespace,
            room: room.into(),
        };
        Self {
            registrar: Arc::clone(registrar),
            topic,
        }
    }

    /// How many are present.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    pub async fn count(&self) -> Result<usize, StoreError> {
        self.registrar.settled().await?;
        self.registrar.store.count(&self.topic).await
    }

    /// At most `limit` of them, from 1 to 1000, in an order that stays the same; `after` is
    /// [`next`](PresencePage::next) of the page before. Someone who is present throughout is on
    /// exactly one page.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub async fn page(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<PresencePage, StoreError> {
        self.registrar.settled().await?;
        self.read(after, limit).await
    }

    /// All of them. For rooms that may be large there is [`page`](Self::page).
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub async fn list(&self) -> Result<Vec<Present>, StoreError> {
        self.registrar.settled().await?;
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.read(after.as_deref(), PAGE).await?;
            all.extend(page.present);
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Who is present, and from there on every change. While it is kept, this node has a copy of the
    /// presence.
    ///
    /// # Errors
    /// [`StoreError`] if the hub has shut down.
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn watch(&self) -> Result<PresenceWatch, StoreError> {
        let waiting = self.registrar.topics().watch(&self.topic);
        self.registrar.start();
        self.registrar.stale.notify_one();
        match waiting.await {
            Ok(Watching { present, changes }) => Ok(PresenceWatch { present, changes }),
            Err(_) => Err(StoreError::new("the hub has left the cluster")),
        }
    }

    async fn read(&self, after: Option<&str>, limit: usize) -> Result<PresencePage, StoreError> {
        let store = &self.registrar.store;
        let page = store.page(&self.topic, after, limit.clamp(1, PAGE)).await?;
        Ok(PresencePage {
            present: page.keys.into_iter().map(Present::from).collect(),
            next: page.next,
        })
    }
}

impl std::fmt::Debug for Presence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Presence").field(&self.topic).finish()
    }
}

/// Who is present and what changes; from [`Presence::watch`].
#[derive(Debug)]
pub struct PresenceWatch {
    present: Vec<Present>,
    changes: Changes,
}

impl PresenceWatch {
    /// Who was present when it began; in no order.
    #[must_use]
    pub fn present(&self) -> &[Present] {
        &self.present
    }

    /// The next change; `None` once nobody watches the room any more because the hub has gone. Who
    /// is more than 1024 changes behind gets [`PresenceChange::Missed`] in the place of what follows
    /// those, up to the call that returns it.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<PresenceChange> {
        self.changes.next().await
    }
}
