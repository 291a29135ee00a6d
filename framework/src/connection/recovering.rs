//! Clients that come back to a session (Socket.IO v5, section 8).

use std::{borrow::Cow, future::Future, pin::Pin, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::{actor::Link, clients::Phase};
use crate::{
    error::DisconnectReason,
    id::PrivateId,
    namespace::{Connecting, Recoverable, SessionState, Socket},
    shard::{
        command::{Action, Command, Selection},
        log::Unavailable,
        offset::Offset,
        recovery::{RecoveryStore, Ticket},
        retained::{Found, Saved},
    },
};

/// How long a client waits for its old connection to let go of the session, whose handler may
/// still run. Then it gets a fresh session.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client that wants to come back, while its session is looked for.
pub(super) struct Claiming {
    pub(super) session: Pin<Box<dyn Future<Output = Result<Ticket, &'static str>>>>,
    offset: Offset,
    auth: Box<str>,
}

/// What a client's CONNECT says about its last session, beside the application's own keys.
#[derive(Deserialize)]
struct Claim<'a> {
    #[serde(borrow)]
    pid: Option<&'a RawValue>,
    #[serde(borrow)]
    offset: Option<&'a RawValue>,
}

impl Claim<'_> {
    /// The attempt is only made with two strings.
    fn read(auth: &str) -> Option<(String, String)> {
        let Claim { pid, offset } = serde_json::from_str(auth).ok()?;
        let text = |json: &RawValue| serde_json::from_str::<Cow<'_, str>>(json.get()).ok();
        Some((text(pid?)?.into_owned(), text(offset?)?.into_owned()))
    }
}

impl Link {
    /// Looks for the session that the client wants to come back to; `None` if it does not.
    pub(super) fn claim(&self, socket: &Socket, auth: Option<&str>) -> Option<Claiming> {
        let store = socket.scope().recovery.as_ref()?;
        let auth = auth?;
        let (pid, offset) = Claim::read(auth)?;
        let offset = Offset::from_peer(&offset);
        let session = match (PrivateId::from_peer(&pid), offset) {
            (Some(pid), Some(_)) => self.find(socket, store, pid),
            (None, _) => Box::pin(async { Err("unknown_session") }),
            (_, None) => Box::pin(async { Err("unknown_offset") }),
        };
        Some(Claiming {
            session,
            offset: offset.unwrap_or_default(),
            auth: auth.into(),
        })
    }

    fn find(
        &self,
        socket: &Socket,
        store: &RecoveryStore,
        pid: PrivateId,
    ) -> Pin<Box<dyn Future<Output = Result<Ticket, &'static str>>>> {
        let scope = socket.scope();
        match store.take(pid) {
            Found::Nothing => Box::pin(async { Err("unknown_session") }),
            Found::Expired => Box::pin(async { Err("expired") }),
            Found::Saved(session) => {
                let ticket = Ticket::new(socket.node(), scope, session);
                Box::pin(async move { Ok(ticket) })
            }
            Found::Live { place, session } => {
                let take_over = Command::new(scope, Selection::socket(place), Action::TakeOver);
                // A worker that is too busy to hear does not let go in time.
                let _ = self.core.node.dispatch(take_over);
                Box::pin(async move {
                    match timeout(PATIENCE, session).await {
                        Ok(Ok(ticket)) => Ok(ticket),
                        Ok(Err(_)) => Err("unknown_session"),
                        Err(_) => Err("still_in_use"),
                    }
                })
            }
        }
    }

    /// The session was found, or was not: connects the client with it, or with a fresh one.
    pub(super) fn claimed(&mut self, index: usize, found: Result<Ticket, &'static str>) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        let Phase::Claiming(claiming) = std::mem::replace(&mut client.phase, Phase::Gone) else {
            return;
        };
        let fresh = client.socket.clone();
        let Claiming { offset, auth, .. } = *claiming;
        match found.and_then(|ticket| self.restore(&fresh, ticket, offset)) {
            Ok((socket, ticket)) => {
                if let Some(client) = self.clients.0.get_mut(index) {
                    client.socket = socket;
                }
                self.start(index, Some(&auth), Some(ticket));
            }
            Err(reason) => {
                self.core.node.metrics.recovery_refused.add(reason);
                tracing::debug!(peer = ?self.handshake.address(), reason, "not recovered");
                self.seat(&fresh);
                self.start(index, Some(&auth), None);
            }
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
        let restored = store.restore(&self.shard, self.key, scope, session, offset);
        let head = match restored {
            Ok(head) => head,
            Err(unavailable) => {
                // Its client gets another, so nobody can come back to this one.
                store.forget_saved(ticket);
                return Err(match unavailable {
                    Unavailable::Unknown => "unknown_offset",
                    Unavailable::Trimmed => "trimmed",
                    Unavailable::TooMuch => "too_much_missed",
                });
            }
        };
        let state = session.state.clone().map(SessionState::from_shared);
        let recoverable = Recoverable::restored(session.pid, state, session.floor, head);
        let socket = fresh.restored(session.id, recoverable);
        Ok((socket, ticket))
    }

    /// Keeps the ticket as long as the session is being restored: if the client goes before that,
    /// it can come back once more.
    pub(super) fn restoring(&self, connecting: Connecting, ticket: Ticket) -> Connecting {
        let node = Arc::clone(&self.core.node);
        Box::pin(async move {
            let result = connecting.await;
            ticket.settle();
            if result.is_ok() {
                node.metrics.recovery_restored.add(1);
            }
            result
        })
    }

    /// What lets the client come back to a session that ends now. It can once the ticket is
    /// dropped.
    pub(super) fn ticket(
        &self,
        socket: &Socket,
        state: Option<SessionState>,
        reason: DisconnectReason,
    ) -> Option<Ticket> {
        let (it, store) = (socket.recoverable()?, socket.scope().recovery.as_ref()?);
        if !reason.is_recoverable() || store.has_lost(self.key.worker, it.live_from) {
            socket.forget();
            return None;
        }
        self.core.node.metrics.recovery_saved.add(1);
        let session = Saved {
            pid: it.pid,
            id: socket.id(),
            rooms: socket.last_rooms(),
            floor: it.floor(),
            state: state.map(SessionState::into_shared),
            until: store.expiry(),
        };
        Some(Ticket::new(socket.node(), socket.scope(), session))
    }

    /// The client has answered a ping.
    pub(super) fn seen_so_far(&self) {
        for client in &self.clients.0 {
            let socket = &client.socket;
            if let (Some(it), Some(store)) = (socket.recoverable(), &socket.scope().recovery) {
                let head = store.head();
                // So that it is in the outbox before the next ping.
                self.shard.catch_up();
                it.pong(head);
            }
        }
    }
}
