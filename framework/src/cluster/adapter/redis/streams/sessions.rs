//! Sessions whose clients are away, in Redis: kept and taken in the order in which that was asked
//! for, so that who comes back at once finds what was just kept.

mod requests;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, oneshot},
    time::{self, Instant},
};

use super::super::{backoff::Backoff, link::Link};
use crate::{error::AdapterError, metrics::Metrics};
use requests::{Failed, save, take};

/// Sessions that wait to be kept; a node that drains has all of its own at once.
const MAX_WAITING: usize = 100_000;

/// For how long a Redis that is away is not asked, at most: clients wait.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Sessions that are kept or taken with one round trip.
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
    Take(Vec<String>),
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
    /// # Errors
    /// If Redis refuses, or too many wait already.
    ///
    /// # Cancel safety
    /// Dropped, the session stays or is lost.
    pub(super) async fn take(&self, key: String) -> Result<Option<Vec<u8>>, AdapterError> {
        let (answer, taken) = oneshot::channel();
        {
            let mut queue = self.queue();
            // The other half is for those to be kept.
            if queue.len() >= MAX_WAITING / 2 {
                return Err(AdapterError::new("too many sessions wait for Redis"));
            }
            queue.push_back(Job::Take { key, answer });
        }
        self.changed.notify_one();
        let refused = |_| AdapterError::new("Redis refuses to give a session");
        taken.await.map_err(refused)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue().is_empty()
    }

    /// Does what is asked for until the future is dropped; then who comes next goes on.
    pub(super) async fn run(&self, link: &Link) {
        let mut backoff = Backoff::default();
        loop {
            let (count, result) = match self.next() {
                Next::Nothing => {
                    self.changed.notified().await;
                    continue;
                }
                Next::Save(batch) => {
                    let saved = save(link, &batch).await;
                    (
                        batch.len(),
                        saved.map(|()| drop(self.queue().drain(..batch.len()))),
                    )
                }
                Next::Take(keys) => {
                    let taken = take(link, &keys).await;
                    (keys.len(), taken.map(|taken| self.answer(taken)))
                }
            };
            match result {
                Ok(()) => backoff.reset(),
                Err(Failed::Refused(error)) => {
                    tracing::debug!(%error, "Redis refuses to keep or give sessions");
                    self.refused(count);
                }
                Err(Failed::Away(error)) => {
                    tracing::debug!(%error, "sessions could not be kept or taken");
                    time::sleep(backoff.next().min(LONGEST_PAUSE)).await;
                    // They do not count as waiting, behind those to be kept.
                    self.queue().retain(
                        |job| !matches!(job, Job::Take { answer, .. } if answer.is_closed()),
                    );
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
                Some(_) => break,
            }
        }
        let batch = if self.scattered { 1 } else { BATCH };
        let takes = queue.iter().take(batch).map_while(|job| match job {
            Job::Take { key, .. } => Some(key.clone()),
            Job::Save(_) => None,
        });
        let takes: Vec<_> = takes.collect();
        if !takes.is_empty() {
            return Next::Take(takes);
        }
        let saves = queue.iter().take(batch).map_while(|job| match job {
            Job::Save(save) => Some(Arc::clone(save)),
            Job::Take { .. } => None,
        });
        Next::Save(saves.collect())
    }

    fn answer(&self, taken: Vec<Option<Vec<u8>>>) {
        let mut queue = self.queue();
        for taken in taken {
            if let Some(Job::Take { answer, .. }) = queue.pop_front() {
                let _ = answer.send(taken);
            }
        }
    }

    /// So many of the first are given up.
    fn refused(&self, count: usize) {
        let mut queue = self.queue();
        let count = count.min(queue.len());
        let saves = queue
            .drain(..count)
            .filter(|job| matches!(job, Job::Save(_)));
        let saves = saves.count();
        drop(queue);
        self.metrics.recovery_sessions_evicted.add(saves as u64);
    }
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
        assert!(matches!(sessions.next(), Next::Take(keys) if keys == ["a"]));
        sessions.answer(vec![Some(vec![1])]);
        assert_eq!(taking.await.ok().flatten(), Some(vec![1]));
        assert!(matches!(sessions.next(), Next::Save(batch) if batch.len() == 1));
    }

    #[tokio::test]
    async fn takes_go_together_and_what_is_refused_does_not_block_them() {
        let sessions = Sessions::new(false, Arc::new(Metrics::new()));
        sessions.save("a".to_owned(), Vec::new(), Duration::from_secs(1));
        let taking = [sessions.take("a".to_owned()), sessions.take("b".to_owned())];
        let mut taking = Box::pin(futures_util::future::join_all(taking));
        assert!((&mut taking).now_or_never().is_none());
        sessions.refused(1);
        assert!(matches!(sessions.next(), Next::Take(keys) if keys == ["a", "b"]));
        sessions.answer(vec![Some(vec![1])]);
        sessions.refused(1);
        let taken = taking.await;
        assert!(matches!(&*taken, [Ok(Some(_)), Err(_)]));
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
