//! The sockets of a connection, each with its session: lent to one handler at a time.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use smallvec::SmallVec;

use super::{actor::Link, ending::Ending};
use crate::{
    error::DisconnectReason,
    event::Payload,
    id::{NamespaceId, SocketId},
    namespace::{Called, Connecting, Incoming, Live, Outcome, Refusal, Socket},
    protocol::socket_io::encode,
    supervision::{catch, poll_catching},
    transport::frame::Frame,
};

/// Sockets that have left while their session still works on it. With more the connection is not
/// read, so that a client cannot pile them up by connecting and leaving.
const MAX_LEAVING: usize = 8;

/// What a client is told when a session panics; why is the server's business.
const PANICKED: &str = "internal server error";

#[derive(Default)]
pub(super) struct Clients(SmallVec<[Client; 1]>);

pub(super) struct Client {
    pub(super) socket: Socket,
    phase: Phase,
    /// `None` while the client is in the namespace.
    left: Option<DisconnectReason>,
    /// Events that wait for the session; `None` while none does.
    queue: Option<Box<Queue>>,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Queued>,
    bytes: usize,
}

enum Phase {
    Connecting(Connecting),
    Idle(Box<dyn Live>),
    Handling {
        event: &'static str,
        future: Pin<Box<dyn Future<Output = Outcome>>>,
    },
    Leaving(Pin<Box<dyn Future<Output = ()>>>),
    /// Nothing is left to do; also while the phase is being changed.
    Gone,
}

/// An event that waits for its turn.
struct Queued {
    name: Box<str>,
    args: Box<str>,
    attachments: Vec<Bytes>,
    ack: Option<u64>,
}

impl Queued {
    fn bytes(&self) -> usize {
        let attachments: usize = self.attachments.iter().map(Bytes::len).sum();
        self.name.len() + self.args.len() + attachments
    }
}

impl Clients {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Client> {
        self.0.get(index)
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Client> + '_ {
        self.0.drain(..)
    }

    /// The client connected to the namespace.
    pub(super) fn find(&self, nsp: &str) -> Option<usize> {
        self.0.iter().position(|client| {
            client.left.is_none()
                && !matches!(client.phase, Phase::Connecting(_))
                && client.socket.namespace_name() == nsp
        })
    }

    fn knows(&self, nsp: &str) -> bool {
        let mut present = self.0.iter().filter(|client| client.left.is_none());
        present.any(|client| client.socket.namespace_name() == nsp)
    }
}

impl Link {
    /// Must the peer wait until the application has caught up?
    pub(super) fn is_full(&self) -> bool {
        let config = &self.core.node.config;
        let clients = &self.clients.0;
        let behind = |client: &Client| {
            client.queue.as_ref().is_some_and(|queue| {
                queue.events.len() >= config.max_queued_events
                    || queue.bytes >= config.max_http_buffer_size
            })
        };
        clients.iter().any(behind)
            || (clients.len() > MAX_LEAVING
                && clients.iter().filter(|c| c.left.is_some()).count() >= MAX_LEAVING)
    }

    /// Tells the shard when we stop reading, so that it does not count the silence against the
    /// peer.
    pub(super) fn note_pause(&mut self) {
        let paused = self.is_full();
        if std::mem::replace(&mut self.paused, paused) != paused {
            self.shard.pause(self.key, paused);
        }
    }

    // ---- connecting

    /// Starts to let the client into a namespace; false if it is in it or about to be.
    pub(super) fn connect(&mut self, nsp: &str, auth: Option<&str>, cx: &mut Context<'_>) -> bool {
        if self.clients.knows(nsp) {
            return false;
        }
        let core = Arc::clone(&self.core);
        let namespace = core.namespaces.get(nsp);
        let Some((namespace, connect)) = namespace.and_then(|n| Some((n, n.connect?))) else {
            self.refuse(nsp, &Refusal::new("Invalid namespace"));
            return true;
        };
        let Ok(id) = SocketId::random() else {
            tracing::error!("the system's random source failed");
            self.refuse(nsp, &Refusal::new(PANICKED));
            return true;
        };
        let socket = Socket::new(id, self.key, &self.core, namespace, &self.handshake);
        self.shard.seat(self.key, socket.scope(), id);
        match catch(|| connect(auth, &socket)) {
            Ok(Ok(connecting)) => {
                self.clients.0.push(Client {
                    socket,
                    phase: Phase::Connecting(connecting),
                    left: None,
                    queue: None,
                });
                self.run_client(self.clients.0.len() - 1, cx);
                self.forget_gone();
            }
            Ok(Err(refusal)) => self.turn_away(&socket, &refusal),
            Err(panic) => {
                self.panicked("connect", &socket, &panic);
                self.turn_away(&socket, &Refusal::new(PANICKED));
            }
        }
        true
    }

    fn turn_away(&self, socket: &Socket, refusal: &Refusal) {
        let rooms = self.shard.unseat(self.key, socket.scope());
        socket.has_left(rooms);
        self.refuse(socket.namespace_name(), refusal);
    }

    fn refuse(&self, nsp: &str, refusal: &Refusal) {
        self.core.node.metrics.refused_connects.add(1);
        tracing::debug!(peer = ?self.handshake.address(), nsp, reason = %refusal, "refused");
        self.send(|out| encode::connect_error(out, nsp, refusal.message(), refusal.data()));
    }

    /// Sends a packet without attachments.
    fn send(&self, write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>) {
        match Frame::packet(|out| write(out).map(|()| Vec::new())) {
            Ok(frame) => self.shard.send(self.key, frame),
            Err(error) => tracing::error!(%error, "a packet of the protocol cannot be encoded"),
        }
    }

    // ---- events

    pub(super) fn event(&mut self, index: usize, event: Incoming<'_>, cx: &mut Context<'_>) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        if matches!(client.phase, Phase::Idle(_)) {
            self.begin(index, event);
            self.run_client(index, cx);
            self.forget_gone();
            return;
        }
        let queued = Queued {
            name: event.name.into(),
            args: event.payload.args.into(),
            attachments: event.payload.attachments.to_vec(),
            ack: event.ack,
        };
        let queue = client.queue.get_or_insert_default();
        queue.bytes += queued.bytes();
        queue.events.push_back(queued);
    }

    /// Lends the session to the handler of an event.
    fn begin(&mut self, index: usize, event: Incoming<'_>) {
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
        let name = event.name;
        match catch(|| session.call(event, &client.socket)) {
            Ok(Called::Running { event, future }) => {
                client.phase = Phase::Handling { event, future };
            }
            Ok(Called::Done(outcome)) => self.finish(index, outcome),
            Err(panic) => self.lost(index, name, &panic),
        }
    }

    /// Takes the session back, and sends the ack.
    fn finish(&mut self, index: usize, Outcome { session, reply }: Outcome) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        match client.left {
            None => {
                client.phase = Phase::Idle(session);
                if let Some(reply) = reply {
                    self.shard.send(self.key, reply);
                }
            }
            Some(reason) => self.say_goodbye(index, session, reason),
        }
    }

    /// The session went with a panic: its socket is disconnected.
    fn lost(&mut self, index: usize, at: &str, panic: &str) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        client.phase = Phase::Gone;
        let socket = client.socket.clone();
        self.panicked(at, &socket, panic);
        if self
            .clients
            .get(index)
            .is_some_and(|client| client.left.is_none())
        {
            self.send_disconnect(&socket);
            self.leave(index, DisconnectReason::HandlerPanicked);
        }
    }

    fn panicked(&self, at: &str, socket: &Socket, panic: &str) {
        self.core.node.metrics.panics.add(1);
        tracing::error!(event = at, socket = %socket.id(), panic, "application code panicked");
    }

    // ---- running

    pub(super) fn run_clients(&mut self, cx: &mut Context<'_>) {
        for index in 0..self.clients.0.len() {
            self.run_client(index, cx);
        }
        self.forget_gone();
    }

    fn forget_gone(&mut self) {
        self.clients
            .0
            .retain(|client| client.left.is_none() || !matches!(client.phase, Phase::Gone));
    }

    /// Runs one client as far as it goes.
    fn run_client(&mut self, index: usize, cx: &mut Context<'_>) {
        while let Some(client) = self.clients.0.get_mut(index) {
            match &mut client.phase {
                Phase::Connecting(future) => match poll_catching(future.as_mut(), cx) {
                    Poll::Pending => return,
                    Poll::Ready(Ok(result)) => self.connected(index, result),
                    Poll::Ready(Err(panic)) => {
                        let socket = client.socket.clone();
                        self.panicked("connect", &socket, &panic);
                        self.connected(index, Err(Refusal::new(PANICKED)));
                    }
                },
                Phase::Handling { event, future } => {
                    let event = *event;
                    match poll_catching(future.as_mut(), cx) {
                        Poll::Pending => return,
                        Poll::Ready(Ok(outcome)) => self.finish(index, outcome),
                        Poll::Ready(Err(panic)) => self.lost(index, event, &panic),
                    }
                }
                Phase::Leaving(future) => match poll_catching(future.as_mut(), cx) {
                    Poll::Pending => return,
                    Poll::Ready(result) => {
                        client.phase = Phase::Gone;
                        if let Err(panic) = result {
                            let socket = client.socket.clone();
                            self.panicked("disconnect", &socket, &panic);
                        }
                    }
                },
                Phase::Idle(_) => {
                    let Some(queue) = &mut client.queue else {
                        return;
                    };
                    let Some(queued) = queue.events.pop_front() else {
                        // An idle client keeps no buffer.
                        client.queue = None;
                        return;
                    };
                    queue.bytes -= queued.bytes();
                    let payload = Payload {
                        args: &queued.args,
                        attachments: &queued.attachments,
                    };
                    let event = Incoming {
                        name: &queued.name,
                        payload,
                        ack: queued.ack,
                    };
                    self.begin(index, event);
                }
                Phase::Gone => return,
            }
        }
    }

    /// The session let the client in, or did not.
    fn connected(&mut self, index: usize, result: Result<Box<dyn Live>, Refusal>) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        match result {
            Ok(session) => {
                client.phase = Phase::Idle(session);
                let socket = client.socket.clone();
                let nsp = socket.namespace_name();
                let reply = Frame::packet(|out| {
                    encode::connect(out, nsp, socket.id().as_str()).map(|()| Vec::new())
                });
                match reply {
                    Ok(reply) => self.shard.accept(self.key, socket.scope(), reply),
                    Err(error) => tracing::error!(%error, "a CONNECT reply cannot be encoded"),
                }
            }
            Err(refusal) => {
                client.phase = Phase::Gone;
                // Never connected, so nothing is left to tell anyone.
                client.left = Some(DisconnectReason::ForcedClose);
                let socket = client.socket.clone();
                self.turn_away(&socket, &refusal);
            }
        }
    }

    // ---- leaving

    /// The client leaves its namespace: out of its rooms at once, and its session is told when it
    /// has finished what it is doing.
    pub(super) fn leave(&mut self, index: usize, reason: DisconnectReason) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        if client.left.replace(reason).is_some() {
            return;
        }
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

    fn say_goodbye(&mut self, index: usize, session: Box<dyn Live>, reason: DisconnectReason) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        let socket = client.socket.clone();
        client.phase = Phase::Gone;
        match catch(|| session.disconnect(socket, reason)) {
            Ok(future) => {
                client.phase = Phase::Leaving(future);
                self.farewells = true;
            }
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
    pub(super) fn server_disconnect(&mut self, namespace: NamespaceId, close: bool) {
        let reason = DisconnectReason::ServerNamespaceDisconnect;
        for index in 0..self.clients.0.len() {
            let Some(client) = self.clients.get(index) else {
                break;
            };
            let concerned = close || client.socket.scope().id == namespace;
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

    fn send_disconnect(&self, socket: &Socket) {
        self.send(|out| {
            encode::disconnect(out, socket.namespace_name());
            Ok(())
        });
    }

    /// `connect_timeout` has passed, and nobody has joined a namespace.
    pub(super) fn connect_timeout(&mut self) {
        let mut clients = self.clients.0.iter();
        let joined = clients.any(|c| c.left.is_none() && !matches!(c.phase, Phase::Connecting(_)));
        if !joined && self.ending == Ending::Open {
            self.end(DisconnectReason::ForcedClose, None);
        }
    }
}
