//! Clients that leave, and what their sessions are told.

use std::{future::Future, pin::Pin};

use super::{
    actor::Link, clients::Phase, dismissed, ending::Ending, keeping::may_come_back, spans::traced,
};
use crate::{
    error::DisconnectReason,
    id::SocketId,
    namespace::{Live, Socket},
    protocol::socket_io::encode,
    shard::{
        directory::RoomName,
        monitor::{figures::Figure, notice::What},
        node::Node,
        ticket::Ticket,
    },
    supervision::catch,
};

impl Link {
    /// The client leaves its namespace: out of its rooms at once, and its session is told when it
    /// has finished what it is doing.
    pub(super) fn leave(&mut self, index: usize, reason: DisconnectReason) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        // The first reason counts.
        if client.left.is_some() {
            return;
        }
        let reason = decisive(&client.socket, reason);
        client.left = Some(reason);
        self.farewells = true;
        let metrics = &self.core.node.metrics;
        metrics.dropped_disconnected.add(client.drop_queue());
        let socket = client.socket.clone();
        let mut phase = std::mem::replace(&mut client.phase, Phase::Gone);
        if let Phase::Idle(session) = phase {
            let session = self.disconnecting(session, &socket, reason);
            phase = session.map_or(Phase::Gone, Phase::Idle);
        }
        let rooms = self.shard.unseat(self.key, socket.scope());
        socket.has_left(rooms);
        self.keep_limiter(&socket);
        if !may_come_back(&socket, reason) {
            socket.forget();
        }
        match phase {
            // Was never connected; the future is dropped, which is documented.
            phase if phase.is_connecting() => {
                drop(phase);
                socket.forget();
                return;
            }
            Phase::Idle(session) => self.say_goodbye(index, session, reason),
            other => {
                if let Some(client) = self.clients.0.get_mut(index) {
                    client.phase = other;
                }
            }
        }
        tell_left(&self.core.node, &socket, reason);
        self.core.node.metrics.disconnects.add(reason.label());
        if let Some(client) = self.clients.get(index) {
            tracing::debug!(socket = %client.socket.id(), %reason, "disconnected");
        }
    }

    /// Tells a session that its socket leaves; `None` if it panicked.
    pub(super) fn disconnecting(
        &self,
        mut session: Box<dyn Live>,
        socket: &Socket,
        reason: DisconnectReason,
    ) -> Option<Box<dyn Live>> {
        socket.leaves();
        let tell = || catch(|| session.disconnecting(socket, reason));
        let namespace = &socket.scope().name;
        match self.shard.attend(namespace, "disconnecting", tell) {
            Ok(()) => Some(session),
            Err(panic) => {
                self.panicked("disconnecting", socket, &panic);
                None
            }
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
        client.phase = Phase::Gone;
        let socket = client.socket.clone();
        let ticket = self.ticket(&socket, &*session, reason);
        let tell = || catch(|| session.disconnect(socket.clone(), reason));
        match self.shard.attend(&socket.scope().name, "disconnect", tell) {
            Ok(future) => {
                let future = traced("disconnect", &socket, future);
                self.run_disconnect(index, future, ticket);
            }
            Err(panic) => self.panicked("disconnect", &socket, &panic),
        }
    }

    /// Runs the last function of a session; then its client can come back to it.
    fn run_disconnect(
        &mut self,
        index: usize,
        farewell: Pin<Box<dyn Future<Output = ()>>>,
        ticket: Option<Ticket>,
    ) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        client.phase = Phase::Leaving(match ticket {
            None => farewell,
            Some(ticket) => Box::pin(async move {
                let _ticket = ticket;
                farewell.await;
            }),
        });
    }

    pub(super) fn leave_all(&mut self, reason: DisconnectReason) {
        if self.ending == Ending::Open
            && let Some(monitor) = &self.core.node.monitor
        {
            monitor.count(Figure::RawDisconnection(reason.of_transport()), 1);
        }
        for index in 0..self.clients.0.len() {
            self.leave(index, reason);
        }
    }

    /// The application disconnects a socket, or with `close` the whole connection.
    pub(super) fn server_disconnect(&mut self, meant: SocketId, close: bool) {
        let reason = DisconnectReason::ServerNamespaceDisconnect;
        if close {
            return self.dismiss_all(reason);
        }
        for index in 0..self.clients.0.len() {
            let client = self.clients.get(index);
            if client.is_some_and(|client| client.socket.id() == meant) {
                self.dismiss(index, reason);
            }
        }
    }

    /// Disconnects all clients, and closes the connection.
    fn dismiss_all(&mut self, reason: DisconnectReason) {
        for index in 0..self.clients.0.len() {
            self.dismiss(index, reason);
        }
        self.end(reason, None);
    }

    /// `idle_timeout` has passed since the client has sent anything.
    pub(super) fn idle_timeout(&mut self) {
        if self.ending == Ending::Open {
            self.core.node.metrics.idle.add(1);
            self.dismiss_all(DisconnectReason::IdleTimeout);
        }
    }

    /// Disconnects a client, unless it has left.
    pub(super) fn dismiss(&mut self, index: usize, reason: DisconnectReason) {
        let client = self.clients.get(index);
        let Some(client) = client.filter(|client| client.left.is_none()) else {
            return;
        };
        let socket = client.socket.clone();
        // What its session still tells its rooms goes before.
        self.leave(index, reason);
        dismissed::add(self.session, &socket.scope().name);
        self.send(|out| {
            encode::disconnect(out, socket.namespace_name());
            Ok(())
        });
    }
}

/// Why a socket leaves that leaves for this reason. Where the application has disconnected it in this turn,
/// of which the connection hears after the turn, nothing that its client did since changes why.
fn decisive(socket: &Socket, reason: DisconnectReason) -> DisconnectReason {
    let by_server = DisconnectReason::ServerNamespaceDisconnect;
    match socket.is_connected() || reason.as_str() == by_server.as_str() {
        true => reason,
        false => by_server,
    }
}

/// Tells whoever watches the hub that a socket has left its rooms for good.
pub(super) fn tell_left(node: &Node, socket: &Socket, reason: DisconnectReason) {
    if let Some(monitor) = &node.monitor {
        let rooms = || socket.rooms().into_iter().map(RoomName::from).collect();
        monitor.tell(socket.scope(), || {
            What::Disconnected(socket.id(), reason, rooms())
        });
    }
}
