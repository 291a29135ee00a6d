//! Redis has lost some of a stream: written beside it, for nodes that start later.
//!
//! What is left of it may look whole to them: an old snapshot ends earlier, and new entries follow.

use redis::{RedisResult, aio::MultiplexedConnection, cmd};
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

/// How often it is written at most: another node may write what it knows at the same moment.
const TIMES: usize = 2;

/// Writes what is known to be lost, unless another node has written more, which is known here from then
/// on. Redis may refuse it, and is told again with each connection: it may have forgotten it, too.
pub(super) async fn tell(link: &Link, lane: &Lane, stream: usize) {
    if lane.lost_up_to(stream) == EntryId::default() {
        return;
    }
    let key = key(lane.name(stream));
    let Ok(mut redis) = link.requests(key.as_bytes()) else {
        return;
    };
    if let Err(error) = raise(&mut redis, &key, lane, stream).await {
        tracing::debug!(%error, key, "that Redis has lost entries could not be written down");
    }
}

async fn raise(
    redis: &mut MultiplexedConnection,
    key: &str,
    lane: &Lane,
    stream: usize,
) -> RedisResult<()> {
    for _ in 0..TIMES {
        let written = written(redis, key).await?;
        lane.has_lost(stream, written);
        let lost = lane.lost_up_to(stream);
        if written == lost {
            break;
        }
        let mut set = cmd("SET");
        set.arg(key).arg(lost.to_string());
        let () = set.query_async(redis).await?;
    }
    Ok(())
}

/// What is written there; nothing is lost if that is nothing.
async fn written(redis: &mut MultiplexedConnection, key: &str) -> RedisResult<EntryId> {
    let written: Option<String> = cmd("GET").arg(key).query_async(redis).await?;
    Ok(written.and_then(|id| id.parse().ok()).unwrap_or_default())
}

impl StreamsAdapter {
    /// Up to where a stream may have lost entries, as any node has found. While Redis is away this waits.
    pub(super) async fn lost_up_to(&self, lane: &Lane, stream: usize) -> EntryId {
        let key = key(lane.name(stream));
        let found = loop {
            if let Ok(mut redis) = self.link.requests(key.as_bytes()) {
                match written(&mut redis, &key).await {
                    Ok(found) => break found,
                    Err(error) if Refusal::of(&error) == Some(Refusal::Never) => {
                        break EntryId::default();
                    }
                    Err(error) => tracing::debug!(%error, key, "it could not be read"),
                }
            }
            sleep(AGAIN).await;
        };
        lane.lost_up_to(stream).max(found)
    }
}
