#[cfg(feature = "testing")]
mod carried;
mod coming;

use std::{
    collections::HashSet,
    future::ready,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::{
    Adapter, AdapterContext, AdapterError, AdapterFuture, Inbound, IntoAdapter, Message,
    PublishError, Received, Store,
};
use crate::{cluster::presence::Memory, config::SharedState};
#[cfg(feature = "testing")]
pub(crate) use carried::{Carrier, Parcel};
use coming::{Coming, OnItsWay};

/// Messages that may wait for one hub. With more it misses some, and knows it; if no other hub takes a message,
/// whoever sends it is refused.
const MAX_WAITING: usize = 64 * 1024;

/// An adapter for several hubs of one process: a cluster in a test, without Redis.
/// Cheap to clone; each hub gets a clone as its [adapter](crate::HubBuilder::adapter).
///
/// ```
/// use roomcast::{adapter::InProcess, prelude::*};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let cluster = InProcess::new();
/// let one = Hub::builder().namespace::<Chat>("/").adapter(cluster.clone()).build()?;
/// let other = Hub::builder().namespace::<Chat>("/").adapter(cluster.clone()).build()?;
/// # Ok::<_, roomcast::BuildError>(())
/// ```
#[derive(Clone, Default)]
pub struct InProcess {
    nodes: Arc<Mutex<Vec<Arc<Node>>>>,
    /// Made by the first hub, with its options.
    store: Arc<OnceLock<Arc<Memory>>>,
    /// Of a virtual cluster.
    #[cfg(feature = "testing")]
    carrier: Option<Arc<dyn Carrier>>,
}

/// One hub, as the others see it.
struct Node {
    server_id: Arc<str>,
    namespaces: Mutex<HashSet<Arc<str>>>,
    sender: mpsc::Sender<Told>,
    coming: Coming,
    /// Others do not count it any more.
    leaving: AtomicBool,
    /// So many messages that others got did not fit.
    missed: AtomicU64,
}

/// What a hub hears.
enum Told {
    Message(Envelope),
    /// Whether it hears all others.
    #[cfg(feature = "testing")]
    Connected(bool),
}

#[derive(Clone)]
struct Envelope {
    namespace: Arc<str>,
    from: Arc<str>,
    message: Message<'static>,
    _on_its_way: OnItsWay,
}

impl InProcess {
    /// A cluster without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    // Held for a few instructions.
    fn nodes(&self) -> MutexGuard<'_, Vec<Arc<Node>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    fn namespaces(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.namespaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether others publish to it.
    fn serves(&self, namespace: &str) -> bool {
        !self.leaving.load(Ordering::Relaxed) && self.namespaces().contains(namespace)
    }

    /// False if too much waits. A hub that was dropped takes nothing, and misses nothing.
    fn take(&self, told: Told) -> bool {
        !matches!(self.sender.try_send(told), Err(TrySendError::Full(_)))
    }
}

impl IntoAdapter for InProcess {
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        Ok(Arc::new(Member::new(self, context.server_id, MAX_WAITING)))
    }
}

/// One hub's part.
struct Member {
    cluster: InProcess,
    node: Arc<Node>,
    inbox: Arc<tokio::sync::Mutex<mpsc::Receiver<Told>>>,
}

impl Member {
    fn new(cluster: InProcess, server_id: Arc<str>, max_waiting: usize) -> Self {
        let (sender, inbox) = mpsc::channel(max_waiting);
        let node = Arc::new(Node {
            server_id,
            namespaces: Mutex::default(),
            sender,
            coming: Coming::default(),
            leaving: AtomicBool::new(false),
            missed: AtomicU64::new(0),
        });
        Self {
            cluster,
            node,
            inbox: Arc::new(tokio::sync::Mutex::new(inbox)),
        }
    }

    fn send(
        &self,
        namespace: &str,
        message: &Message<'_>,
        is_for: impl Fn(&Node) -> bool,
    ) -> Result<(), PublishError> {
        let (namespace, message) = (Arc::<str>::from(namespace), message.to_owned());
        let nodes = self.cluster.nodes();
        let (mut taken, mut full) = (false, Vec::new());
        for node in nodes.iter().filter(|node| is_for(node)) {
            let envelope = Envelope {
                namespace: Arc::clone(&namespace),
                from: Arc::clone(&self.node.server_id),
                message: message.clone(),
                _on_its_way: node.coming.one_more(),
            };
            #[cfg(feature = "testing")]
            if let Some(carrier) = &self.cluster.carrier {
                carrier.carry(Parcel::new(node, envelope));
                taken = true;
                continue;
            }
            match node.take(Told::Message(envelope)) {
                true => taken = true,
                false => full.push(node),
            }
        }
        // Who is refused does not wait for those that have it.
        if !taken && !full.is_empty() {
            return Err(PublishError::Full);
        }
        for node in full {
            node.missed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether a node is among those that serve a namespace: itself, as long as it is there.
    fn counts(&self, node: &Arc<Node>, namespace: &str) -> bool {
        match Arc::ptr_eq(node, &self.node) {
            true => node.namespaces().contains(namespace),
            false => node.serves(namespace),
        }
    }
}

impl Adapter for Member {
    fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
        Box::pin(async move {
            // The worker that ran it before has ended, and with it its lock.
            let mut inbox = self.inbox.lock().await;
            {
                let mut nodes = self.cluster.nodes();
                nodes.retain(|node| !Arc::ptr_eq(node, &self.node) && !node.sender.is_closed());
                if nodes.iter().any(|it| it.server_id == self.node.server_id) {
                    inbound.namesake("this hub", "another one of the process");
                }
                nodes.push(Arc::clone(&self.node));
            }
            inbound.connected();
            while let Some(told) = inbox.recv().await {
                if let missed @ 1.. = self.node.missed.swap(0, Ordering::Relaxed) {
                    inbound.gap(Some(missed));
                }
                match told {
                    Told::Message(Envelope {
                        namespace,
                        from,
                        message,
                        _on_its_way,
                    }) => inbound.receive(Received {
                        namespace: &namespace,
                        from: Some(&from),
                        message,
                    }),
                    #[cfg(feature = "testing")]
                    Told::Connected(connected) => carried::tell(&inbound, connected),
                }
            }
        })
    }

    fn attach(&self, namespace: &Arc<str>) {
        self.node.namespaces().insert(Arc::clone(namespace));
    }

    fn detach(&self, namespace: &str) {
        self.node.namespaces().remove(namespace);
    }

    fn publish(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
        self.send(namespace, message, |node| {
            node.server_id != self.node.server_id && node.serves(namespace)
        })
    }

    fn respond(
        &self,
        namespace: &str,
        to: &str,
        message: &Message<'_>,
    ) -> Result<(), PublishError> {
        self.send(namespace, message, |node| *node.server_id == *to)
    }

    fn server_count(&self, namespace: &str) -> AdapterFuture<'_, Result<usize, AdapterError>> {
        let nodes = self.cluster.nodes();
        let serve = |node: &&Arc<Node>| self.counts(node, namespace);
        let count = nodes.iter().filter(serve).count();
        Box::pin(ready(Ok(count)))
    }

    fn server_ids(
        &self,
        namespace: &str,
    ) -> AdapterFuture<'_, Result<Vec<Arc<str>>, AdapterError>> {
        let nodes = self.cluster.nodes();
        let serve = |node: &&Arc<Node>| self.counts(node, namespace);
        let serving = nodes.iter().filter(serve);
        let ids = serving.map(|node| Arc::clone(&node.server_id)).collect();
        Box::pin(ready(Ok(ids)))
    }

    fn store(&self, options: &SharedState) -> Option<Arc<dyn Store>> {
        let store = self.cluster.store.get_or_init(|| {
            let store = Memory::new(options.keep_last_seen);
            Arc::new(store)
        });
        let store = Arc::clone(store) as Arc<dyn Store>;
        #[cfg(feature = "testing")]
        if let Some(carrier) = &self.cluster.carrier {
            return Some(Arc::clone(carrier).store(&self.node.server_id, store));
        }
        Some(store)
    }

    fn unsubscribe(&self) -> AdapterFuture<'_, ()> {
        {
            // Who publishes has the lock.
            let _nodes = self.cluster.nodes();
            self.node.leaving.store(true, Ordering::Relaxed);
        }
        Box::pin(self.node.coming.none())
    }

    fn close(&self) -> AdapterFuture<'_, ()> {
        let mut nodes = self.cluster.nodes();
        nodes.retain(|node| !Arc::ptr_eq(node, &self.node));
        Box::pin(ready(()))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut nodes = self.cluster.nodes();
        nodes.retain(|node| !Arc::ptr_eq(node, &self.node));
    }
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InProcess")
            .field("nodes", &self.nodes().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_that_is_full_misses_what_others_get_and_who_sends_is_refused_only_if_nobody_gets_it() {
        let cluster = InProcess::new();
        let member = |name: &str, max_waiting| {
            let member = Member::new(cluster.clone(), name.into(), max_waiting);
            cluster.nodes().push(Arc::clone(&member.node));
            member.attach(&"/".into());
            member
        };
        let (sender, small, large) = (member("a", 1), member("b", 1), member("c", 2));
        let publish = || {
            let (request, count) = ("request".into(), 1);
            sender.publish("/", &Message::ClientCount { request, count })
        };
        let missed = |member: &Member| member.node.missed.load(Ordering::Relaxed);
        assert!(publish().is_ok());
        assert_eq!((missed(&small), missed(&large)), (0, 0));
        assert!(publish().is_ok());
        assert_eq!((missed(&small), missed(&large)), (1, 0));
        assert!(matches!(publish(), Err(PublishError::Full)));
        assert_eq!((missed(&small), missed(&large)), (1, 0));
    }
}
