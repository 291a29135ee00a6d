//! What other nodes have told this one, and is not done yet.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::shard::command::Done;

/// However many there are, there are no more tasks than questions about them.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<All>);

#[derive(Default)]
struct All {
    /// For all that come until somebody asks.
    open: Option<Done>,
    /// Each ends once all of its time are done.
    ended: Vec<watch::Receiver<()>>,
}

/// Some of them.
pub(super) struct Before(Vec<watch::Receiver<()>>);

impl UnderWay {
    // Held for a few instructions.
    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For whoever is to do it.
    ///
    /// # Panics
    /// Outside of a local task set.
    pub(super) fn one_more(&self) -> Done {
        let mut all = self.lock();
        // Closed if the thread of its task has ended.
        if let Some(open) = all.open.as_ref().filter(|open| !open.is_closed()) {
            return open.clone();
        }
        let (done, mut ended) = mpsc::channel(1);
        let (under_way, is_done) = watch::channel(());
        actix::spawn(async move {
            let _under_way = under_way;
            // Nobody sends anything.
            ended.recv().await;
        });
        all.ended.retain(is_under_way);
        all.ended.push(is_done);
        all.open.insert(done).clone()
    }

    /// What is under way now.
    pub(super) fn before(&self) -> Before {
        let mut all = self.lock();
        all.open = None;
        all.ended.retain(is_under_way);
        Before(all.ended.clone())
    }
}

fn is_under_way(it: &watch::Receiver<()>) -> bool {
    it.has_changed().is_ok()
}

impl Before {
    pub(super) async fn are_done(self) {
        for mut it in self.0 {
            while it.changed().await.is_ok() {}
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[actix_web::test]
    async fn who_asks_waits_for_what_was_before() {
        let under_way = UnderWay::default();
        under_way.before().are_done().await;
        let (first, second) = (under_way.one_more(), under_way.one_more());
        let also = first.clone();
        let mut before = Box::pin(under_way.before().are_done());
        let _later = under_way.one_more();
        drop((second, first));
        assert!((&mut before).now_or_never().is_none());
        drop(also);
        before.await;
    }

    #[actix_web::test]
    async fn what_is_done_is_forgotten() {
        let under_way = UnderWay::default();
        for _ in 0..10 {
            drop(under_way.one_more());
            under_way.before().are_done().await;
        }
        assert_eq!(under_way.before().0.len(), 0);
    }
}
