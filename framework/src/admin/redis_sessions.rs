//! Logins that are kept in Redis.

use std::time::Duration;

use tokio::sync::Semaphore;

use super::{RedisStore, denied::Denied};
use crate::{
    cluster::adapter::ExpiringKeys,
    error::{AdapterError, BuildError},
};

/// Sessions that are looked up at one time: any client may show an id that it has made up.
const AT_ONCE: usize = 64;

pub(super) struct RedisSessions {
    keys: ExpiringKeys,
    asking: Semaphore,
    prefix: String,
    duration: Duration,
}

impl RedisStore {
    pub(super) fn open(&self) -> Result<RedisSessions, BuildError> {
        if self.session_duration < Duration::from_secs(1) {
            return Err(BuildError::Zero("admin.store.session_duration"));
        }
        if self.prefix.is_empty() {
            return Err(BuildError::Zero("admin.store.prefix"));
        }
        Ok(RedisSessions {
            keys: ExpiringKeys::new(&self.url).map_err(BuildError::AdminStore)?,
            asking: Semaphore::new(AT_ONCE),
            prefix: self.prefix.clone(),
            duration: self.session_duration,
        })
    }
}

impl RedisSessions {
    fn key(&self, id: &str) -> String {
        format!("{}#{id}", self.prefix)
    }

    pub(super) async fn knows(&self, id: &str) -> Result<bool, Denied> {
        let _asking = self.asking.try_acquire().map_err(|_| Denied::Busy)?;
        let known = self.keys.exists(&self.key(id)).await;
        known.map_err(|error| away(&error))
    }

    pub(super) async fn add(&self, id: &str) -> Result<(), Denied> {
        let added = self.keys.set(&self.key(id), "1", self.duration).await;
        added.map_err(|error| away(&error))
    }
}

fn away(error: &AdapterError) -> Denied {
    tracing::warn!(%error, "the logins of the admin page cannot be reached");
    Denied::StoreAway
}
