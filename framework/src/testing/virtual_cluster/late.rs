//! What a store tells takes its time to arrive.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::network::Network;
use crate::cluster::adapter::{Diff, Listener};

/// Changes that may be on their way to a node. Those beyond are missed, which their numbers show.
const MAX_UNDER_WAY: usize = 1024;

/// Hears at once, and tells the listener of a node later.
pub(super) struct Late {
    listener: Arc<dyn Listener>,
    network: Arc<Network>,
    /// The server id of the node.
    by: String,
    /// When the last change arrives.
    last: Mutex<Instant>,
    /// `None` is where the connection breaks on which it is told.
    under_way: mpsc::Sender<(Instant, Option<Diff>)>,
}

impl Late {
    /// And what tells, until it is dropped or the connection breaks.
    pub(super) fn new(
        listener: &Arc<dyn Listener>,
        network: &Arc<Network>,
        by: &str,
    ) -> (Arc<Self>, impl Future<Output = ()> + Send + use<>) {
        let (under_way, mut arriving) = mpsc::channel(MAX_UNDER_WAY);
        let late = Self {
            listener: Arc::clone(listener),
            network: Arc::clone(network),
            by: by.to_owned(),
            last: Mutex::new(Instant::now()),
            under_way,
        };
        let listener = Arc::clone(listener);
        let telling = async move {
            while let Some((due, diff)) = arriving.recv().await {
                // What is due at once does not wait for the timer's next tick.
                if due > Instant::now() {
                    sleep_until(due).await;
                }
                match diff {
                    Some(diff) => listener.changed(diff),
                    None => return,
                }
            }
        };
        (Arc::new(late), telling)
    }
}

impl Listener for Late {
    fn listening(&self) {
        self.listener.listening();
    }

    /// They keep their order.
    fn changed(&self, diff: Diff) {
        let time = self.network.way_of_change(&self.by);
        let diff = time.map(|_| diff);
        let due = Instant::now() + time.unwrap_or_default();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = last.max(due);
        let _ = self.under_way.try_send((*last, diff));
    }
}
