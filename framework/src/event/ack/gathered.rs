//! The end that waits for answers, and what it gets.

use std::{future::poll_fn, sync::Arc, time::Duration};

use super::{Answer, Collector};
use crate::error::AckError;

/// What has come of the answers to an emit.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) answers: Vec<Answer>,
    /// Every receiver has answered or gone.
    pub(crate) complete: bool,
    /// Receivers that are there and did not answer in time.
    pub(crate) unanswered: u64,
    pub(super) receivers: usize,
}

impl Gathered {
    /// The answer of the only socket that was asked; `is_there` tells whether it still is.
    pub(crate) fn one(self, is_there: bool) -> Result<Answer, AckError> {
        self.answers.into_iter().next().ok_or(match self.complete {
            false => AckError::Timeout,
            true if self.receivers == 0 && is_there => AckError::NotSent,
            true => AckError::Disconnected,
        })
    }
}

/// Waits for the answers of a collector; nobody does any more once this is dropped.
pub(crate) struct Answers(pub(super) Arc<Collector>);

impl Answers {
    /// What came within `timeout`.
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up; later ones are ignored.
    pub(crate) async fn within(self, timeout: Duration) -> Gathered {
        let complete = poll_fn(|cx| self.0.poll_complete(cx));
        let complete = tokio::time::timeout(timeout, complete).await.is_ok();
        self.0.take(complete)
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.0.close();
    }
}
