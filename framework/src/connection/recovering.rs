//! Clients that come back to a session (Socket.IO v5, section 8).

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

use super::{actor::Link, claim::Claim, clients::Phase};
use crate::{
    error::DisconnectReason,
    id::PrivateId,
    namespace::{Kept, Live, Recoverable, Socket},
    shard::{
        command::{Action, Command, Selection},
        log::Unavailable,
        offset::Offset,
        retained::{Found, Saved},
        ticket::Ticket,
    },
    supervision::catch,
};

/// How long a client waits until its old connection lets go of the session, whose handler may
/// still run. Then it gets a fresh session.
const PATIENCE: Duration = Duration::from_secs(5);

/// A session, or why there is none.
type Search = Pin<Box<dyn Future<Output = Result<Ticket, &'static str>>>>;

/// A client that wants to come back, while its session is looked for.
pub(super) struct Claiming {
    pub(super) search: Search,
    offset: Offset,
    auth: Option<Box<str>>,
}

impl Link {
    /// Looks for the session that the client wants to come back to, with the auth for its session.
    pub(super) fn claim(&self, socket: &Socket, claim: Claim, auth: Option<&str>) -> Claiming {
        let Claim { pid, offset } = claim;
        let search: Search = match (pid, offset) {
            (Some(pid), Some(_)) => self.search(socket, pid),
            (None, _) => Box::pin(async { Err("unknown_session") }),
            (_, None) => Box::pin(async { Err("unknown_offset") }),
        };
        Claiming {
            search,
            offset: offset.unwrap_or_default(),
            auth: auth.map(Into::into),
        }
    }

    fn search(&self, socket: &Socket, pid: PrivateId) -> Search {
        let (node, scope) = (socket.node(), socket.scope());
        let found = scope
            .recovery
            .as_ref()
            .map(|store| store.take(pid, self.key));
        match found.unwrap_or(Found::Nothing) {
            Found::Nothing => Box::pin(async { Err("unknown_session") }),
            Found::Saved(session) => {
                let ticket = Ticket::new(node, scope, session);
                Box::pin(async { Ok(ticket) })
            }
            Found::Live { place, session } => {
                let take_over = Command::new(scope, Selection::socket(place), Action::TakeOver);
                // A worker that is too busy to hear does not let go in time.
                let _ = node.dispatch(take_over);
                Box::pin(async {
                    match timeout(PATIENCE, session).await {
                        Ok(Ok(ticket)) => Ok(ticket),
                        Ok(Err(_)) => Err("unknown_session"),
                        Err(_) => Err("still_in_use"),
                    }
                })
            }
        }
    }

    /// The session was found, or was not: connects the client to it, or to a fresh one.
    pub(super) fn claimed(&mut self, index: usize, found: Result<Ticket, &'static str>) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        let Phase::Claiming(claiming) = std::mem::replace(&mut client.phase, Phase::Gone) else {
            return;
        };
        let fresh = client.socket.clone();
        let Claiming { offset, auth, .. } = *claiming;
        let (socket, phase) = match found.and_then(|ticket| self.restore(&fresh, ticket, offset)) {
            Ok((socket, ticket)) => {
                let phase = self.admit(&socket, auth.as_deref());
                (socket, self.restoring(phase, ticket))
            }
            Err(reason) => {
                self.core.node.metrics.recovery_refused.add(reason);
                tracing::debug!(peer = ?self.handshake.address(), reason, "not recovered");
                // The log has gone on meanwhile, and a socket begins where it is seated.
                let fresh = self.fresh(fresh.namespace_inner()).unwrap_or(fresh);
                self.seat(&fresh);
                let phase = self.admit(&fresh, auth.as_deref());
                (fresh, phase)
            }
        };
        if let Some(client) = self.clients.0.get_mut(index) {
            if matches!(phase, Phase::Gone) {
                client.left = Some(DisconnectReason::ForcedClose);
            }
            client.socket = socket;
            client.phase = phase;
        }
    }

    fn restore(
        &self,
        fresh: &Socket,
        ticket: Ticket,
        offset: Offset,
    ) -> Result<(Socket, Ticket), &'static str> {
        let scope = fresh.scope();
        let (Some(store), Some(session)) = (&scope.recovery, ticket.session()) else {
            return Err("unknown_session");
        };
        if session.until <= Instant::now() {
            ticket.revoke();
            return Err("expired");
        }
        match store.restore(&self.shard, self.key, scope, session, offset) {
            Ok(head) => {
                let kept = session.kept.downcast_ref::<Kept>();
                let kept = kept.cloned().unwrap_or_default();
                let recoverable = Recoverable::restored(session, kept.state.clone(), head);
                let socket = fresh.restored(session.id, recoverable);
                kept.give(&socket);
                Ok((socket, ticket))
            }
            Err(unavailable) => {
                // The client gets a fresh session.
                ticket.revoke();
                Err(match unavailable {
                    Unavailable::Unknown => "unknown_offset",
                    Unavailable::Trimmed => "trimmed",
                    Unavailable::TooMuch => "too_much_missed",
                })
            }
        }
    }

    /// Keeps the ticket while the session is being restored: a client that goes meanwhile can come
    /// back once more.
    fn restoring(&self, phase: Phase, ticket: Ticket) -> Phase {
        let Phase::Connecting(connecting) = phase else {
            ticket.settle();
            return phase;
        };
        let node = self.core.node.clone();
        Phase::Connecting(Box::pin(async move {
            let result = connecting.await;
            node.metrics.recovery_restored.add(result.is_ok().into());
            ticket.settle();
            result
        }))
    }

    /// What lets the client of a session that ends now come back to it, as soon as it is dropped.
    pub(super) fn ticket(
        &self,
        socket: &Socket,
        session: &dyn Live,
        reason: DisconnectReason,
    ) -> Option<Ticket> {
        let (it, store) = (socket.recoverable()?, socket.scope().recovery.as_ref()?);
        if !reason.is_recoverable() || store.has_lost(self.key.worker, it.live_from) {
            socket.forget();
            return None;
        }
        let state = match catch(|| session.save()) {
            Ok(state) => state,
            Err(panic) => {
                self.panicked("save", socket, &panic);
                return None;
            }
        };
        self.core.node.metrics.recovery_saved.add(1);
        let until = store.expiry();
        let session = Saved {
            pid: it.pid,
            id: socket.id(),
            rooms: socket.last_rooms(),
            floor: it.floor(),
            kept: Arc::new(Kept::of(socket, state)),
            // Nobody comes back to a socket that has expired.
            until: socket.expiry().map_or(until, |expiry| expiry.min(until)),
        };
        Some(Ticket::new(socket.node(), socket.scope(), session))
    }

    /// The client has answered a ping.
    pub(super) fn seen_so_far(&self) {
        for client in &self.clients.0 {
            // What is emitted to one that is connecting waits for its reply, behind this ping.
            if client.left.is_some() || client.phase.is_connecting() {
                continue;
            }
            let socket = &client.socket;
            if let (Some(it), Some(store)) = (socket.recoverable(), &socket.scope().recovery) {
                let head = store.head();
                // So that all of it is in the outbox before the next ping.
                self.shard.catch_up();
                it.pong(head);
            }
        }
    }
}
