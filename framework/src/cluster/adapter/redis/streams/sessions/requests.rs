//! What is asked of Redis.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use redis::{Cmd, RedisError, aio::MultiplexedConnection, cmd};
use tokio::time::Instant;

use crate::{
    cluster::adapter::redis::{link::Link, refusal::Refusal},
    error::AdapterError,
};

/// One session is kept, or taken.
#[derive(Clone)]
pub(super) struct Request(Arc<Inner>);

struct Inner {
    key: Box<str>,
    what: What,
}

enum What {
    Save(Save),
    Take(Take),
}

struct Save {
    value: Vec<u8>,
    until: Instant,
}

/// A session is read first and deleted then, so that none is lost with the answer that brings it: it can
/// be asked again.
#[derive(Default)]
struct Take {
    found: OnceLock<Vec<u8>>,
    /// Redis was told to delete it; whether it has may not be known.
    told: AtomicBool,
}

/// Redis did not do what was asked for.
#[derive(Debug)]
pub(super) enum Failed {
    /// It may when it is asked again.
    Away(AdapterError),
    /// It is full, or does not allow it.
    Refused(AdapterError),
}

impl From<RedisError> for Failed {
    fn from(error: RedisError) -> Self {
        match Refusal::of(&error) {
            Some(Refusal::Full | Refusal::Never) => Self::Refused(AdapterError::new(error)),
            Some(Refusal::Elsewhere | Refusal::Soon) | None => Self::Away(AdapterError::new(error)),
        }
    }
}

impl From<AdapterError> for Failed {
    fn from(error: AdapterError) -> Self {
        Self::Away(error)
    }
}

impl Request {
    pub(super) fn save(key: &str, value: Vec<u8>, until: Instant) -> Self {
        Self::new(key, What::Save(Save { value, until }))
    }

    pub(super) fn take(key: &str) -> Self {
        Self::new(key, What::Take(Take::default()))
    }

    fn new(key: &str, what: What) -> Self {
        let key = key.into();
        Self(Arc::new(Inner { key, what }))
    }

    pub(super) fn key(&self) -> &str {
        &self.0.key
    }

    /// How much is to be kept.
    pub(super) fn bytes(&self) -> usize {
        match &self.0.what {
            What::Save(save) => save.value.len(),
            What::Take(_) => 0,
        }
    }

    /// Whether what is to be kept has expired.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        matches!(&self.0.what, What::Save(save) if save.until <= now)
    }

    /// Sends it to the key's master; what was there, if it is taken. Requests that are sent together
    /// share what is written and read.
    pub(super) async fn send(&self, link: &Link) -> Result<Option<Vec<u8>>, Failed> {
        let key = self.key();
        let mut redis = link.requests(key.as_bytes())?;
        match &self.0.what {
            What::Save(save) => {
                let () = set(key, save).query_async(&mut redis).await?;
                Ok(None)
            }
            What::Take(take) => Ok(take.send(key, &mut redis).await?),
        }
    }
}

impl Take {
    async fn send(
        &self,
        key: &str,
        redis: &mut MultiplexedConnection,
    ) -> Result<Option<Vec<u8>>, RedisError> {
        let found = match self.found.get() {
            Some(found) => found,
            None => {
                let found: Option<Vec<u8>> = cmd("GET").arg(key).query_async(redis).await?;
                let Some(found) = found else { return Ok(None) };
                self.found.get_or_init(|| found)
            }
        };
        let is_again = self.told.swap(true, Ordering::Relaxed);
        let is_deleted: bool = cmd("DEL").arg(key).query_async(redis).await?;
        // Told once more, it has gone because of the first time: a client does not come back to two nodes at once.
        // Otherwise another node was faster.
        Ok((is_deleted || is_again).then(|| found.clone()))
    }
}

fn set(key: &str, Save { value, until }: &Save) -> Cmd {
    let left = until.saturating_duration_since(Instant::now()).as_millis();
    let left = u64::try_from(left).unwrap_or(u64::MAX);
    let mut set = cmd("SET");
    set.arg(key).arg(&**value);
    set.arg("PX").arg(left.clamp(1, i64::MAX as u64));
    set
}

#[cfg(test)]
mod tests {
    use redis::make_extension_error;

    use super::*;

    #[test]
    fn what_redis_does_in_a_moment_is_asked_again() {
        let failed = |code: &str| Failed::from(make_extension_error(code.to_owned(), None));
        for code in ["BUSY", "NOREPLICAS", "NOAUTH"] {
            assert!(matches!(failed(code), Failed::Away(_)), "{code}");
        }
        assert!(matches!(failed("OOM"), Failed::Refused(_)));
    }
}
