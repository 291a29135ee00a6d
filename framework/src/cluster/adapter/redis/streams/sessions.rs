//! Sessions whose clients are away, in Redis: kept and taken in the order in which that was asked
//! for, so that who comes back at once finds what was just kept.

mod queue;
mod requests;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    sync::{Notify, oneshot},
    time::{self, Instant},
};

use super::super::{backoff::Backoff, link::Link};
use crate::{error::AdapterError, metrics::Metrics};
use queue::{Job, Queue};
use requests::{Failed, Request};

/// For how long a Redis that is away is not asked, at most: clients wait.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Requests that are under way at one time, to all masters together.
const IN_FLIGHT: usize = 128;

pub(super) struct Sessions {
    queue: Mutex<Queue>,
    changed: Notify,
    metrics: Arc<Metrics>,
}

impl Sessions {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
            metrics,
        }
    }

    // Held for a few instructions.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn save(&self, key: &str, value: Vec<u8>, time: Duration) {
        let save = Request::save(key, value, Instant::now() + time);
        if !self.queue().push(Job::Save(save)) {
            return self.metrics.recovery_sessions_evicted.add(1);
        }
        self.changed.notify_one();
    }

    /// Takes a session; `None` if there is none. While Redis is away this waits.
    ///
    /// # Errors
    /// If Redis refuses, or too many wait already.
    ///
    /// # Cancel safety
    /// Dropped, the session stays or is lost.
    pub(super) async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, AdapterError> {
        let (answer, taken) = oneshot::channel();
        let request = Request::take(key);
        if !self.queue().push(Job::Take { request, answer }) {
            return Err(AdapterError::new("too many sessions wait for Redis"));
        }
        self.changed.notify_one();
        let refused = |_| AdapterError::new("Redis refuses to give a session");
        taken.await.map_err(refused)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue().is_empty()
    }

    /// How many wait to be kept.
    pub(super) fn unsaved(&self) -> usize {
        self.queue().unsaved()
    }

    /// Does what is asked for until the future is dropped; then who comes next goes on.
    pub(super) async fn run(&self, link: &Link) {
        let mut backoff = Backoff::default();
        loop {
            let batch = self.next();
            if batch.is_empty() {
                self.changed.notified().await;
                continue;
            }
            // Of keys of a Redis Cluster no two may be asked for with one command.
            let results = join_all(batch.iter().map(|request| request.send(link))).await;
            match self.settle(results) {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    tracing::debug!(%error, "sessions could not be kept or taken");
                    time::sleep(backoff.next().min(LONGEST_PAUSE)).await;
                    // They do not count as waiting, behind those to be kept.
                    self.queue().forget();
                }
            }
        }
    }

    /// What is asked next, all at once: no key is in it twice, as Redis may do it in any order.
    fn next(&self) -> Vec<Request> {
        self.queue().first(IN_FLIGHT)
    }

    /// What Redis has said to the first of the queue.
    ///
    /// # Errors
    /// If some of them are to be asked again: they are first now.
    fn settle(&self, results: Vec<Result<Option<Vec<u8>>, Failed>>) -> Result<(), AdapterError> {
        let mut queue = self.queue();
        let asked = queue.pop(results.len());
        let mut again = Ok(());
        for (job, result) in asked.into_iter().zip(results).rev() {
            match (result, job) {
                (Ok(found), Job::Take { answer, .. }) => drop(answer.send(found)),
                (Ok(_), Job::Save(_)) => {}
                (Err(Failed::Away(error)), job) => {
                    queue.push_front(job);
                    again = Err(error);
                }
                (Err(Failed::Refused(error)), job) => {
                    tracing::debug!(%error, "Redis refuses to keep or give a session");
                    if let Job::Save(_) = job {
                        self.metrics.recovery_sessions_evicted.add(1);
                    }
                }
            }
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::join_all};

    use super::{queue::MAX_BYTES, *};

    const SECOND: Duration = Duration::from_secs(1);

    fn sessions() -> Sessions {
        Sessions::new(Arc::new(Metrics::new()))
    }

    fn keys(batch: &[Request]) -> Vec<&str> {
        batch.iter().map(Request::key).collect()
    }

    fn refused() -> Failed {
        Failed::Refused(AdapterError::new("full"))
    }

    fn away() -> Failed {
        Failed::Away(AdapterError::new("away"))
    }

    #[tokio::test(start_paused = true)]
    async fn requests_go_together_but_for_those_of_one_key() {
        let sessions = sessions();
        for key in ["a", "b"] {
            sessions.save(key, Vec::new(), SECOND);
        }
        let taking = sessions.take("a");
        tokio::pin!(taking);
        assert!((&mut taking).now_or_never().is_none());
        sessions.save("c", Vec::new(), 2 * SECOND);
        assert_eq!(keys(&sessions.next()), ["a", "b"]);
        // Those have expired meanwhile.
        time::advance(SECOND).await;
        assert_eq!(keys(&sessions.next()), ["a", "c"]);
        assert!(sessions.settle(vec![Ok(Some(vec![1])), Ok(None)]).is_ok());
        assert_eq!(taking.await.ok().flatten(), Some(vec![1]));
        assert!(sessions.is_empty());
    }

    #[tokio::test]
    async fn no_more_are_under_way_than_may_be() {
        let sessions = sessions();
        for number in 0..=IN_FLIGHT {
            sessions.save(&number.to_string(), Vec::new(), SECOND);
        }
        assert_eq!(sessions.next().len(), IN_FLIGHT);
    }

    #[tokio::test]
    async fn what_is_refused_is_done_with_and_only_sessions_that_were_not_kept_are_counted() {
        let sessions = sessions();
        sessions.save("a", Vec::new(), SECOND);
        let taking = [sessions.take("b"), sessions.take("c")];
        let mut taking = Box::pin(join_all(taking));
        assert!((&mut taking).now_or_never().is_none());
        let results = vec![Err(refused()), Ok(Some(vec![1])), Err(refused())];
        assert!(sessions.settle(results).is_ok());
        assert!(matches!(&*taking.await, [Ok(Some(_)), Err(_)]));
        assert!(sessions.is_empty());
        assert_eq!(sessions.metrics.recovery_sessions_evicted.get(), 1);
    }

    #[tokio::test]
    async fn what_one_master_did_not_do_is_asked_again_in_order() {
        let sessions = sessions();
        for key in ["a", "b", "c", "d"] {
            sessions.save(key, Vec::new(), SECOND);
        }
        let results = vec![Err(away()), Ok(None), Err(away())];
        assert!(sessions.settle(results).is_err());
        assert_eq!(keys(&sessions.next()), ["a", "c", "d"]);
        assert_eq!(sessions.unsaved(), 3);
        assert_eq!(sessions.metrics.recovery_sessions_evicted.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_to_be_kept_is_bounded_in_bytes() {
        let sessions = sessions();
        let save = |key, bytes| sessions.save(key, vec![0; bytes], SECOND);
        let evicted = || sessions.metrics.recovery_sessions_evicted.get();
        save("alone", MAX_BYTES + 1);
        save("no room", 1);
        assert_eq!((sessions.unsaved(), evicted()), (1, 1));
        assert!(sessions.settle(vec![Ok(None)]).is_ok());
        save("half", MAX_BYTES / 2);
        save("half again", MAX_BYTES / 2);
        save("no room", 1);
        assert_eq!((sessions.unsaved(), evicted()), (2, 2));
        // It is still there.
        assert!(sessions.settle(vec![Err(away())]).is_err());
        save("no room", 1);
        assert_eq!((sessions.unsaved(), evicted()), (2, 3));
        // Nobody comes back to them any more.
        time::advance(SECOND).await;
        sessions.queue().forget();
        save("alone", MAX_BYTES + 1);
        assert_eq!((sessions.unsaved(), evicted()), (1, 3));
        time::advance(SECOND).await;
        assert!(sessions.next().is_empty());
        save("alone", MAX_BYTES + 1);
        assert_eq!((sessions.unsaved(), evicted()), (1, 3));
    }

    #[tokio::test]
    async fn nothing_is_taken_for_who_has_gone() {
        let sessions = sessions();
        {
            let taking = sessions.take("a");
            tokio::pin!(taking);
            assert!((&mut taking).now_or_never().is_none());
        }
        assert!(sessions.next().is_empty());
        assert!(sessions.is_empty());
    }
}
