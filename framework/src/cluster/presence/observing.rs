//! What the shards tell of sockets that have entries, or watch.

use std::sync::{Arc, atomic::Ordering};

use super::{
    entries::Entries,
    keeper,
    registrar::Registrar,
    step::{Place, topic},
    store::Topic,
};
use crate::{
    id::SocketId,
    room::{names, reserved},
    shard::{
        command::{Action, Command, Selection},
        directory::{Address, RoomName, Scope},
        observer::Observer,
    },
};

impl Observer for Registrar {
    fn entered(&self, namespace: &Arc<str>, socket: SocketId, room: &RoomName) {
        let topic = topic(namespace, room);
        self.entries().under_way.done(socket, &topic);
    }

    fn refused(&self, namespace: &Arc<str>, socket: SocketId, room: &RoomName) {
        let topic = topic(namespace, room);
        let removed = {
            let mut entries = self.entries();
            entries.under_way.done(socket, &topic);
            // What was entered since then is behind this.
            let stays = entries.under_way.contains(socket, &topic);
            !stays && entries.remove(socket, &topic)
        };
        if removed {
            self.changed();
        }
    }

    fn left(&self, namespace: &Arc<str>, socket: SocketId, room: &RoomName) {
        let topic = topic(namespace, room);
        let removed = {
            let mut entries = self.entries();
            // It left before what was entered last.
            let stays = entries.under_way.contains(socket, &topic);
            !stays && entries.remove(socket, &topic)
        };
        if removed {
            self.changed();
        }
        let watched = self.topics().watched_in(socket, &topic);
        let (Some(scope), Some(node)) = (watched, self.node()) else {
            return;
        };
        // One that has no address is about to go, and then it is in no room.
        let Some(socket) = node.directory.address(scope.id, socket) else {
            return;
        };
        let place = Place {
            node: &node,
            scope: &scope,
            socket,
        };
        let stays =
            |entries: &Entries, topic: &Topic| entries.under_way.contains(place.socket.id, topic);
        if let Err(error) = self.unwatch(place, room, stays) {
            tracing::warn!(%error, "a client is told of a room that it has left");
        }
    }

    fn gone(&self, socket: SocketId) {
        self.remove_all(socket);
    }

    fn restored(&self, scope: &Arc<Scope>, socket: Address, rooms: &[RoomName]) {
        let Some(user) = rooms.iter().find_map(|room| reserved::user_of(room)) else {
            return;
        };
        let Some(node) = self.node() else {
            return;
        };
        let place = Place {
            node: &node,
            scope,
            socket,
        };
        if let Err(error) = self.bind(place, user) {
            tracing::warn!(%error, "a client that came back has lost its user");
            let leave = Action::Leave(names([reserved::of_user(user)]));
            let to = Selection::socket(socket);
            // Its own worker, on which this runs, refuses nothing.
            let _ = node.dispatch(Command::new(scope, to, leave));
        }
    }

    fn run_here(self: Arc<Self>) {
        if self.always {
            self.needed.store(true, Ordering::Release);
        }
        keeper::run_here(&self);
    }
}
