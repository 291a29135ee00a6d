//! The store of users and presence as a node reaches it: late, sometimes in vain, and not while it is isolated.

use std::{sync::Arc, time::SystemTime};

use tokio::time::sleep;

use super::{late::Late, network::Network};
use crate::cluster::adapter::{
    AdapterFuture, Entry, Lease, Listener, NodeInfo, Page, Reaped, Renewal, Store, StoreError,
    StoreResult, Topic, Write,
};

pub(super) struct Reached {
    store: Arc<dyn Store>,
    network: Arc<Network>,
    /// The server id of the node.
    by: String,
}

impl Reached {
    pub(super) fn new(store: Arc<dyn Store>, network: Arc<Network>, by: &str) -> Self {
        Self {
            store,
            network,
            by: by.to_owned(),
        }
    }

    fn ask<'a, T: Send + 'a>(
        &'a self,
        question: impl FnOnce(&'a dyn Store) -> StoreResult<'a, T> + Send + 'a,
    ) -> StoreResult<'a, T> {
        Box::pin(async move {
            self.travel(false).await?;
            let answer = question(&*self.store).await;
            self.travel(true).await?;
            answer
        })
    }

    async fn travel(&self, is_answer: bool) -> Result<(), StoreError> {
        let lost = || {
            StoreError::new(if is_answer {
                "no answer"
            } else {
                "not reached"
            })
        };
        let time = self.network.way_to_store(&self.by, is_answer);
        let time = time.ok_or_else(lost)?;
        if !time.is_zero() {
            sleep(time).await;
        }
        match self.network.reaches_store(&self.by) {
            true => Ok(()),
            false => Err(StoreError::new("the node is isolated")),
        }
    }
}

impl Store for Reached {
    fn renew<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, Renewal> {
        self.ask(|store| store.renew(lease))
    }

    fn write<'a>(&'a self, lease: &'a str, writes: &'a [Write]) -> StoreResult<'a, bool> {
        self.ask(|store| store.write(lease, writes))
    }

    fn reap(&self) -> StoreResult<'_, Reaped> {
        self.ask(|store| store.reap())
    }

    fn release<'a>(&'a self, lease: &'a str) -> StoreResult<'a, ()> {
        self.ask(|store| store.release(lease))
    }

    fn page<'a>(
        &'a self,
        topic: &'a Topic,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Page> {
        self.ask(move |store| store.page(topic, after, limit))
    }

    fn count<'a>(&'a self, topic: &'a Topic) -> StoreResult<'a, usize> {
        self.ask(|store| store.count(topic))
    }

    fn entries<'a>(&'a self, topic: &'a Topic, key: &'a str) -> StoreResult<'a, Vec<Entry>> {
        self.ask(|store| store.entries(topic, key))
    }

    fn last_seen<'a>(&'a self, user: &'a str) -> StoreResult<'a, Option<SystemTime>> {
        self.ask(|store| store.last_seen(user))
    }

    fn nodes(&self) -> StoreResult<'_, Vec<NodeInfo>> {
        self.ask(|store| store.nodes())
    }

    /// What changes while the node is isolated is not told; afterwards it listens anew.
    fn listen(self: Arc<Self>, listener: Arc<dyn Listener>) -> AdapterFuture<'static, ()> {
        Box::pin(async move {
            loop {
                self.network.store_is_reached(&self.by, true).await;
                let (late, telling) = Late::new(&listener, &self.network, &self.by);
                tokio::select! {
                    biased;
                    () = self.network.store_is_reached(&self.by, false) => {}
                    () = telling => {}
                    () = Arc::clone(&self.store).listen(late) => {}
                }
            }
        })
    }
}
