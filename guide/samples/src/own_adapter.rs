//! Writing your own adapter.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use roomcast::adapter::{
    Adapter, AdapterContext, AdapterError, AdapterFuture, Inbound, IntoAdapter, Message,
    PublishError, Received,
};
use tokio::sync::broadcast::{self, error::RecvError};

// ANCHOR: bus
/// Stands for your broker: everyone hears everything, one's own messages too.
#[derive(Clone)]
struct Bus {
    sender: broadcast::Sender<Envelope>,
    /// How many nodes serve each namespace.
    served: Arc<Mutex<HashMap<String, usize>>>,
}

/// What a message is sent in. A broker takes bytes, so yours is serialized.
#[derive(Clone)]
struct Envelope {
    namespace: Arc<str>,
    from: Arc<str>,
    to: Option<Arc<str>>,
    message: Message<'static>,
}
// ANCHOR_END: bus

// ANCHOR: into
impl IntoAdapter for Bus {
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        // Options that are not valid would be an error here, and then of `Hub::builder().build()`.
        Ok(Arc::new(Node {
            bus: self,
            id: context.server_id,
            attached: Mutex::default(),
            has_left: AtomicBool::new(false),
        }))
    }
}

struct Node {
    bus: Bus,
    id: Arc<str>,
    /// The namespaces in which it is counted.
    attached: Mutex<HashSet<String>>,
    has_left: AtomicBool,
}

impl Bus {
    fn served(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One node less serves the namespace.
    fn left(&self, namespace: &str) {
        if let Some(nodes) = self.served().get_mut(namespace) {
            *nodes -= 1;
        }
    }
}

impl Node {
    fn attached(&self) -> MutexGuard<'_, HashSet<String>> {
        let attached = self.attached.lock();
        attached.unwrap_or_else(PoisonError::into_inner)
    }

    fn send(
        &self,
        namespace: &str,
        to: Option<&str>,
        message: &Message<'_>,
    ) -> Result<(), PublishError> {
        if self.has_left.load(Ordering::Acquire) {
            return Err(PublishError::Closed);
        }
        // Fails while nobody listens, and then nobody misses it.
        let _ = self.bus.sender.send(Envelope {
            namespace: namespace.into(),
            from: Arc::clone(&self.id),
            to: to.map(Arc::from),
            message: message.to_owned(),
        });
        Ok(())
    }
}
// ANCHOR_END: into

// ANCHOR: adapter
impl Adapter for Node {
    fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
        Box::pin(async move {
            let mut bus = self.bus.sender.subscribe();
            inbound.connected();
            loop {
                let Envelope {
                    namespace,
                    from,
                    to,
                    message,
                } = match bus.recv().await {
                    Ok(envelope) => envelope,
                    Err(RecvError::Lagged(lost)) => {
                        inbound.gap(Some(lost));
                        continue;
                    }
                    Err(RecvError::Closed) => break,
                };
                if to.is_none_or(|to| to == self.id) {
                    inbound.receive(Received {
                        namespace: &namespace,
                        from: Some(&from),
                        message,
                    });
                }
            }
        })
    }

    fn attach(&self, namespace: &Arc<str>) {
        if self.attached().insert(namespace.to_string()) {
            *self.bus.served().entry(namespace.to_string()).or_default() += 1;
        }
    }

    fn detach(&self, namespace: &str) {
        if self.attached().remove(namespace) {
            self.bus.left(namespace);
        }
    }

    fn unsubscribe(&self) -> AdapterFuture<'_, ()> {
        // From here on nobody counts this node, which still answers those that have.
        for namespace in self.attached().drain() {
            self.bus.left(&namespace);
        }
        Box::pin(async {})
    }

    fn publish(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
        self.send(namespace, None, message)
    }

    fn respond(
        &self,
        namespace: &str,
        to: &str,
        message: &Message<'_>,
    ) -> Result<(), PublishError> {
        self.send(namespace, Some(to), message)
    }

    fn server_count(&self, namespace: &str) -> AdapterFuture<'_, Result<usize, AdapterError>> {
        let count = self.bus.served().get(namespace).copied();
        Box::pin(async move { Ok(count.unwrap_or_default()) })
    }

    fn close(&self) -> AdapterFuture<'_, ()> {
        // What waits to be sent goes now; here nothing does. The hub ends `run`.
        self.has_left.store(true, Ordering::Release);
        Box::pin(async {})
    }
}
// ANCHOR_END: adapter

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use roomcast::{
        prelude::*,
        testing::{TestClient, TestServer},
    };
    use tokio::sync::broadcast;

    use super::Bus;

    #[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
    struct Notice(String);

    #[derive(EventHandlers)]
    #[handles()]
    struct Guest;

    impl Session for Guest {
        type Auth = ();

        async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
            Ok(Self)
        }
    }

    #[actix_web::test]
    async fn two_hubs_are_one_over_it() -> Result<(), Box<dyn std::error::Error>> {
        let bus = Bus {
            sender: broadcast::Sender::new(64),
            served: Arc::default(),
        };
        let start = || -> Result<TestServer, roomcast::BuildError> {
            let builder = Hub::builder().namespace::<Guest>("/").adapter(bus.clone());
            Ok(TestServer::start(builder.build()?))
        };
        let (one, other) = (start()?, start()?);
        for server in [&one, &other] {
            if let Some(cluster) = server.hub().cluster() {
                cluster.connected().await;
            }
        }
        let ann = TestClient::connect(&other).await?;
        let notice = Notice("tea".into());
        one.hub().emit(&notice)?;
        assert_eq!(ann.expect::<Notice>().await, notice);
        let found = one.hub().everyone().fetch_sockets().await?;
        assert_eq!(
            found.iter().map(|socket| socket.id()).collect::<Vec<_>>(),
            [ann.id()]
        );
        drop(ann);

        // Who has drained is waited for no more, though its hub is still there.
        let drained = one.hub().clone();
        one.stop().await;
        let found = other.hub().everyone().fetch_sockets().await?;
        assert_eq!(found.missing_nodes(), Some(0));
        assert!(drained.emit(&notice).is_err());
        other.stop().await;
        Ok(())
    }
}
