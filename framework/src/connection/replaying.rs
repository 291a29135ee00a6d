//! Clients that come back where all nodes share the log: to a session of any node, which is put into
//! its place first and gets what it missed up to there afterwards.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use super::{
    actor::Link,
    clients::Phase,
    recovering::{Claiming, Located, PATIENCE, Search, Stage, handed_over, take_place},
};
use crate::{
    id::PrivateId,
    namespace::{Kept, Socket},
    shard::{
        directory::{Address, Scope},
        node::Node,
        offset::Offset,
        recovery::{RecoveryStore, Reservation},
        retained::{Found, Saved},
        shared_log::{Absent, NotReplayed, SharedLog, Unreachable},
        ticket::Ticket,
    },
    transport::{frame::Frame, outbox::Outbox},
};

/// The pauses after which a session that was not found is looked for again, about a second
/// altogether; in milliseconds.
const AGAIN: [u64; 5] = [20, 60, 150, 300, 500];

/// What a client missed, or why it cannot have it.
pub(super) type Missed = Pin<Box<dyn Future<Output = Result<Vec<Frame>, &'static str>>>>;

/// A session that has its place, and waits for what its client missed.
pub(super) struct Replaying {
    pub(super) missed: Missed,
    ticket: Ticket,
}

/// What this node has of a session.
enum Here {
    /// Its client is away.
    Saved(Ticket),
    /// Its connection has let it go for this one.
    HandedOver(Ticket),
    Nothing(Reservation),
}

impl Link {
    /// Looks for a session here and on all other nodes.
    pub(super) fn search_everywhere(
        &self,
        socket: &Socket,
        pid: PrivateId,
        offset: Offset,
    ) -> Search {
        let (node, scope) = (Arc::clone(socket.node()), Arc::clone(socket.scope()));
        let Some(store) = &scope.recovery else {
            return Box::pin(async { Err("unknown_session") });
        };
        let place = Address {
            slot: self.key,
            id: socket.id(),
        };
        let mut handing_over = None;
        let here = match store.take_or_reserve(&scope, pid, place) {
            Err(reservation) => Some(Here::Nothing(reservation)),
            Ok(Found::Saved(session)) => Some(Here::Saved(Ticket::new(&node, &scope, session))),
            Ok(Found::Live { place, session }) => {
                handing_over = Some(handed_over(&node, &scope, place, session));
                None
            }
            Ok(Found::Nothing) => None,
        };
        // On a task of its own: what has been taken finds its way back if the connection is lost.
        let searching = tokio::spawn(async move {
            let here = match (here, handing_over) {
                (Some(here), _) => here,
                (None, Some(handing_over)) => Here::HandedOver(handing_over.await?),
                (None, None) => return Err("unknown_session"),
            };
            match timeout(PATIENCE, find(&node, &scope, here, pid, offset)).await {
                Ok(found) => found,
                Err(_) => Err("log_unreachable"),
            }
        });
        Box::pin(async { searching.await.unwrap_or(Err("unknown_session")) })
    }

    /// The session was found: it gets its place.
    pub(super) fn replay(
        &mut self,
        index: usize,
        fresh: &Socket,
        Located { ticket, outside }: Located,
        claiming: Claiming,
    ) {
        let scope = fresh.scope();
        let (Some(store), Some(log), Some(session)) =
            (&scope.recovery, scope.shared_log(), ticket.session())
        else {
            let auth = claiming.auth.as_deref();
            return self.not_recovered(index, fresh, auth, "unknown_session");
        };
        if session.until <= Instant::now() {
            ticket.revoke();
            return self.not_recovered(index, fresh, claiming.auth.as_deref(), "expired");
        }
        let (at, now_outside) = store.place(&self.shard, self.key, scope, log, session);
        let socket = take_place(fresh, session, at, now_outside);
        if now_outside != outside {
            // It is not in the log up to there, and was not for a session that had no seat.
            let rooms = self.shard.unseat(self.key, scope);
            socket.has_left(rooms);
            ticket.revoke();
            return self.not_recovered(index, &socket, claiming.auth.as_deref(), "log_unreachable");
        }
        let after = claiming.offset.max(session.floor);
        let absent = Absent {
            id: session.id,
            rooms: Arc::clone(&session.rooms),
            max_bytes: store.room_for_missed(&self.shard, self.key),
        };
        let missed = log.missed(absent, after, at);
        let missed: Missed = Box::pin(async {
            match timeout(PATIENCE, missed).await {
                Ok(Ok(missed)) => Ok(missed),
                Ok(Err(NotReplayed::TooMuch)) => Err("too_much_missed"),
                Ok(Err(NotReplayed::Trimmed)) => Err("trimmed"),
                Ok(Err(NotReplayed::Unreachable)) | Err(_) => Err("log_unreachable"),
            }
        });
        let stage = Stage::Replaying(Replaying { missed, ticket });
        let phase = Phase::Claiming(Box::new(Claiming { stage, ..claiming }));
        self.set_client(index, socket, phase);
    }

    /// What was missed is there, or cannot be had.
    pub(super) fn replayed(&mut self, index: usize, missed: Result<Vec<Frame>, &'static str>) {
        let Some((socket, claiming)) = self.take_claiming(index) else {
            return;
        };
        let Claiming { stage, auth, .. } = *claiming;
        let Stage::Replaying(Replaying { ticket, .. }) = stage else {
            return;
        };
        match missed.and_then(|missed| self.fitting(&socket, missed)) {
            Ok(missed) => {
                self.shard.push_missed(self.key, socket.scope(), missed);
                self.recovered(index, socket, ticket, auth.as_deref());
            }
            Err(reason) => {
                let rooms = self.shard.unseat(self.key, socket.scope());
                socket.has_left(rooms);
                ticket.revoke();
                self.not_recovered(index, &socket, auth.as_deref(), reason);
            }
        }
    }

    /// Refuses what was missed if other namespaces have got the room for it meanwhile.
    fn fitting(&self, socket: &Socket, missed: Vec<Frame>) -> Result<Vec<Frame>, &'static str> {
        let store = socket.scope().recovery.as_ref();
        let room = store.map_or(0, |store| store.room_for_missed(&self.shard, self.key));
        let bytes: usize = missed.iter().map(Outbox::cost).sum();
        if bytes > room && !missed.is_empty() {
            return Err("too_much_missed");
        }
        Ok(missed)
    }
}

/// The session, once it is this node's alone and everything that its client has seen has been
/// delivered here.
async fn find(
    node: &Arc<Node>,
    scope: &Arc<Scope>,
    here: Here,
    pid: PrivateId,
    offset: Offset,
) -> Result<Located, &'static str> {
    let (Some(log), Some(store)) = (scope.shared_log(), scope.recovery.as_ref()) else {
        return Err("unknown_session");
    };
    let ticket = match here {
        // It has one if whoever waited for it before was lost before it had asked the others.
        Here::HandedOver(ticket) if !ticket.has_copy() => ticket,
        Here::HandedOver(ticket) | Here::Saved(ticket) => {
            take_both(node, scope, log, ticket, pid).await?
        }
        Here::Nothing(reservation) => {
            let session = take_soon(scope, log, pid).await?;
            reservation.keep();
            owned(node, scope, session)
        }
    };
    match follows(log, store, &ticket, offset).await {
        Ok(outside) => Ok(Located { ticket, outside }),
        Err(reason) => {
            ticket.revoke();
            Err(reason)
        }
    }
}

/// Takes a session that other nodes have, or are about to keep: a client may be here before the node
/// that it has left has done so.
async fn take_soon(
    scope: &Arc<Scope>,
    log: &dyn SharedLog,
    pid: PrivateId,
) -> Result<Saved, &'static str> {
    for pause in AGAIN {
        match take(scope, log, pid).await {
            Err("unknown_session") => sleep(Duration::from_millis(pause)).await,
            taken => return taken,
        }
    }
    take(scope, log, pid).await
}

/// Takes a session that other nodes have.
async fn take(
    scope: &Arc<Scope>,
    log: &dyn SharedLog,
    pid: PrivateId,
) -> Result<Saved, &'static str> {
    let stored = log
        .take(pid)
        .await
        .map_err(|Unreachable| "log_unreachable")?;
    let stored = stored.ok_or("unknown_session")?;
    let store = scope.recovery.as_ref().ok_or("unknown_session")?;
    Ok(Saved {
        pid,
        id: stored.id,
        rooms: stored.rooms,
        floor: stored.floor.unwrap_or_default(),
        kept: Arc::new(Kept::elsewhere(stored.data.clone(), stored.expires)),
        data: stored.data,
        // Redis would not have it any more if it had expired.
        until: stored
            .expires
            .map_or(store.expiry(), |at| at.min(store.expiry())),
        copy: stored.copy,
        expires: stored.expires,
    })
}

/// Takes a session that is here and that other nodes have as well: it may have been on one of them
/// meanwhile.
async fn take_both(
    node: &Arc<Node>,
    scope: &Arc<Scope>,
    log: &dyn SharedLog,
    mut ticket: Ticket,
    pid: PrivateId,
) -> Result<Ticket, &'static str> {
    match take(scope, log, pid).await {
        Ok(theirs)
            if ticket
                .session()
                .is_some_and(|ours| ours.copy == theirs.copy) =>
        {
            ticket.has_taken_copy();
            Ok(ticket)
        }
        Ok(theirs) => {
            ticket.settle();
            Ok(owned(node, scope, theirs))
        }
        Err(reason) => {
            ticket.revoke();
            Err(reason)
        }
    }
}

/// What was taken from the others is nowhere else.
fn owned(node: &Arc<Node>, scope: &Arc<Scope>, session: Saved) -> Ticket {
    let copy = None;
    Ticket::new(node, scope, Saved { copy, ..session })
}

/// Waits until everything that the client has seen has been delivered here, and the log has all that
/// was delivered outside of it: so many events.
async fn follows(
    log: &dyn SharedLog,
    store: &RecoveryStore,
    ticket: &Ticket,
    offset: Offset,
) -> Result<u64, &'static str> {
    let floor = ticket.session().map(|session| session.floor);
    let seen = offset.max(floor.unwrap_or_default());
    match log.reaches_back_to(seen).await {
        Ok(true) => {}
        Ok(false) => return Err("trimmed"),
        Err(Unreachable) => return Err("log_unreachable"),
    }
    loop {
        let outside = store.outside();
        log.delivered(seen).await;
        if store.outside() == outside {
            return Ok(outside);
        }
    }
}
