//! Whether a node is connected to its cluster.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::watch;

use crate::{error::AdapterError, metrics::Metrics, supervision::catch};

/// What happens to the connection of a node to its cluster; see
/// [`HubBuilder::on_cluster`](crate::HubBuilder::on_cluster).
///
/// ```
/// use roomcast::{ClusterEvent, Hub};
///
/// let builder = Hub::builder().on_cluster(|event: &ClusterEvent<'_>| match event {
///     ClusterEvent::Disconnected { error } => eprintln!("alone: {error}"),
///     ClusterEvent::Gap { lost } => eprintln!("messages of other nodes were missed: {lost:?}"),
///     _ => {}
/// });
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ClusterEvent<'a> {
    /// Everything that the node has to hear is subscribed to.
    Connected,
    /// Events of other nodes do not come, those of this node wait. Told once for each time that the
    /// connection is lost, and once if the first attempt fails.
    Disconnected {
        /// Why.
        error: &'a AdapterError,
    },
    /// Messages of other nodes were missed that should have come: those of a stream that was trimmed,
    /// or has gone, or one that is longer than what is read at once, 512 MiB.
    Gap {
        /// How many, if that is known.
        lost: Option<u64>,
    },
}

/// What the application wants to be told.
pub(crate) type OnCluster = Box<dyn Fn(&ClusterEvent<'_>) + Send + Sync>;

pub(crate) struct State {
    connected: watch::Sender<bool>,
    closed: watch::Sender<bool>,
    /// It has been connected, or has been told not to be.
    tried: AtomicBool,
    told: Option<OnCluster>,
    pub(super) metrics: Arc<Metrics>,
}

impl State {
    pub(crate) fn new(told: Option<OnCluster>, metrics: Arc<Metrics>) -> Self {
        Self {
            connected: watch::Sender::new(false),
            closed: watch::Sender::new(false),
            tried: AtomicBool::new(false),
            told,
            metrics,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// Whether it has been connected before, or could not be.
    pub(super) fn was_tried(&self) -> bool {
        self.tried.load(Ordering::Relaxed)
    }

    pub(super) fn watch(&self) -> watch::Receiver<bool> {
        self.connected.subscribe()
    }

    pub(super) fn connected(&self) {
        self.tried.store(true, Ordering::Relaxed);
        if self.is_now(true) {
            tracing::info!("connected to the cluster");
            self.tell(&ClusterEvent::Connected);
        }
    }

    pub(super) fn disconnected(&self, error: &AdapterError) {
        let lost = self.is_now(false);
        if lost {
            self.metrics.cluster_disconnects.add(1);
        }
        // Of a cluster that is never reached only the first failure is news.
        if lost || !self.tried.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "not connected to the cluster");
            self.tell(&ClusterEvent::Disconnected { error });
        }
    }

    /// The hub has left in good order.
    pub(super) fn left(&self) {
        self.is_now(false);
    }

    /// Whether that is news. Whoever waits for it sees the figure changed.
    fn is_now(&self, connected: bool) -> bool {
        let figure = &self.metrics.cluster_connected;
        self.connected.send_if_modified(|before| {
            if *before == connected {
                return false;
            }
            *before = connected;
            match connected {
                true => figure.up(),
                false => figure.down(),
            }
            true
        })
    }

    pub(super) fn gap(&self, lost: Option<u64>) {
        self.metrics.cluster_gaps.add(1);
        tracing::warn!(lost, "messages of other nodes were missed");
        self.tell(&ClusterEvent::Gap { lost });
    }

    /// The hub has left for good.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Ready once the hub has left.
    pub(super) fn closed(&self) -> impl Future<Output = ()> + use<> {
        let mut closed = self.closed.subscribe();
        async move {
            // Without a sender nobody is left who could close it.
            let _ = closed.wait_for(|closed| *closed).await;
        }
    }

    fn tell(&self, event: &ClusterEvent<'_>) {
        if let Some(told) = &self.told
            && let Err(panic) = catch(|| told(event))
        {
            self.metrics.panics.add(1);
            tracing::error!(panic, "`on_cluster` panicked");
        }
    }
}
