//! Single keys that expire, for who needs nothing else of Redis.

use std::time::Duration;

use redis::{FromRedisValue, cmd};
use tokio::time::timeout;

use super::{emitter::Session, options::LinkOptions};
use crate::error::AdapterError;

/// A connection that is opened when it is needed, and again when it was lost.
pub(crate) struct ExpiringKeys {
    session: Session,
    /// For everything that one request takes.
    patience: Duration,
}

impl ExpiringKeys {
    /// # Errors
    /// If the URL is not valid.
    pub(crate) fn new(url: &str) -> Result<Self, AdapterError> {
        let options = LinkOptions::new(url);
        Ok(Self {
            patience: options.response_timeout,
            session: Session::new(&options)?,
        })
    }

    /// Sets a key that goes after so long, in whole seconds.
    pub(crate) async fn set(
        &self,
        key: &str,
        value: &str,
        expires: Duration,
    ) -> Result<(), AdapterError> {
        let mut set = cmd("SET");
        set.arg(key).arg(value).arg("EX").arg(expires.as_secs());
        self.ask(key, &set).await
    }

    pub(crate) async fn exists(&self, key: &str) -> Result<bool, AdapterError> {
        let mut exists = cmd("EXISTS");
        exists.arg(key);
        self.ask(key, &exists).await
    }

    async fn ask<T: FromRedisValue>(
        &self,
        key: &str,
        command: &redis::Cmd,
    ) -> Result<T, AdapterError> {
        let answer = timeout(self.patience, self.session.ask(command, Some(key))).await;
        answer.unwrap_or_else(|_| Err(AdapterError::new("Redis did not answer in time")))
    }
}
