//! The actor that runs the adapter: one for each hub, on one of its workers.

use std::sync::{Arc, atomic::Ordering};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::{adapter::Inbound, core::Core};
use crate::{
    error::AdapterError,
    supervision::{self, Backoff},
};

pub(super) struct Cluster {
    core: Arc<Core>,
    /// Between the runs of an adapter that ends, which it must not, or panics.
    backoff: Backoff,
}

/// Runs the adapter on this thread, unless another thread does.
pub(super) fn run_here(core: &Arc<Core>) {
    if core.state.is_closed() || core.claimed.swap(true, Ordering::AcqRel) {
        return;
    }
    let claim = Claim(Arc::clone(core));
    let make = move || Cluster {
        core: Arc::clone(&claim.0),
        backoff: Backoff::new(),
    };
    supervision::supervise("cluster", make, drop);
}

/// The right to run the adapter. Given back when the actor has ended for good, with the thread it
/// ran on too: then another worker takes over.
struct Claim(Arc<Core>);

impl Drop for Claim {
    fn drop(&mut self) {
        let core = &self.0;
        if core.state.is_closed() {
            return;
        }
        core.state
            .disconnected(&AdapterError::new("its worker has ended"));
        core.claimed.store(false, Ordering::Release);
        if let Some(node) = core.node() {
            node.relink();
        }
    }
}

impl Actor for Cluster {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.run(ctx);
    }
}

impl Cluster {
    fn run(&mut self, ctx: &mut Context<Self>) {
        let (adapter, inbound) = (Arc::clone(&self.core.adapter), Inbound::new(&self.core));
        let running = supervision::catching(async move { adapter.run(inbound).await });
        let closed = self.core.state.closed();
        let life = async move {
            tokio::select! {
                biased;
                ended = running => ended,
                () = closed => Ok(()),
            }
        };
        self.backoff.begin();
        ctx.spawn(life.into_actor(self).map(|ended, this, ctx| {
            let state = &this.core.state;
            if state.is_closed() {
                state.left();
                return ctx.stop();
            }
            let rest = this.backoff.failed();
            let error = match ended {
                Ok(()) => AdapterError::new("the adapter has ended"),
                Err(panic) => {
                    tracing::error!(panic, ?rest, "the adapter panicked, restarting");
                    AdapterError::new("the adapter panicked")
                }
            };
            state.disconnected(&error);
            ctx.run_later(rest, |this, ctx| this.run(ctx));
        }));
    }
}

#[cfg(test)]
pub(in crate::cluster) mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
            mpsc::sync_channel,
        },
        thread::JoinHandle,
        time::Duration,
    };

    use actix::System;
    use tokio::{sync::oneshot, time::Instant};

    use crate::{
        Cluster, Hub,
        adapter::{
            Adapter, AdapterContext, AdapterError, AdapterFuture, InProcess, Inbound, IntoAdapter,
            Message, PublishError,
        },
        namespace::{EventHandlers, Refusal, Route, Session, Socket},
    };

    pub(in crate::cluster) struct Anyone;

    impl EventHandlers for Anyone {
        const EVENTS: &'static [&'static str] = &[];

        type Socket = Socket;

        fn route(_: &str) -> Option<Route<Self>> {
            None
        }
    }

    impl Session for Anyone {
        type Auth = ();

        async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
            Ok(Self)
        }
    }

    /// A thread that is a worker of the hub until it is told to end.
    pub(in crate::cluster) fn worker(hub: &Hub) -> (oneshot::Sender<()>, JoinHandle<()>) {
        let node = hub.core.node.clone();
        let (started, wait) = sync_channel(1);
        let (end, ended) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            System::new().block_on(async {
                let shard = node.local_or_start();
                started.send(shard.is_some()).unwrap();
                let _ = ended.await;
            });
        });
        assert!(wait.recv().unwrap());
        (end, thread)
    }

    pub(in crate::cluster) async fn becomes(cluster: &Cluster, connected: bool) {
        let becoming = async {
            while cluster.is_connected() != connected {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let became = tokio::time::timeout(Duration::from_secs(30), becoming).await;
        assert!(became.is_ok(), "connected: {connected}");
    }

    #[tokio::test]
    async fn when_the_adapters_worker_ends_another_one_runs_it() {
        let hub = Hub::builder().namespace::<Anyone>("/");
        let hub = hub.adapter(InProcess::new()).build().unwrap();
        let cluster = hub.cluster().unwrap();
        let (end, first) = worker(&hub);
        becomes(&cluster, true).await;
        let (_keep, _second) = worker(&hub);
        end.send(()).unwrap();
        first.join().unwrap();
        becomes(&cluster, true).await;
        let lost = hub.stats().cluster_disconnects;
        assert_eq!(lost, 1, "it was connected before, and is again");
    }
    /// Panics each time that it is run, so many times; then when it has been connected for a moment; then
    /// it works.
    struct Fragile {
        failures: usize,
        runs: AtomicUsize,
    }

    impl IntoAdapter for Fragile {
        fn into_adapter(self, _: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
            Ok(Arc::new(self))
        }
    }

    impl Adapter for Fragile {
        fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
            let run = self.runs.fetch_add(1, Ordering::Relaxed);
            assert!(run >= self.failures, "before it has begun");
            Box::pin(async move {
                inbound.connected();
                tokio::time::sleep(Duration::from_secs(1)).await;
                assert!(run > self.failures, "while it was connected");
                std::future::pending().await
            })
        }

        fn attach(&self, _: &Arc<str>) {}

        fn detach(&self, _: &str) {}

        fn publish(&self, _: &str, _: &Message<'_>) -> Result<(), PublishError> {
            Ok(())
        }

        fn respond(&self, _: &str, _: &str, _: &Message<'_>) -> Result<(), PublishError> {
            Ok(())
        }

        fn server_count(&self, _: &str) -> AdapterFuture<'_, Result<usize, AdapterError>> {
            Box::pin(std::future::ready(Ok(1)))
        }

        fn close(&self) -> AdapterFuture<'_, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    #[actix::test]
    async fn an_adapter_that_panics_is_run_again_however_often_after_ever_longer_rests() {
        tokio::time::pause();
        let adapter = Fragile {
            failures: 10,
            runs: AtomicUsize::new(0),
        };
        let hub = Hub::builder().namespace::<Anyone>("/").adapter(adapter);
        let hub = hub.build().unwrap();
        let cluster = hub.cluster().unwrap();
        let begun = Instant::now();
        hub.core.node.local_or_start().unwrap();
        becomes(&cluster, true).await;
        let rests: u32 = (0..10).map(|failure| 10 << failure).sum();
        assert!(begun.elapsed() >= Duration::from_millis(rests.into()));
        // Who asks is told while it rests.
        becomes(&cluster, false).await;
        assert_eq!(hub.stats().cluster_connected, 0);
        becomes(&cluster, true).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(cluster.is_connected());
        assert_eq!(hub.stats().cluster_disconnects, 1);
    }
}
