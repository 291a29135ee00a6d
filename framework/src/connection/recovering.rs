//! Clients that come back to a session (Socket.IO v5, section 8).

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use super::{actor::Link, claim::Claim, clients::Phase, replaying::Replaying};
use crate::{
    error::DisconnectReason,
    id::{EntryId, PrivateId},
    namespace::{Kept, Recoverable, Socket},
    shard::{
        command::{Action, Command, Selection},
        directory::{Address, Scope},
        log::Unavailable,
        node::Node,
        offset::Offset,
        retained::{Found, Saved},
        ticket::Ticket,
    },
};

/// How long a client waits until its old connection lets go of the session, whose handler may
/// still run. Then it gets a fresh session.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A session, or why there is none.
pub(super) type Search = Pin<Box<dyn Future<Output = Result<Located, &'static str>>>>;

/// A session that was found.
pub(super) struct Located {
    pub(super) ticket: Ticket,
    /// How many events had been delivered outside of a shared log when it held all that had been
    /// delivered.
    pub(super) outside: u64,
}

impl From<Ticket> for Located {
    fn from(ticket: Ticket) -> Self {
        Self { ticket, outside: 0 }
    }
}

/// A client that wants to come back.
pub(super) struct Claiming {
    pub(super) stage: Stage,
    pub(super) offset: Offset,
    pub(super) auth: Option<Box<str>>,
}

pub(super) enum Stage {
    /// Its session is looked for.
    Searching(Search),
    /// The session has its place, and what the client missed is being fetched.
    Replaying(Replaying),
}

/// Asks the connection that has the session to let it go.
pub(super) fn handed_over(
    node: &Node,
    scope: &Arc<Scope>,
    place: Address,
    session: oneshot::Receiver<Ticket>,
) -> impl Future<Output = Result<Ticket, &'static str>> + use<> {
    let take_over = Command::new(scope, Selection::socket(place), Action::TakeOver);
    // A worker that is too busy to hear does not let go in time.
    let _ = node.dispatch(take_over);
    async {
        match timeout(PATIENCE, session).await {
            Ok(Ok(ticket)) => Ok(ticket),
            Ok(Err(_)) => Err("unknown_session"),
            Err(_) => Err("still_in_use"),
        }
    }
}

/// The socket of a session in the place of a fresh one; `head` is the newest event then, and
/// `outside` as many had been delivered outside of the log.
pub(super) fn take_place(fresh: &Socket, session: &Saved, head: Offset, outside: u64) -> Socket {
    let kept = session.kept.downcast_ref::<Kept>();
    let kept = kept.cloned().unwrap_or_default();
    let recoverable = Recoverable::restored(session, &kept, head, outside);
    let socket = fresh.restored(session.id, recoverable);
    kept.give(&socket);
    if let Some(observer) = socket.node().observer.get() {
        observer.restored(socket.scope(), socket.address(), &session.rooms);
    }
    socket
}

impl Link {
    /// Looks for the session that the client wants to come back to, with the auth for its session.
    pub(super) fn claim(&self, socket: &Socket, claim: Claim, auth: Option<&str>) -> Claiming {
        let Claim { pid, offset } = claim;
        let log = socket.scope().shared_log();
        let offset = match log {
            Some(_) => offset.parse::<EntryId>().ok().map(Offset::from),
            None => Offset::from_peer(&offset),
        };
        let search: Search = match (pid, offset) {
            (Some(pid), Some(_)) if log.is_none() => self.search(socket, pid),
            (Some(pid), Some(offset)) => self.search_everywhere(socket, pid, offset),
            (None, _) => Box::pin(async { Err("unknown_session") }),
            (_, None) => Box::pin(async { Err("unknown_offset") }),
        };
        Claiming {
            stage: Stage::Searching(search),
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
                Box::pin(async { Ok(ticket.into()) })
            }
            Found::Live { place, session } => {
                let handing_over = handed_over(node, scope, place, session);
                Box::pin(async { handing_over.await.map(Located::from) })
            }
        }
    }

    /// The session was found, or was not: connects the client to it, or to a fresh one.
    pub(super) fn claimed(&mut self, index: usize, found: Result<Located, &'static str>) {
        let Some((fresh, claiming)) = self.take_claiming(index) else {
            return;
        };
        if fresh.scope().shared_log().is_some() {
            match found {
                Ok(located) => self.replay(index, &fresh, located, *claiming),
                Err(reason) => self.not_recovered(index, &fresh, claiming.auth.as_deref(), reason),
            }
            return;
        }
        let Claiming { offset, auth, .. } = *claiming;
        match found.and_then(|located| self.restore(&fresh, located.ticket, offset)) {
            Ok((socket, ticket)) => self.recovered(index, socket, ticket, auth.as_deref()),
            Err(reason) => self.not_recovered(index, &fresh, auth.as_deref(), reason),
        }
    }

    pub(super) fn take_claiming(&mut self, index: usize) -> Option<(Socket, Box<Claiming>)> {
        let client = self.clients.0.get_mut(index)?;
        match std::mem::replace(&mut client.phase, Phase::Gone) {
            Phase::Claiming(claiming) => Some((client.socket.clone(), claiming)),
            other => {
                client.phase = other;
                None
            }
        }
    }

    /// Everything is there again: the session is told.
    pub(super) fn recovered(
        &mut self,
        index: usize,
        socket: Socket,
        ticket: Ticket,
        auth: Option<&str>,
    ) {
        let phase = self.admit(&socket, auth);
        let phase = self.restoring(phase, ticket);
        self.set_client(index, socket, phase);
    }

    /// The client gets a fresh session.
    pub(super) fn not_recovered(
        &mut self,
        index: usize,
        like: &Socket,
        auth: Option<&str>,
        reason: &'static str,
    ) {
        self.core.node.metrics.recovery_refused.add(reason);
        tracing::debug!(peer = ?self.handshake.address(), reason, "not recovered");
        // The log has gone on meanwhile, and a socket begins where it is seated.
        let fresh = self.fresh(like.namespace_inner());
        let fresh = fresh.unwrap_or_else(|_| like.clone());
        fresh.limit_events_like(like);
        self.seat(&fresh);
        let phase = self.admit(&fresh, auth);
        self.set_client(index, fresh, phase);
    }

    pub(super) fn set_client(&mut self, index: usize, socket: Socket, phase: Phase) {
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
                let socket = take_place(fresh, session, head, store.outside());
                Ok((socket, ticket))
            }
            Err(unavailable) => {
                // The client gets a fresh session.
                ticket.revoke();
                Err(match unavailable {
                    Unavailable::Unknown => "unknown_offset",
                    Unavailable::Trimmed => "trimmed",
                    Unavailable::Gap => "cluster_gap",
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

    /// The client has answered a ping.
    pub(super) fn seen_so_far(&self) {
        for client in &self.clients.0 {
            // What is emitted to one that is connecting waits for its reply, behind this ping.
            if client.left.is_some() || client.phase.is_connecting() {
                continue;
            }
            let socket = &client.socket;
            if let (Some(it), Some(store)) = (socket.recoverable(), &socket.scope().recovery) {
                let head = store.head(socket.scope());
                // So that all of it is in the outbox before the next ping.
                self.shard.catch_up();
                it.pong(head);
            }
        }
    }
}
