//! What clients are told of presence.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::{
    change::{PresenceChange, Present},
    registrar::Registrar,
    rooms::PresenceError,
    step::Place,
    store::Topic,
};
use crate::{
    event::{Args, Event},
    id::SocketId,
    room::{Broadcast, reserved},
    shard::directory::Scope,
};

/// Before clients are told that could not be.
const PAUSE: Duration = Duration::from_millis(100);

/// What a client that [watches](crate::Socket::watch_presence) a room is told first, as the event
/// `presence_state`: who is present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PresenceState {
    /// The room.
    pub room: String,
    /// How many are present, each counted once.
    pub total: usize,
    /// Who, in no order: at most 1000. The others are for the application to
    /// [page](crate::Presence::page) through.
    pub present: Vec<Present>,
}

/// What it is told then, as the event `presence_diff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PresenceDiff {
    /// The room.
    pub room: String,
    /// Who came, in a first connection.
    pub joins: Vec<Present>,
    /// Who is there in more, fewer or other connections; as it is now.
    pub updates: Vec<Present>,
    /// Who went, with the last connection: the keys.
    pub leaves: Vec<String>,
}

impl Event for PresenceState {
    const NAME: &'static str = "presence_state";
    const ARGS: Args = Args::One;
    type Ack = ();
    const ACK_ARGS: Args = Args::None;
}

impl Event for PresenceDiff {
    const NAME: &'static str = "presence_diff";
    const ARGS: Args = Args::One;
    type Ack = ();
    const ACK_ARGS: Args = Args::None;
}

impl PresenceDiff {
    fn new(room: &str, changes: &[PresenceChange]) -> Self {
        let mut diff = Self {
            room: room.to_owned(),
            joins: Vec::new(),
            updates: Vec::new(),
            leaves: Vec::new(),
        };
        for change in changes {
            match change {
                PresenceChange::Joined(present) => diff.joins.push(present.clone()),
                PresenceChange::Updated(present) => diff.updates.push(present.clone()),
                PresenceChange::Left(present) => diff.leaves.push(present.key().to_owned()),
                PresenceChange::Missed => {}
            }
        }
        diff
    }
}

/// Tells what has changed in a topic to all that watch it.
pub(super) fn tell(registrar: &Registrar, topic: &Topic, changes: &[PresenceChange]) {
    if changes.is_empty() {
        return;
    }
    let audience = registrar.topics().audience(topic);
    let Some(audience) = audience else {
        return;
    };
    for watcher in &audience.watchers {
        changes.iter().for_each(|change| watcher.tell(change));
    }
    let (Some(scope), Some(node)) = (audience.scope, registrar.node()) else {
        return;
    };
    let Topic::Room { room, .. } = topic else {
        return;
    };
    let watchers = Broadcast::new(&node, &scope).to(reserved::of_watchers(room));
    if let Err(error) = watchers.local().emit(&PresenceDiff::new(room, changes)) {
        tracing::warn!(%error, "clients were not told of presence");
    }
}

/// Tells clients how a topic is. What changes afterwards they are told as well, and nothing twice;
/// those whose worker has too much waiting are told later.
pub(super) fn begin(
    registrar: &Registrar,
    topic: &Topic,
    scope: &Arc<Scope>,
    sockets: &[SocketId],
    present: Vec<Present>,
    total: usize,
) {
    let (Topic::Room { room, .. }, Some(node)) = (topic, registrar.node()) else {
        return;
    };
    let state = PresenceState {
        room: room.to_string(),
        total,
        present,
    };
    let mut refused = Vec::new();
    for id in sockets {
        let alone = Broadcast::new(&node, scope).to(id).local();
        let Some(socket) = node.directory.address(scope.id, *id) else {
            continue;
        };
        let place = Place {
            node: &node,
            scope,
            socket,
        };
        let told = alone.emit(&state).map_err(PresenceError::from);
        if let Err(error) = told.and_then(|()| registrar.tell_changes(place, room)) {
            tracing::debug!(%error, "a client is told of presence later");
            refused.push(*id);
        }
    }
    if !refused.is_empty() {
        registrar.topics().begin_again(topic, &refused);
        let stale = Arc::clone(&registrar.stale);
        actix::spawn(async move {
            sleep(PAUSE).await;
            stale.notify_one();
        });
    }
}
