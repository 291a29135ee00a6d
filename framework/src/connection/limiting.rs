//! Events of a socket that sends more of them than it may.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use super::actor::Link;
use crate::{
    config::Excess,
    error::DisconnectReason,
    event::{self, Args, Incoming, Refused, Rejection},
    namespace::{Limiter, Refusal, Socket, TooMany},
    shard::clock,
};

const TOO_MANY: &str = "too many events";

/// What a client is told of it.
fn details(TooMany { limit, retry_after }: TooMany) -> serde_json::Value {
    let wait = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
    json!({"limit": limit, "retryAfter": wait.saturating_add(1)})
}

impl Link {
    /// Limits the events of a socket that comes, as soon as it is known how. One that was in such a
    /// namespace before goes on with what was left then, and its coming is an event.
    ///
    /// # Errors
    /// There is no event left.
    pub(super) fn limit_events(&mut self, socket: &Socket) -> Result<(), Refusal> {
        let (None, Some(limits)) = (socket.limiter(), socket.namespace_inner().limits()) else {
            return Ok(());
        };
        let now = clock::now();
        let Some(spent) = self.spent.take(self.session, limits) else {
            if let Some(limiter) = Limiter::full(limits, now) {
                socket.limit_events(&Arc::new(Mutex::new(limiter)));
            }
            return Ok(());
        };
        socket.limit_events(&spent);
        let taken = spent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_connect(now);
        taken.map_err(|too_many| {
            self.core.node.metrics.rate_limited.add(too_many.limit);
            Refusal::of(too_many.limit, TOO_MANY).with_data(&details(too_many))
        })
    }

    /// Keeps what a socket that goes has left, for the next one.
    pub(super) fn keep_limiter(&mut self, socket: &Socket) {
        if let Some(limiter) = socket.limiter() {
            self.spent.keep(self.session, limiter, clock::now());
        }
    }

    /// Whether the event is within the rates of its namespace; if not, it is done with.
    pub(super) fn is_within_rates(&mut self, index: usize, event: &Incoming<'_>) -> bool {
        let Some(client) = self.clients.get(index) else {
            return false;
        };
        let Some(limiter) = client.socket.limiter() else {
            return true;
        };
        let mut limiter = limiter.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(too_many) = limiter.take(event, clock::now()) else {
            return true;
        };
        let excess = limiter.excess();
        drop(limiter);
        self.core.node.metrics.rate_limited.add(too_many.limit);
        tracing::debug!(
            event = event.name,
            socket = %client.socket.id(),
            limit = too_many.limit,
            "too many events"
        );
        match excess {
            Excess::Refuse => self.refuse_excess(index, event, too_many),
            Excess::Drop => {}
            Excess::Disconnect => self.dismiss(index, DisconnectReason::RateLimited),
        }
        false
    }

    /// Answers without the session, which may be busy, and which a flood must not keep busy.
    fn refuse_excess(&mut self, index: usize, event: &Incoming<'_>, too_many: TooMany) {
        let (Some(client), Some(id)) = (self.clients.get(index), event.ack) else {
            return;
        };
        let rejection = Rejection::new(TOO_MANY).with_data(&details(too_many));
        let (refused, nsp) = (Refused(&rejection), client.socket.namespace_name());
        let answer = self
            .core
            .node
            .packet(|out| event::answer(event.name, nsp, id, Args::One, &refused, out));
        // Texts and numbers always serialize, and a parser that fails has nothing to send.
        if let Ok(answer) = answer {
            self.shard.send(self.key, answer);
        }
    }
}
