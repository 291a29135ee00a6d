//! Redis has lost some of a stream: written beside it, for nodes that start later.
//!
//! What is left of it may look whole to them: an old snapshot ends earlier, and new entries follow.

use redis::{RedisResult, cmd};
use tokio::time::sleep;

use super::{adapter::StreamsAdapter, lane::Lane, recovery::AGAIN};
use crate::{
    cluster::adapter::redis::{link::Link, refusal::Refusal},
    id::EntryId,
};

/// The key that holds up to where nobody comes back.
fn key(stream: &str) -> String {
    format!("{stream}:lost")
}

/// Writes what is known to be lost. Redis may refuse it, and is told again with each connection: it may
/// have forgotten it, too.
pub(super) async fn tell(link: &Link, lane: &Lane, stream: usize) {
    let lost = lane.lost_up_to(stream);
    if lost == EntryId::default() {
        return;
    }
    let key = key(lane.name(stream));
    let Ok(mut redis) = link.requests(key.as_bytes()) else {
        return;
    };
    let mut set = cmd("SET");
    set.arg(&key).arg(lost.to_string());
    let told: RedisResult<()> = set.query_async(&mut redis).await;
    if let Err(error) = told {
        tracing::debug!(%error, key, "that Redis has lost entries could not be written down");
    }
}

impl StreamsAdapter {
    /// Up to where a stream may have lost entries, as any node has found. While Redis is away this waits.
    pub(super) async fn lost_up_to(&self, lane: &Lane, stream: usize) -> EntryId {
        let key = key(lane.name(stream));
        let found = loop {
            if let Ok(mut redis) = self.link.requests(key.as_bytes()) {
                let found: RedisResult<Option<String>> =
                    cmd("GET").arg(&key).query_async(&mut redis).await;
                match found {
                    Ok(found) => break found,
                    Err(error) if Refusal::of(&error) == Some(Refusal::Never) => break None,
                    Err(error) => tracing::debug!(%error, key, "it could not be read"),
                }
            }
            sleep(AGAIN).await;
        };
        let found = found.and_then(|id| id.parse().ok()).unwrap_or_default();
        lane.lost_up_to(stream).max(found)
    }
}
