//! What is entered about a socket together with what its worker does.

use std::sync::Arc;

use super::{entries::Entries, error::PresenceError, registrar::Registrar, store::Topic};
use crate::{
    error::EmitError,
    id::SocketId,
    namespace::Socket,
    room::reserved,
    shard::{
        command::{Action, Command, Observe, Selection},
        directory::{Address, RoomName, Scope},
        node::Node,
    },
};

/// A socket of this node.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(super) node: &'a Node,
    pub(super) scope: &'a Arc<Scope>,
    pub(super) socket: Address,
}

impl<'a> Place<'a> {
    pub(crate) fn of(socket: &'a Socket) -> Result<Self, PresenceError> {
        match socket.is_connected() {
            true => Ok(Self {
                node: socket.node(),
                scope: socket.scope(),
                socket: socket.address(),
            }),
            false => Err(EmitError::Disconnected.into()),
        }
    }
}

/// A room as a topic.
pub(super) fn topic(namespace: &Arc<str>, room: &RoomName) -> Topic {
    Topic::Room {
        namespace: Arc::clone(namespace),
        room: Arc::clone(room),
    }
}

/// Under what a socket without a user is present; no user has such an id.
fn guest(socket: SocketId) -> Arc<str> {
    format!("{GUEST}{socket}").into()
}

/// What the keys of sockets begin with.
pub(crate) const GUEST: &str = "socket:";

impl Registrar {
    /// Has the socket's worker do what `decide` says, if anything, and enters what belongs to it:
    /// both or, if the worker refuses, neither.
    ///
    /// All of it is one step under one lock, so that what is entered has the order in which workers
    /// come to the commands, from however many threads, and a socket that has gone is told as gone
    /// after it.
    pub(super) fn step(
        &self,
        place: Place<'_>,
        decide: impl FnOnce(&Entries) -> Result<Option<Observe>, PresenceError>,
        enter: impl FnOnce(&mut Entries),
    ) -> Result<(), PresenceError> {
        let Place {
            node,
            scope,
            socket,
        } = place;
        let shard = node.local();
        if let Some(shard) = &shard {
            shard.catch_up();
        }
        let refused = {
            let mut entries = self.entries();
            let decided = decide(&entries).map_err(|error| error.counted(&node.metrics))?;
            let Some(observe) = decided else {
                return Ok(());
            };
            let about = observe.about.as_ref().map(|room| topic(&scope.name, room));
            let observe = Action::Observe(Arc::new(observe));
            let command = Command::new(scope, Selection::socket(socket), observe);
            let refused = node.post(command, shard.as_deref());
            if refused.is_empty() {
                if let Some(topic) = about {
                    entries.under_way.begin(socket.id, topic);
                }
                enter(&mut entries);
            }
            refused.len()
        };
        if let Some(shard) = &shard {
            shard.catch_up();
        }
        node.overloaded(refused)?;
        if !node.has_worker(socket.slot.worker) {
            self.remove_all(socket.id);
        }
        self.changed();
        Ok(())
    }

    /// The socket gets a user, and is in the user's room.
    pub(crate) fn bind(&self, place: Place<'_>, user: &str) -> Result<(), PresenceError> {
        let namespace: Arc<str> = serde_json::to_string(&*place.scope.name)?.into();
        let id = place.socket.id;
        let user: Arc<str> = user.into();
        let decide = |entries: &Entries| {
            let before = entries.key(id, &Topic::Users);
            if before == Some(&user) {
                return Ok(None);
            }
            entries.admits_user(id, &user)?;
            Ok(Some(Observe {
                leave: before.map(|before| reserved::of_user(before).into()),
                join: Some(reserved::of_user(&user).into()),
                about: None,
            }))
        };
        self.step(place, decide, |entries| entries.bind(id, &user, &namespace))
    }

    /// The socket has no user any more, and is not in the user's room.
    pub(crate) fn unbind(&self, place: Place<'_>) -> Result<(), PresenceError> {
        let id = place.socket.id;
        let decide = |entries: &Entries| {
            let user = entries.key(id, &Topic::Users);
            Ok(user.map(|user| Observe {
                leave: Some(reserved::of_user(user).into()),
                ..Observe::default()
            }))
        };
        self.step(place, decide, |entries| {
            entries.remove(id, &Topic::Users);
        })
    }

    /// The socket is in the room, and shown there.
    pub(super) fn track(
        &self,
        place: Place<'_>,
        room: &RoomName,
        meta: &Arc<str>,
    ) -> Result<(), PresenceError> {
        let id = place.socket.id;
        let topic = topic(&place.scope.name, room);
        if let Some(shard) = place.node.local()
            && shard.worker == place.socket.slot.worker
        {
            shard.catch_up();
            if !shard.may_join(place.socket.slot, place.scope, room) {
                return Err(EmitError::TooManyRooms.into());
            }
        }
        let decide = |entries: &Entries| {
            entries.admits(id, &topic)?;
            Ok(Some(Observe {
                join: Some(Arc::clone(room)),
                about: Some(Arc::clone(room)),
                ..Observe::default()
            }))
        };
        self.step(place, decide, |entries| {
            let user = entries.key(id, &Topic::Users).cloned();
            let key = user.unwrap_or_else(|| guest(id));
            entries.put(id, &topic, &key, meta);
        })
    }

    /// The socket's client is told of a room.
    pub(super) fn watch_for(&self, place: Place<'_>, room: &RoomName) -> Result<(), PresenceError> {
        let id = place.socket.id;
        let topic = topic(&place.scope.name, room);
        let decide = |_: &Entries| {
            self.topics().admits(id, &topic)?;
            Ok(Some(Observe {
                about: Some(Arc::clone(room)),
                ..Observe::default()
            }))
        };
        self.step(place, decide, |_| {
            self.topics().watch_for(&topic, id, place.scope);
        })?;
        self.stale.notify_one();
        Ok(())
    }

    /// It is not told any more, unless `stays`.
    pub(super) fn unwatch(
        &self,
        place: Place<'_>,
        room: &RoomName,
        stays: impl FnOnce(&Entries, &Topic) -> bool,
    ) -> Result<(), PresenceError> {
        let id = place.socket.id;
        let topic = topic(&place.scope.name, room);
        let decide = |entries: &Entries| {
            let ends = self.topics().watches(id, &topic) && !stays(entries, &topic);
            Ok(ends.then(|| Observe {
                leave: Some(reserved::of_watchers(room).into()),
                ..Observe::default()
            }))
        };
        self.step(place, decide, |_| self.topics().unwatch(id, &topic))
    }

    /// The socket's client is told of changes from now on, if it is still to be.
    pub(super) fn tell_changes(
        &self,
        place: Place<'_>,
        room: &RoomName,
    ) -> Result<(), PresenceError> {
        let topic = topic(&place.scope.name, room);
        let decide = |_: &Entries| {
            let watches = self.topics().watches(place.socket.id, &topic);
            Ok(watches.then(|| Observe {
                join: Some(reserved::of_watchers(room).into()),
                ..Observe::default()
            }))
        };
        self.step(place, decide, |_| {})
    }

    /// The socket is not shown there any more.
    pub(super) fn untrack(&self, place: Place<'_>, room: &RoomName) {
        let topic = topic(&place.scope.name, room);
        let removed = self.entries().remove(place.socket.id, &topic);
        if removed {
            self.changed();
        }
    }

    pub(super) fn remove_all(&self, socket: SocketId) {
        let removed = self.entries().remove_all(socket);
        self.topics().unwatch_all(socket);
        if removed {
            self.changed();
        }
    }
}
