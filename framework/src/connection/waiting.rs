//! Events that a task waits for instead of a handler.

use super::actor::Link;
use crate::{event::RawEvent, id::SocketId};

impl Link {
    /// A task has begun to wait for an event of this socket, or has given one back.
    pub(super) fn waiters_changed(&mut self, socket: SocketId) {
        if let Some(index) = self.clients.present(socket) {
            self.serve_waiters(index);
        }
    }

    /// Hands queued events over to the tasks that wait for them. Those that were given back are
    /// queued, to be handled in the connection's turn.
    pub(super) fn serve_waiters(&mut self, index: usize) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        let Some(waiters) = client.socket.waiters() else {
            return;
        };
        let queue = client.queue.get_or_insert_default();
        waiters.serve(&mut queue.events);
        queue.bytes = queue.events.iter().map(RawEvent::bytes).sum();
        if queue.is_empty() {
            client.queue = None;
        }
    }
}
