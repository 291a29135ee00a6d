//! Sockets whose time is over, or soon will be.

use super::{actor::Link, clients::Phase};
use crate::{error::DisconnectReason, id::NamespaceId, supervision::catch};

impl Link {
    fn client_of(&self, namespace: NamespaceId) -> Option<usize> {
        let mut clients = self.clients.0.iter();
        clients.position(|client| client.left.is_none() && client.socket.scope().id == namespace)
    }

    /// The session is told in the connection's turn, when it is free.
    pub(super) fn expiring(&mut self, namespace: NamespaceId) {
        let client = self.client_of(namespace);
        if let Some(client) = client.and_then(|index| self.clients.get(index)) {
            client.socket.expires_soon();
        }
    }

    pub(super) fn expired(&mut self, namespace: NamespaceId) {
        let Some(index) = self.client_of(namespace) else {
            return;
        };
        let Some(client) = self.clients.get(index) else {
            return;
        };
        let socket = client.socket.clone();
        // It may have been given more time since.
        if socket.has_expired() {
            self.leave(index, DisconnectReason::Expired);
            self.send_disconnect(&socket);
        }
    }

    /// Lends an idle session to `expiring`.
    pub(super) fn tell_expiring(&mut self, index: usize) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        let session = match std::mem::replace(&mut client.phase, Phase::Gone) {
            Phase::Idle(session) => session,
            other => {
                client.phase = other;
                return;
            }
        };
        let socket = client.socket.clone();
        match catch(|| session.expiring(socket)) {
            Ok(future) => {
                client.phase = Phase::Handling {
                    event: "expiring",
                    future,
                };
            }
            Err(panic) => self.lost(index, "expiring", &panic),
        }
    }
}
