//! What is asked of Redis.

use std::sync::Arc;

use redis::{ErrorKind, RedisError, ServerErrorKind, pipe};
use tokio::time::Instant;

use super::Save;
use crate::{cluster::adapter::redis::link::Link, error::AdapterError};

/// Redis did not do what was asked for.
pub(super) enum Failed {
    /// It may when it is asked again.
    Away(AdapterError),
    /// It answered so: it is full, or does not allow it.
    Refused(AdapterError),
}

impl From<RedisError> for Failed {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            // OOM and MISCONF are among those that the client library has no name for.
            ErrorKind::Extension
            | ErrorKind::Server(
                ServerErrorKind::ResponseError
                | ServerErrorKind::ExecAbort
                | ServerErrorKind::NoPerm,
            ) => Self::Refused(AdapterError::new(error)),
            _ => Self::Away(AdapterError::new(error)),
        }
    }
}

impl From<AdapterError> for Failed {
    fn from(error: AdapterError) -> Self {
        Self::Away(error)
    }
}

/// Keeps sessions.
pub(super) async fn save(link: &Link, batch: &[Arc<Save>]) -> Result<(), Failed> {
    let Some(first) = batch.first() else {
        return Ok(());
    };
    let mut redis = link.requests(first.key.as_bytes())?;
    let mut pipeline = pipe();
    let now = Instant::now();
    for save in batch {
        let left = save.until.saturating_duration_since(now).as_millis();
        let left = u64::try_from(left)
            .unwrap_or(u64::MAX)
            .clamp(1, i64::MAX as u64);
        let Save { key, value, .. } = &**save;
        pipeline
            .cmd("SET")
            .arg(key)
            .arg(&**value)
            .arg("PX")
            .arg(left)
            .ignore();
    }
    Ok(pipeline.query_async(&mut redis).await?)
}

/// What is there under each key.
pub(super) async fn take(link: &Link, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Failed> {
    let Some(first) = keys.first() else {
        return Ok(Vec::new());
    };
    let mut redis = link.requests(first.as_bytes())?;
    let mut pipeline = pipe();
    pipeline.atomic();
    for key in keys {
        // GETDEL is newer than what else is needed.
        pipeline.cmd("GET").arg(key).cmd("DEL").arg(key).ignore();
    }
    Ok(pipeline.query_async(&mut redis).await?)
}
