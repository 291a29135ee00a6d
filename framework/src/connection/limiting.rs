//! Events of a socket that sends more of them than it may.

use std::sync::PoisonError;

use serde_json::json;
use tokio::time::Instant;

use super::actor::Link;
use crate::{
    config::Excess,
    error::DisconnectReason,
    event::{self, Args, Incoming, Refused, Rejection},
    namespace::TooMany,
};

impl Link {
    /// Whether the event is within the rates of its namespace; if not, it is done with.
    pub(super) fn is_within_rates(&mut self, index: usize, event: &Incoming<'_>) -> bool {
        let Some(client) = self.clients.get(index) else {
            return false;
        };
        let limits = client.socket.namespace_inner().limits();
        let (Some(limiter), Some(limits)) = (client.socket.limiter(), limits) else {
            return true;
        };
        let mut limiter = limiter.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(too_many) = limiter.take(limits, event, Instant::now()) else {
            return true;
        };
        drop(limiter);
        let excess = limits.excess();
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
        let TooMany { limit, retry_after } = too_many;
        let wait = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
        let data = json!({"limit": limit, "retryAfter": wait.saturating_add(1)});
        let rejection = Rejection::new("too many events").with_data(&data);
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
