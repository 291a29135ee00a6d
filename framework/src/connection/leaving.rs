//! Clients that leave, and what their sessions are told.

use super::{actor::Link, clients::Phase};
use crate::{
    error::DisconnectReason,
    id::SocketId,
    namespace::{Live, Socket},
    protocol::socket_io::encode,
    supervision::catch,
};

impl Link {
    /// The client leaves its namespace: out of its rooms at once, and its session is told when it
    /// has finished what it is doing.
    pub(super) fn leave(&mut self, index: usize, reason: DisconnectReason) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        if client.left.replace(reason).is_some() {
            return;
        }
        self.farewells = true;
        let metrics = &self.core.node.metrics;
        if let Some(queue) = client.queue.take() {
            metrics.dropped_disconnected.add(queue.events.len() as u64);
        }
        let rooms = self.shard.unseat(self.key, client.socket.scope());
        client.socket.has_left(rooms);
        match std::mem::replace(&mut client.phase, Phase::Gone) {
            // Was never connected; the future is dropped, which is documented.
            Phase::Connecting(_) => return,
            Phase::Idle(session) => self.say_goodbye(index, session, reason),
            other => client.phase = other,
        }
        self.core.node.metrics.disconnects.add(reason.as_str());
        if let Some(client) = self.clients.get(index) {
            tracing::debug!(socket = %client.socket.id(), %reason, "disconnected");
        }
    }

    pub(super) fn say_goodbye(
        &mut self,
        index: usize,
        session: Box<dyn Live>,
        reason: DisconnectReason,
    ) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        let socket = client.socket.clone();
        client.phase = Phase::Gone;
        match catch(|| session.disconnect(socket, reason)) {
            Ok(future) => client.phase = Phase::Leaving(future),
            Err(panic) => {
                let socket = client.socket.clone();
                self.panicked("disconnect", &socket, &panic);
            }
        }
    }

    pub(super) fn leave_all(&mut self, reason: DisconnectReason) {
        for index in 0..self.clients.0.len() {
            self.leave(index, reason);
        }
    }

    /// The application disconnects a socket, or with `close` the whole connection.
    pub(super) fn server_disconnect(&mut self, meant: SocketId, close: bool) {
        let reason = DisconnectReason::ServerNamespaceDisconnect;
        for index in 0..self.clients.0.len() {
            let Some(client) = self.clients.get(index) else {
                break;
            };
            let concerned = close || client.socket.id() == meant;
            if concerned && client.left.is_none() {
                let socket = client.socket.clone();
                self.send_disconnect(&socket);
                self.leave(index, reason);
            }
        }
        if close {
            self.end(reason, None);
        }
    }

    pub(super) fn send_disconnect(&mut self, socket: &Socket) {
        self.send(|out| {
            encode::disconnect(out, socket.namespace_name());
            Ok(())
        });
    }
}
