//! Sockets whose time is over, or soon will be.

use super::{actor::Link, clients::Phase, spans::traced};
use crate::{error::DisconnectReason, id::SocketId, namespace::Refusal, supervision::catch};

/// What a client is told whose time ends before its session has let it in.
const EXPIRED: &str = "expired";

impl Link {
    /// The session is told in the connection's turn, when it is free.
    pub(super) fn expiring(&mut self, socket: SocketId) {
        let index = self.clients.present(socket);
        if let Some(client) = index.and_then(|index| self.clients.0.get_mut(index)) {
            client.queue.get_or_insert_default().expiring = true;
        }
    }

    /// Tells an idle session.
    pub(super) fn tell_expiring(&mut self, index: usize) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        let socket = client.socket.clone();
        // It may have been given more time while this waited.
        if !socket.expires_soon() {
            return;
        }
        let Some(session) = client.lend() else {
            return;
        };
        let event = "expiring";
        let tell = || catch(|| session.expiring(socket.clone()));
        match self.shard.attend(&socket.scope().name, event, tell) {
            Ok(future) => {
                let future = traced(event, &socket, future);
                client.phase = Phase::Handling { event, future };
            }
            Err(panic) => self.lost(index, event, &panic),
        }
    }

    pub(super) fn expired(&mut self, socket: SocketId) {
        let Some(index) = self.clients.present(socket) else {
            return;
        };
        let Some(client) = self.clients.get(index) else {
            return;
        };
        let socket = client.socket.clone();
        // It may have been given more time since.
        if !socket.has_expired() {
            return;
        }
        self.core.node.metrics.expired.add(1);
        if client.phase.is_connecting() {
            // What its session is doing is dropped, as when the client goes.
            self.connected(index, Err(Refusal::of("expired", EXPIRED)));
        } else {
            self.dismiss(index, DisconnectReason::Expired);
        }
    }
}
