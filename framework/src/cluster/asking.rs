//! What this node asks of all others, and how it waits for their answers.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::{
    adapter::{Message, Options},
    confirming::Question,
    core::Core,
    requests::{FromNode, NodeAnswer},
};
use crate::{
    error::{AdapterError, EmitError, PublishError},
    shard::uplink::{Fetched, Missing},
};

const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// How long after the time for answers it may take to find out who has not answered.
const NAMING: Duration = Duration::from_millis(250);

/// After how long who waits looks whether those who have not answered are still there; then after twice
/// as long, and so on.
const LOOK: Duration = Duration::from_secs(2);

/// Who has answered.
pub(super) struct Gathered {
    /// How many have not; `None` if it is not known how many there are.
    missing: Option<usize>,
    /// How many are not waited for any more, as they have left or died.
    gone: usize,
    /// The ids of those who have, if the adapter's answers tell.
    answered: HashSet<Box<str>>,
    nameless: bool,
}

impl Core {
    /// How many other nodes serve a namespace; `None` if that cannot be found out.
    pub(super) async fn others(&self, namespace: &str, until: Instant) -> Option<usize> {
        let counting = async {
            // This node is among those that are counted only once it has subscribed.
            self.adapter.subscribed().await;
            self.adapter.server_count(namespace).await
        };
        let error = match timeout_at(until, counting).await {
            Ok(Ok(count)) => return Some(count.saturating_sub(1)),
            Ok(Err(error)) => error,
            Err(elapsed) => AdapterError::new(elapsed),
        };
        tracing::debug!(%error, "the nodes of the cluster could not be counted");
        None
    }

    /// Waits for so many answers, or the time; not for nodes that have left since they were counted.
    pub(super) async fn gather(
        &self,
        namespace: &str,
        expected: Option<usize>,
        until: Instant,
        answers: &mut mpsc::Receiver<NodeAnswer>,
        mut take: impl FnMut(FromNode),
    ) -> Gathered {
        let mut gathered = Gathered {
            missing: expected,
            gone: 0,
            answered: HashSet::new(),
            nameless: false,
        };
        let (counted, mut pause) = (Instant::now(), LOOK);
        let mut look = counted + pause;
        while let Some(missing @ 1..) = gathered.missing {
            let NodeAnswer { from, said } = match timeout_at(look.min(until), answers.recv()).await
            {
                Ok(Some(answer)) => answer,
                Err(_) if look < until => {
                    if self.has_all(namespace, counted, &gathered).await {
                        (gathered.gone, gathered.missing) = (missing, Some(0));
                    }
                    pause *= 2;
                    look = Instant::now() + pause;
                    continue;
                }
                _ => {
                    self.state.metrics.cluster_requests_timed_out.add(1);
                    break;
                }
            };
            let is_new = match from {
                Some(from) => gathered.answered.insert(from),
                None => {
                    gathered.nameless = true;
                    true
                }
            };
            if is_new {
                gathered.missing = Some(missing - 1);
                take(said);
            }
        }
        gathered
    }

    /// Whether all nodes that are there by now have answered: of those that were counted the others
    /// have left, or died.
    async fn has_all(&self, namespace: &str, counted: Instant, gathered: &Gathered) -> bool {
        let ask = async {
            let ids = self.adapter.server_ids(namespace).await?;
            // Nobody without a name is among them.
            match self.adapter.server_count(namespace).await? == ids.len() {
                true => Ok(ids),
                false => Err(AdapterError::new("some of the nodes have no name")),
            }
        };
        let ids = self.naming.ids_since(Some(counted), namespace, ask);
        let Ok(Some(ids)) = timeout(NAMING, ids).await else {
            return false;
        };
        let has_answered =
            |id: &Arc<str>| **id == *self.server_id || gathered.answered.contains(&**id);
        ids.contains(&self.server_id) && ids.iter().all(has_answered)
    }

    /// Who has not answered, as far as that can be found out.
    pub(super) async fn missing(&self, namespace: &str, gathered: Gathered) -> Missing {
        let mut missing = Missing::of(gathered.missing);
        let count = missing.nodes.unwrap_or(0);
        if count == 0 || gathered.nameless {
            return missing;
        }
        let ask = async { self.adapter.server_ids(namespace).await };
        let Ok(Some(ids)) = timeout(NAMING, self.naming.ids(namespace, ask)).await else {
            return missing;
        };
        let is_silent =
            |id: &&Arc<str>| **id != self.server_id && !gathered.answered.contains(&***id);
        let silent: Vec<_> = ids.iter().filter(is_silent).cloned().collect();
        // Of more, some came later and were not asked.
        if silent.len() <= count {
            missing.ids = silent;
        }
        missing
    }

    pub(super) async fn ask_for_sockets(
        &self,
        namespace: &str,
        options: Options<'static>,
        timeout: Duration,
    ) -> Fetched {
        let mut fetched = Fetched::default();
        let until = deadline(timeout);
        let expected = self.others(namespace, until).await;
        if expected == Some(0) {
            return fetched;
        }
        let (request, mut answers) = self.requests.nodes();
        let message = Message::FetchSockets {
            options,
            request: request.id.to_string().into(),
        };
        if let Err(error) = self.adapter.publish(namespace, &message) {
            tracing::debug!(%error, "other nodes were not asked for their sockets");
            fetched.missing = Missing::of(expected);
            return fetched;
        }
        let take = |answer| {
            if let FromNode::Sockets(found) = answer {
                fetched.sockets.extend(found);
            }
        };
        let gathered = self
            .gather(namespace, expected, until, &mut answers, take)
            .await;
        fetched.missing = self.missing(namespace, gathered).await;
        fetched
    }

    /// Ready when all other nodes have done what they were told before: when they have answered
    /// something that was asked behind it.
    pub(super) async fn confirmed(
        &self,
        namespace: &str,
        published: Instant,
    ) -> Result<(), EmitError> {
        let timeout = self.node().map(|node| node.config.requests_timeout);
        let until = deadline(timeout.unwrap_or_default());
        let mut expected = self.others(namespace, until).await;
        while expected != Some(0) {
            let missing = self
                .asked_behind(namespace, published, expected, until)
                .await?;
            if missing != Some(0) {
                return Err(EmitError::Unconfirmed { missing });
            }
            // Who has come meanwhile may have answered in the place of one that was counted.
            let now = self.others(namespace, until).await;
            match expected.zip(now) {
                Some((before, now)) if now <= before => return Ok(()),
                Some(_) => expected = now,
                None => return Err(EmitError::Unconfirmed { missing: None }),
            }
        }
        Ok(())
    }

    /// How many of so many nodes do not answer what is asked behind a change.
    async fn asked_behind(
        &self,
        namespace: &str,
        published: Instant,
        expected: Option<usize>,
        until: Instant,
    ) -> Result<Option<usize>, PublishError> {
        let (request, mut answers) = self.requests.nodes();
        let question = Question {
            age: published.elapsed(),
            patience: until.saturating_duration_since(Instant::now()),
        };
        let message = Message::FetchSockets {
            options: Options {
                rooms: vec![question.room().into()],
                ..Options::default()
            },
            request: request.id.to_string().into(),
        };
        self.adapter.barrier(namespace, &message)?;
        let gathered = self
            .gather(namespace, expected, until, &mut answers, drop)
            .await;
        Ok(gathered.missing.map(|missing| missing + gathered.gone))
    }
}

/// When this much time has passed; no answer is worth waiting for longer than a day.
pub(super) fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(MAX_TIMEOUT)
}
