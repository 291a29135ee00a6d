//! The actor that runs the adapter: one for each hub, on one of its workers.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::{adapter::Inbound, core::Core};
use crate::{error::AdapterError, supervision};

/// After an adapter has ended, which it must not, before it is run again.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Cluster {
    core: Arc<Core>,
}

/// Runs the adapter on this thread, unless another thread does.
pub(super) fn run_here(core: &Arc<Core>) {
    if core.state.is_closed() || core.claimed.swap(true, Ordering::AcqRel) {
        return;
    }
    let claim = Claim(Arc::clone(core));
    let make = move || Cluster {
        core: Arc::clone(&claim.0),
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
    fn run(&self, ctx: &mut Context<Self>) {
        let adapter = Arc::clone(&self.core.adapter);
        let running = adapter.run(Inbound::new(&self.core));
        let closed = self.core.state.closed();
        let life = async move {
            tokio::select! {
                () = running => {}
                () = closed => {}
            }
        };
        ctx.spawn(life.into_actor(self).map(|(), this, ctx| {
            let state = &this.core.state;
            if state.is_closed() {
                state.left();
                return ctx.stop();
            }
            state.disconnected(&AdapterError::new("the adapter has ended"));
            ctx.run_later(PAUSE, |this, ctx| this.run(ctx));
        }));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::{sync::mpsc::sync_channel, thread::JoinHandle, time::Duration};

    use actix::System;
    use tokio::sync::oneshot;

    use crate::{
        Cluster, Hub,
        adapter::InProcess,
        namespace::{EventHandlers, Refusal, Route, Session, Socket},
    };

    struct Anyone;

    impl EventHandlers for Anyone {
        const EVENTS: &'static [&'static str] = &[];

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
    fn worker(hub: &Hub) -> (oneshot::Sender<()>, JoinHandle<()>) {
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

    async fn becomes(cluster: &Cluster, connected: bool) {
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
}
