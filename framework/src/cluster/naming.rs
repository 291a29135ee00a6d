//! The names of the nodes for those who have waited for answers in vain: asked for seldom, since
//! they may do so often just when a node hangs, and an adapter may have to look through much.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

use crate::error::AdapterError;

/// How old an answer may be.
const KEPT: Duration = Duration::from_secs(3);

type Ids = Arc<[Arc<str>]>;

#[derive(Default)]
pub(super) struct Naming {
    /// Of each namespace. Held while one asks: one question at a time.
    known: Mutex<HashMap<Box<str>, Known>>,
}

struct Known {
    asked: Instant,
    /// `None` if there was no answer, or is none yet.
    ids: Option<Ids>,
}

impl Naming {
    /// The ids of the nodes of a namespace, by `ask` if they are not known; `None` if they cannot be
    /// found out now.
    ///
    /// # Cancel safety
    /// A question that is given up counts as one without an answer.
    pub(super) async fn ids(
        &self,
        namespace: &str,
        ask: impl Future<Output = Result<Vec<Arc<str>>, AdapterError>>,
    ) -> Option<Ids> {
        self.ids_since(None, namespace, ask).await
    }

    /// The same, but not what was answered to a question before that time.
    ///
    /// # Cancel safety
    /// As [`ids`](Self::ids).
    pub(super) async fn ids_since(
        &self,
        since: Option<Instant>,
        namespace: &str,
        ask: impl Future<Output = Result<Vec<Arc<str>>, AdapterError>>,
    ) -> Option<Ids> {
        let mut known = self.known.lock().await;
        known.retain(|_, known| known.asked.elapsed() < KEPT);
        if let Some(old) = known.get(namespace)
            && since.is_some_and(|since| old.asked < since)
        {
            known.remove(namespace);
        }
        let known = match known.entry(namespace.into()) {
            Entry::Occupied(known) => return known.get().ids.clone(),
            Entry::Vacant(entry) => entry.insert(Known {
                asked: Instant::now(),
                ids: None,
            }),
        };
        known.ids = ask.await.ok().map(Ids::from);
        known.ids.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::atomic::{AtomicUsize, Ordering},
    };

    use tokio::time;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_asks_often_gets_what_was_answered() {
        let (naming, asked) = (Naming::default(), AtomicUsize::new(0));
        let ask = |namespace| {
            naming.ids(namespace, async {
                asked.fetch_add(1, Ordering::Relaxed);
                Ok(vec!["node".into()])
            })
        };
        for _ in 0..3 {
            assert!(matches!(ask("/").await.as_deref(), Some([id]) if **id == *"node"));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        ask("/chat").await;
        time::advance(KEPT).await;
        ask("/").await;
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_to_know_how_it_is_by_now_is_not_told_how_it_was() {
        let naming = Naming::default();
        let ids = |since, id: &'static str| {
            naming.ids_since(Some(since), "/", ready(Ok(vec![id.into()])))
        };
        let begun = Instant::now();
        time::advance(KEPT / 3).await;
        assert_eq!(
            ids(begun, "one").await.as_deref(),
            Some(&["one".into()][..])
        );
        assert_eq!(
            ids(begun, "two").await.as_deref(),
            Some(&["one".into()][..])
        );
        time::advance(KEPT / 3).await;
        let now = Instant::now();
        assert_eq!(ids(now, "two").await.as_deref(), Some(&["two".into()][..]));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_no_answer_is_not_asked_again_at_once() {
        let naming = Naming::default();
        let given_up = time::timeout(Duration::from_millis(1), naming.ids("/", pending()));
        assert!(given_up.await.is_err());
        let ids = || naming.ids("/", ready(Ok(Vec::new())));
        assert!(ids().await.is_none());
        time::advance(KEPT).await;
        assert!(ids().await.is_some());
    }
}
