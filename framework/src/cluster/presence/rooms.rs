//! Presence as an application sees it.

use std::sync::Arc;

use super::{
    change::{PresenceChange, Present},
    registrar::Registrar,
    store::{StoreError, Topic},
    topics::Watching,
    watchers::Changes,
};
use crate::namespace::{Hub, Namespace};

/// Keys that are read at once, at most.
const PAGE: usize = 1000;

impl Hub {
    /// The [tracked](crate::Socket::track) sockets in a room of the namespace `/`, on all nodes.
    pub fn presence(&self, room: &str) -> Presence {
        let registrar = self.state::<Arc<Registrar>>();
        Presence::new(registrar, "/".into(), room)
    }

    /// The users that are online in any namespace: those with [bound](crate::Socket::bind_user) sockets.
    /// Each has an entry for each of its sockets, with the socket's namespace.
    pub fn users_online(&self) -> Presence {
        let registrar = self.state::<Arc<Registrar>>();
        Presence {
            registrar: Arc::clone(registrar),
            topic: Topic::Users,
        }
    }
}

impl Namespace {
    /// The [tracked](crate::Socket::track) sockets in a room of this namespace, on all nodes.
    pub fn presence(&self, room: &str) -> Presence {
        let registrar = self.states().of::<Arc<Registrar>>();
        Presence::new(registrar, Arc::clone(&self.scope().name), room)
    }
}

/// Who is present in a room, or online, on all nodes; from [`Hub::presence`] and
/// [`Hub::users_online`]. Each user counts once, in however many sockets on however many nodes.
///
/// Queries go to the store that the nodes share. They see what this node has written before.
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

/// A page of the list of those present; from [`Presence::page`].
///
/// ```
/// use roomcast::{StoreError, prelude::*};
///
/// async fn everyone(hub: &Hub) -> Result<Vec<String>, StoreError> {
///     let lobby = hub.presence("lobby");
///     let (mut names, mut next) = (Vec::new(), None);
///     loop {
///         let page = lobby.page(next.as_deref(), 100).await?;
///         names.extend(page.present.iter().map(|present| present.key().to_owned()));
///         next = page.next;
///         if next.is_none() {
///             return Ok(names);
///         }
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresencePage {
    /// The entries of this page.
    pub present: Vec<Present>,
    /// The argument for the next page; `None` if this is the last one.
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
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn count(&self) -> Result<usize, StoreError> {
        self.registrar.settled().await?;
        self.registrar.store.count(&self.topic).await
    }

    /// A page of at most `limit` entries, from 1 to 1000, in a stable order; `after` is the
    /// [`next`](PresencePage::next) of the previous page. Someone who is present throughout is on exactly
    /// one page.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
    pub async fn page(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<PresencePage, StoreError> {
        self.registrar.settled().await?;
        self.read(after, limit).await
    }

    /// All entries. For large rooms use [`page`](Self::page).
    ///
    /// # Errors
    /// As [`count`](Self::count).
    ///
    /// # Cancel safety
    /// Dropping the future does no harm.
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

    /// Who is present now, and then every change. While the watch exists, this node keeps a copy of the
    /// list.
    ///
    /// While the store cannot be reached, this waits without a limit: use `tokio::time::timeout` if
    /// needed.
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
///
/// ```
/// use roomcast::{PresenceChange, StoreError, prelude::*};
///
/// async fn follow(hub: &Hub) -> Result<(), StoreError> {
///     let mut lobby = hub.presence("lobby").watch().await?;
///     println!("{} are there", lobby.present().len());
///     while let Some(change) = lobby.next().await {
///         if let PresenceChange::Joined(present) = change {
///             println!("{} has come", present.key());
///         }
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct PresenceWatch {
    present: Arc<[Present]>,
    changes: Changes,
}

impl PresenceWatch {
    /// Who was present at the beginning, in no particular order.
    #[must_use]
    pub fn present(&self) -> &[Present] {
        &self.present
    }

    /// Waits for the next change; `None` after the hub has ended. A watch that is more than 1024 changes
    /// behind gets [`PresenceChange::Missed`] instead of the changes after those, up to the call that
    /// returns it.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<PresenceChange> {
        self.changes.next().await
    }
}
