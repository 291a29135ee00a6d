//! Clients that connect to a namespace: let in by its session, or refused.

use std::{borrow::Cow, sync::Arc, task::Context};

use super::{
    actor::Link,
    claim,
    clients::{Client, Phase},
    dismissed,
    ending::Ending,
    packets::HEAD,
    spans::traced,
};
use crate::{
    error::DisconnectReason,
    id::{PrivateId, SocketId},
    namespace::{Live, NamespaceInner, Recoverable, Refusal, Socket},
    protocol::socket_io::{encode, parser::ParserError},
    supervision::catch,
    transport::frame::Frame,
};

/// What a client is told when the server fails; why is the server's business.
const FAILED: &str = "internal server error";

/// The session has panicked.
pub(super) fn panicked() -> Refusal {
    Refusal::of("panic", FAILED)
}

impl Link {
    /// Starts to let the client into a namespace; false if it is in it or about to be.
    pub(super) fn connect(&mut self, nsp: &str, auth: Option<&str>, cx: &mut Context<'_>) -> bool {
        if self.clients.knows(nsp) {
            return false;
        }
        dismissed::remove(self.session, nsp);
        if auth.is_some_and(|auth| auth.len() > self.core.node.config.max_auth_bytes) {
            let refusal = Refusal::of("max_auth_bytes", "the auth is too large");
            self.refuse(nsp, &refusal);
            return true;
        }
        let namespace = match self.namespace(nsp) {
            Ok(namespace) => namespace,
            Err(refusal) => {
                self.refuse(nsp, &refusal);
                return true;
            }
        };
        let Ok(socket) = self.fresh(&namespace) else {
            tracing::error!("the system's random source failed");
            self.refuse(nsp, &Refusal::of("internal", FAILED));
            return true;
        };
        if let Err(refusal) = self.limit_events(&socket) {
            self.keep_limiter(&socket);
            self.refuse(nsp, &refusal);
            return true;
        }
        let (claim, auth) = match socket.recoverable() {
            Some(_) => claim::split(auth),
            None => (None, auth.map(Cow::Borrowed)),
        };
        let auth = auth.as_deref();
        let phase = match claim {
            Some(claim) => Phase::Claiming(Box::new(self.claim(&socket, claim, auth))),
            None => {
                self.seat(&socket);
                self.admit(&socket, auth)
            }
        };
        self.enter(socket, phase);
        self.run_client(self.clients.0.len() - 1, cx);
        self.forget_gone();
        true
    }

    fn namespace(&self, nsp: &str) -> Result<Arc<NamespaceInner>, Refusal> {
        let namespace = self.core.enter(nsp)?;
        if namespace.is_child() {
            // Their names are the client's to invent.
            let sockets = self.clients.0.iter().map(|client| &client.socket);
            let children = sockets.filter(|socket| socket.is_in_child()).count();
            if children >= self.core.node.config.max_namespaces_per_connection {
                let option = "max_namespaces_per_connection";
                self.core.node.metrics.refused_namespaces.add(option);
                return Err(Refusal::too_many_namespaces(option));
            }
        }
        Ok(namespace)
    }

    /// A socket that nobody has seen yet.
    pub(super) fn fresh(
        &self,
        namespace: &Arc<NamespaceInner>,
    ) -> Result<Socket, getrandom::Error> {
        let recoverable = match &namespace.scope.recovery {
            None => None,
            Some(store) => {
                let (head, outside) = (store.head(&namespace.scope), store.outside());
                Some(Recoverable::fresh(PrivateId::random()?, head, outside))
            }
        };
        let (core, handshake) = (&self.core, &self.handshake);
        let id = SocketId::random()?;
        let key = self.key;
        Ok(Socket::new(
            id,
            key,
            core,
            namespace,
            handshake,
            recoverable,
        ))
    }

    /// Starts the session of a socket, or refuses it.
    pub(super) fn admit(&mut self, socket: &Socket, auth: Option<&str>) -> Phase {
        if let Some(auth) = auth {
            socket.keep_auth(auth);
        }
        let admit = || catch(|| socket.namespace_inner().admit(auth, socket));
        let refusal = match self.shard.attend(&socket.scope().name, "connect", admit) {
            Ok(Ok(connecting)) => {
                return Phase::Connecting(traced("connect", socket, connecting));
            }
            Ok(Err(refusal)) => refusal,
            Err(panic) => {
                self.panicked("connect", socket, &panic);
                panicked()
            }
        };
        self.turn_away(socket, &refusal);
        Phase::Gone
    }

    /// Puts a client among those of the connection; without a session it has left already.
    fn enter(&mut self, socket: Socket, phase: Phase) {
        let refused = matches!(phase, Phase::Gone);
        self.clients.0.push(Client {
            socket,
            phase,
            left: refused.then_some(DisconnectReason::ForcedClose),
            queue: None,
        });
    }

    /// A fresh socket can be emitted to and join rooms from now on.
    pub(super) fn seat(&self, socket: &Socket) {
        if let (Some(it), Some(store)) = (socket.recoverable(), &socket.scope().recovery) {
            // What came before it in the log is not for it.
            self.shard.catch_up();
            store.enter(it.pid, socket.address());
        }
        self.shard.seat(self.key, socket.scope(), socket.id());
    }

    fn turn_away(&mut self, socket: &Socket, refusal: &Refusal) {
        let rooms = self.shard.unseat(self.key, socket.scope());
        socket.has_left(rooms);
        socket.forget();
        self.keep_limiter(socket);
        self.refuse(socket.namespace_name(), refusal);
    }

    fn refuse(&mut self, nsp: &str, refusal: &Refusal) {
        let metrics = &self.core.node.metrics;
        metrics.refused_connects.add(refusal.reason());
        tracing::debug!(
            peer = ?self.handshake.address(),
            nsp = nsp.chars().take(HEAD).collect::<String>(),
            reason = %refusal,
            "refused"
        );
        self.send(|out| encode::connect_error(out, nsp, refusal.message(), refusal.data()));
    }

    /// Sends a packet without attachments.
    pub(super) fn send(&mut self, write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>) {
        match self.reply(write) {
            Ok(frame) => self.shard.send(self.key, frame),
            Err(error) => self.unsendable(&error),
        }
    }

    fn reply(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
    ) -> Result<Frame, ParserError> {
        let write = |out: &mut _| write(out).map(|()| Vec::new()).map_err(ParserError::new);
        self.core.node.packet(write)
    }

    /// The session let the client in, or did not.
    pub(super) fn connected(&mut self, index: usize, result: Result<Box<dyn Live>, Refusal>) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        match result {
            Ok(session) => {
                client.phase = Phase::Idle(session);
                let socket = client.socket.clone();
                // The first of its namespace: only now it is known whose child that is. It is in, and
                // what its coming should have cost is owed.
                let _ = self.limit_events(&socket);
                let nsp = socket.namespace_name();
                let pid = socket.recoverable().map(|it| it.pid.reveal());
                match self.reply(|out| encode::connect(out, nsp, socket.id().as_str(), pid)) {
                    Ok(reply) => self.shard.accept(self.key, socket.scope(), reply),
                    Err(error) => self.unsendable(&error),
                }
            }
            Err(refusal) => {
                let phase = std::mem::replace(&mut client.phase, Phase::Gone);
                // Never connected, so nothing is left to tell anyone.
                client.left = Some(DisconnectReason::ForcedClose);
                let socket = client.socket.clone();
                self.turn_away(&socket, &refusal);
                // Nobody comes back with the ticket that may be in it.
                drop(phase);
            }
        }
    }

    /// `connect_timeout` has passed, and nobody has joined a namespace.
    pub(super) fn connect_timeout(&mut self) {
        let mut clients = self.clients.0.iter();
        let joined = clients.any(|c| c.left.is_none() && !c.phase.is_connecting());
        if !joined && self.ending == Ending::Open {
            self.core.node.metrics.connect_timeouts.add(1);
            tracing::debug!(peer = ?self.handshake.address(), "joined no namespace in time");
            self.end(DisconnectReason::ForcedClose, None);
        }
    }
}
