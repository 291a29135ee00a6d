//! Sessions whose clients are away, in Redis: kept and taken in the order in which that was asked
//! for, so that who comes back at once finds what was just kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{aio::MultiplexedConnection, pipe};
use tokio::{
    sync::{Notify, oneshot},
    time::{self, Instant},
};

use super::super::{backoff::Backoff, link::Link};
use crate::{error::AdapterError, metrics::Metrics};

/// Sessions that wait to be kept; a node that drains has all of its own at once.
const MAX_WAITING: usize = 100_000;

/// For how long a Redis that is away is not asked, at most: clients wait.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Sessions that are kept with one round trip.
const BATCH: usize = 128;

pub(super) struct Sessions {
    queue: Mutex<VecDeque<Job>>,
    changed: Notify,
    /// Keys may be on several servers.
    scattered: bool,
    metrics: Arc<Metrics>,
}

enum Job {
    Save(Arc<Save>),
    Take {
        key: String,
        answer: oneshot::Sender<Option<Vec<u8>>>,
    },
}

struct Save {
    key: String,
    value: Vec<u8>,
    until: Instant,
}

/// What is done next.
enum Next {
    Save(Vec<Arc<Save>>),
    Take(String),
    Nothing,
}

impl Sessions {
    pub(super) fn new(scattered: bool, metrics: Arc<Metrics>) -> Self {
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
            scattered,
            metrics,
        }
    }

    // Held for a few instructions.
    fn queue(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn save(&self, key: String, value: Vec<u8>, time: Duration) {
        let until = Instant::now() + time;
        let mut queue = self.queue();
        if queue.len() >= MAX_WAITING {
            drop(queue);
            return self.metrics.recovery_sessions_evicted.add(1);
        }
        queue.push_back(Job::Save(Arc::new(Save { key, value, until })));
        drop(queue);
        self.changed.notify_one();
    }

    /// Takes a session; `None` if there is none. While Redis is away this waits.
    ///
    /// # Cancel safety
    /// Dropped, the session stays or is lost.
    pub(super) async fn take(&self, key: String) -> Option<Vec<u8>> {
        let (answer, taken) = oneshot::channel();
        self.queue().push_back(Job::Take { key, answer });
        self.changed.notify_one();
        taken.await.ok().flatten()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue().is_empty()
    }

    /// Does what is asked for until the future is dropped; then who comes next goes on.
    pub(super) async fn run(&self, link: &Link) {
        let mut backoff = Backoff::default();
        loop {
            let (done, failed) = match self.next() {
                Next::Nothing => {
                    self.changed.notified().await;
                    continue;
                }
                Next::Save(batch) => (batch.len(), save(link, &batch).await.err()),
                Next::Take(key) => match take(link, &key).await {
                    Ok(taken) => {
                        self.answer(taken);
                        continue;
                    }
                    Err(error) => (0, Some(error)),
                },
            };
            match failed {
                None => {
                    self.queue().drain(..done);
                    backoff.reset();
                }
                Some(error) => {
                    tracing::debug!(%error, "sessions could not be kept or taken");
                    time::sleep(backoff.next().min(LONGEST_PAUSE)).await;
                }
            }
        }
    }

    fn next(&self) -> Next {
        let mut queue = self.queue();
        let now = Instant::now();
        loop {
            match queue.front() {
                None => return Next::Nothing,
                // Nobody comes back to it, or waits for it, any more.
                Some(Job::Save(save)) if save.until <= now => drop(queue.pop_front()),
                Some(Job::Take { answer, .. }) if answer.is_closed() => drop(queue.pop_front()),
                Some(Job::Take { key, .. }) => return Next::Take(key.clone()),
                Some(Job::Save(_)) => break,
            }
        }
        let batch = if self.scattered { 1 } else { BATCH };
        let saves = queue.iter().take(batch).map_while(|job| match job {
            Job::Save(save) => Some(Arc::clone(save)),
            Job::Take { .. } => None,
        });
        Next::Save(saves.collect())
    }

    fn answer(&self, taken: Option<Vec<u8>>) {
        if let Some(Job::Take { answer, .. }) = self.queue().pop_front() {
            let _ = answer.send(taken);
        }
    }
}

async fn save(link: &Link, batch: &[Arc<Save>]) -> Result<(), AdapterError> {
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
    pipeline
        .query_async(&mut redis)
        .await
        .map_err(AdapterError::new)
}

async fn take(link: &Link, key: &str) -> Result<Option<Vec<u8>>, AdapterError> {
    let mut redis: MultiplexedConnection = link.requests(key.as_bytes())?;
    let mut pipeline = pipe();
    // GETDEL is newer than what else is needed.
    pipeline
        .atomic()
        .cmd("GET")
        .arg(key)
        .cmd("DEL")
        .arg(key)
        .ignore();
    let (value,) = pipeline
        .query_async(&mut redis)
        .await
        .map_err(AdapterError::new)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn saves_go_together_and_a_take_behind_them() {
        let sessions = Sessions::new(false, Arc::new(Metrics::new()));
        for key in ["a", "b"] {
            sessions.save(key.to_owned(), Vec::new(), Duration::from_secs(1));
        }
        let taking = sessions.take("a".to_owned());
        tokio::pin!(taking);
        assert!((&mut taking).now_or_never().is_none());
        sessions.save("c".to_owned(), Vec::new(), Duration::from_secs(2));
        assert!(matches!(sessions.next(), Next::Save(batch) if batch.len() == 2));
        // Those have expired meanwhile.
        time::advance(Duration::from_secs(1)).await;
        assert!(matches!(sessions.next(), Next::Take(key) if key == "a"));
        sessions.answer(Some(vec![1]));
        assert_eq!(taking.await, Some(vec![1]));
        assert!(matches!(sessions.next(), Next::Save(batch) if batch.len() == 1));
    }

    #[tokio::test]
    async fn nothing_is_taken_for_who_has_gone() {
        let sessions = Sessions::new(false, Arc::new(Metrics::new()));
        {
            let taking = sessions.take("a".to_owned());
            tokio::pin!(taking);
            assert!((&mut taking).now_or_never().is_none());
        }
        assert!(matches!(sessions.next(), Next::Nothing));
        assert!(sessions.is_empty());
    }
}
