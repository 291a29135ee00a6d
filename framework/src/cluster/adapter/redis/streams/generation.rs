//! The times of being connected, which are counted.

use std::convert::Infallible;

use tokio::sync::watch;

use crate::error::AdapterError;

/// Which time of being connected this is: what has a connection of its own makes a new one in each of
/// them, as the masters may be others.
#[derive(Default)]
pub(super) struct Generation {
    number: watch::Sender<u64>,
    ended: watch::Sender<bool>,
}

impl Generation {
    /// The next one begins.
    pub(super) fn begin(&self) {
        self.number.send_modify(|number| *number += 1);
    }

    /// Waits until this is not the present one any more.
    pub(super) async fn after(&self, number: u64) {
        let mut present = self.number.subscribe();
        // The sender is ours.
        let _ = present.wait_for(|present| *present != number).await;
    }

    /// Which one it is.
    pub(super) fn number(&self) -> u64 {
        *self.number.borrow()
    }

    /// Runs something, told which generation this is, until it fails or another one begins; and no longer
    /// than the adapter is used. Which one it was, and why it has ended.
    pub(super) async fn during<F>(&self, running: impl FnOnce(u64) -> F) -> (u64, AdapterError)
    where
        F: Future<Output = Result<Infallible, AdapterError>>,
    {
        let mut ended = self.ended.subscribe();
        let this = self.number();
        let error = tokio::select! {
            // In another one, it has nothing more to say.
            biased;
            () = self.after(this) => AdapterError::new("connected anew"),
            () = over(&mut ended) => std::future::pending().await,
            result = running(this) => match result {
                Ok(never) => match never {},
                Err(error) => error,
            },
        };
        (this, error)
    }

    /// Nothing more is to be written or read.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }
}

async fn over(ended: &mut watch::Receiver<bool>) {
    // The sender is the generation's.
    let _ = ended.wait_for(|ended| *ended).await;
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_runs_ends_with_its_generation_and_nobody_waits_for_the_next_one_that_is_there() {
        let generation = Generation::default();
        let mut running = Box::pin(generation.during(|_| pending()));
        assert!(running.as_mut().now_or_never().is_none());
        generation.begin();
        let (this, error) = running.await;
        assert_eq!((this, error.to_string().as_str()), (0, "connected anew"));
        assert!(generation.after(this).now_or_never().is_some());
        assert!(generation.after(1).now_or_never().is_none());
    }

    #[tokio::test]
    async fn what_fails_when_another_one_begins_does_not_wait_for_it() {
        let generation = Generation::default();
        let fails = |_| {
            generation.begin();
            ready(Err(AdapterError::new("closed")))
        };
        let (this, _) = generation.during(fails).await;
        assert!(generation.after(this).now_or_never().is_some());
    }

    #[tokio::test]
    async fn nothing_is_run_on_in_another_one() {
        let generation = Generation::default();
        let mut polls = 0;
        let runs = std::future::poll_fn(|_| {
            polls += 1;
            std::task::Poll::Pending
        });
        let mut running = Box::pin(generation.during(|_| runs));
        assert!(running.as_mut().now_or_never().is_none());
        generation.begin();
        assert!(running.as_mut().now_or_never().is_some());
        drop(running);
        assert_eq!(polls, 1);
    }
}
