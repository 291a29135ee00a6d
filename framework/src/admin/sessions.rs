//! Who has logged in.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    denied::Denied,
    store::{Kind, Store},
};
use crate::error::BuildError;

/// Logins that a hub remembers; the oldest make room.
const MAX_LOGINS: usize = 1000;

/// What is kept of logins, wherever that is.
pub(super) enum Sessions {
    Memory(Mutex<VecDeque<String>>),
    #[cfg(feature = "redis")]
    Redis(Box<super::redis_sessions::RedisSessions>),
}

impl Sessions {
    pub(super) fn open(store: &Store) -> Result<Self, BuildError> {
        match &store.0 {
            Kind::Memory => Ok(Self::Memory(Mutex::default())),
            #[cfg(feature = "redis")]
            Kind::Redis(options) => options.open().map(Box::new).map(Self::Redis),
        }
    }

    /// Whether someone has logged in under this id.
    ///
    /// # Errors
    /// If the store is away.
    pub(super) async fn knows(&self, id: &str) -> Result<bool, Denied> {
        match self {
            Self::Memory(ids) => Ok(lock(ids).iter().any(|known| known == id)),
            #[cfg(feature = "redis")]
            Self::Redis(sessions) => sessions.knows(id).await,
        }
    }

    /// Someone has logged in: the id for the next time.
    ///
    /// # Errors
    /// If the store is away.
    pub(super) async fn begin(&self) -> Result<String, Denied> {
        let id = fresh_id()?;
        match self {
            Self::Memory(ids) => {
                let mut ids = lock(ids);
                ids.truncate(MAX_LOGINS - 1);
                ids.push_front(id.clone());
            }
            #[cfg(feature = "redis")]
            Self::Redis(sessions) => sessions.add(&id).await?,
        }
        Ok(id)
    }
}

/// 16 hexadecimal characters that nobody can guess.
fn fresh_id() -> Result<String, Denied> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system's random source failed");
        Denied::NoRandom
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn lock(ids: &Mutex<VecDeque<String>>) -> MutexGuard<'_, VecDeque<String>> {
    ids.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[actix_web::test]
    async fn logins_are_remembered_up_to_a_bound() {
        let sessions = Sessions::open(&Store::memory()).unwrap();
        let first = sessions.begin().await.unwrap();
        assert_eq!(first.len(), 16);
        assert_eq!(sessions.knows(&first).await, Ok(true));
        assert_eq!(sessions.knows("0123456789abcdef").await, Ok(false));
        let mut last = String::new();
        for _ in 0..MAX_LOGINS {
            last = sessions.begin().await.unwrap();
        }
        assert_eq!(sessions.knows(&first).await, Ok(false));
        assert_eq!(sessions.knows(&last).await, Ok(true));
    }
}
