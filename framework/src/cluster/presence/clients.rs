//! What clients are told of presence.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{task::yield_now, time::sleep};

use super::{
    change::{PresenceChange, Present},
    registrar::Registrar,
    step::Place,
    store::Topic,
    topics::{Beginners, Portion},
};
use crate::{
    error::EmitError,
    event::{Args, Event},
    id::SocketId,
    room::{Broadcast, reserved},
    shard::node::Node,
};

/// Before clients are told that could not be.
const PAUSE: Duration = Duration::from_millis(100);

/// Clients that are told in one step how a topic is. What they are told is encoded once.
const AT_ONCE: usize = 64;

/// The part of `max_outbox_bytes` that who is present, or what changes, may take, one of so many.
const SHARE: usize = 4;

/// What a client that [watches](crate::Socket::watch_presence) a room is told first, as the event
/// `presence_state`: who is present. It is told that again where its worker had too much waiting to
/// be told of a change; it replaces all that was told before.
///
/// ```
/// # #[cfg(feature = "testing")] mod example {
/// use roomcast::{PresenceState, testing::TestClient};
///
/// /// In a test, of a client that watches a room.
/// async fn nobody_else(client: &TestClient) {
///     let state = client.expect::<PresenceState>().await;
///     assert_eq!((&*state.room, state.total), ("lobby", 1));
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PresenceState {
    /// The room.
    pub room: String,
    /// How many are present, each counted once.
    pub total: usize,
    /// Who, in no order: at most 1000, and no more than a quarter of
    /// [`max_outbox_bytes`](crate::HubBuilder::max_outbox_bytes). The others are for the application
    /// to [page](crate::Presence::page) through.
    pub present: Vec<Present>,
}

/// What it is told then, as the event `presence_diff`. Where many change at once, which would take
/// more than a quarter of [`max_outbox_bytes`](crate::HubBuilder::max_outbox_bytes), it is told
/// [`PresenceState`] again instead.
///
/// ```
/// # #[cfg(feature = "testing")] mod example {
/// use roomcast::{PresenceDiff, testing::TestClient};
///
/// /// In a test, of a client that watches a room.
/// async fn ann_comes(client: &TestClient) {
///     let diff = client.expect::<PresenceDiff>().await;
///     assert_eq!(diff.joins[0].key(), "ann");
/// }
/// # }
/// ```
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
pub(super) fn tell(registrar: &Arc<Registrar>, topic: &Topic, changes: &[PresenceChange]) {
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
    if changes.iter().map(PresenceChange::bytes).sum::<usize>() > share(&node) {
        // With what is on its way already it might not fit, which cuts them all as slow consumers.
        let sockets = registrar.topics().sockets(topic);
        return again_later(registrar, topic, &sockets);
    }
    let watchers = Broadcast::new(&node, &scope).with_room(reserved::of_watchers(room));
    if let Err(error) = watchers.local().emit(&PresenceDiff::new(room, changes)) {
        // Which of them were not told is not known.
        let sockets = registrar.topics().sockets(topic);
        not_told(registrar, topic, &error, &sockets);
    }
}

/// Tells those how a topic is who have waited for that. What changes afterwards they are told as
/// well, and nothing twice.
pub(super) async fn begin(registrar: &Arc<Registrar>, topic: &Topic) {
    let portion = Portion {
        sockets: AT_ONCE,
        bytes: registrar.node().map_or(0, |node| share(&node)),
    };
    loop {
        let beginners = registrar.topics().beginners(topic, portion);
        let Some(mut beginners) = beginners else {
            return;
        };
        for (ready, watching) in beginners.waiting.drain(..) {
            // Dropped by who does not wait any more.
            let _ = ready.send(watching);
        }
        if !beginners.sockets.is_empty() {
            begin_for(registrar, topic, beginners);
        }
        // Meanwhile those hear of changes who have been told how it was.
        yield_now().await;
    }
}

fn share(node: &Node) -> usize {
    node.config.max_outbox_bytes / SHARE
}

/// Those whose worker has too much waiting are told later.
fn begin_for(registrar: &Arc<Registrar>, topic: &Topic, beginners: Beginners) {
    let (Topic::Room { room, .. }, Some(scope)) = (topic, beginners.scope) else {
        return;
    };
    let Some(node) = registrar.node() else {
        return;
    };
    let state = PresenceState {
        room: room.to_string(),
        total: beginners.total,
        present: beginners.present,
    };
    let sockets = beginners.sockets;
    let to = Broadcast::new(&node, &scope).local();
    let to = sockets.iter().fold(to, Broadcast::to);
    if let Err(error) = to.emit(&state) {
        return not_told(registrar, topic, &error, &sockets);
    }
    let mut refused = Vec::new();
    for id in &sockets {
        let Some(socket) = node.directory.address(scope.id, *id) else {
            continue;
        };
        let place = Place {
            node: &node,
            scope: &scope,
            socket,
        };
        if let Err(error) = registrar.tell_changes(place, room) {
            tracing::debug!(%error, "a client is told of presence later");
            refused.push(*id);
        }
    }
    if !refused.is_empty() {
        again_later(registrar, topic, &refused);
    }
}

/// These clients were not told something, or only some of them were: they are told later how it is by
/// then.
fn not_told(registrar: &Arc<Registrar>, topic: &Topic, error: &EmitError, sockets: &[SocketId]) {
    match error {
        EmitError::Overloaded { .. } => {
            tracing::debug!(%error, "clients are told of presence later");
            again_later(registrar, topic, sockets);
        }
        error => tracing::warn!(%error, "clients were not told of presence"),
    }
}

/// Workers that have too much waiting are given time.
fn again_later(registrar: &Arc<Registrar>, topic: &Topic, sockets: &[SocketId]) {
    if !registrar.topics().fall_behind(topic, sockets) {
        return;
    }
    let (registrar, topic) = (Arc::clone(registrar), topic.clone());
    actix::spawn(async move {
        sleep(PAUSE).await;
        registrar.topics().begin_again(&topic);
        registrar.stale.notify_one();
    });
}
