//! The way out: no new connections, those that are open told to go and waited for, the cluster left;
//! and nothing waited for without end.

mod drained;
mod signals;
mod state;

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until, timeout_at};

pub(super) use self::state::Draining;
use self::state::Times;
pub use self::{
    drained::Drained,
    signals::{NextSignal, signals},
};
use crate::{
    cluster::{self, presence::Registrar},
    config,
    namespace::Hub,
    shard::draining::{DrainOrder, DrainStage},
};

/// What workers get to cut their connections; one that is blocked does not hear of it.
const CUTTING: Duration = Duration::from_secs(1);

/// What leaving the cluster may take when the connections have taken all the time there was.
const LEAVING: Duration = Duration::from_secs(1);

impl Hub {
    /// Shuts this node down gracefully: it finishes what was begun and disconnects its clients in
    /// batches, so that they reconnect, to another node or to the successor of this one, and
    /// [recover](crate::HubBuilder::connection_state_recovery) there where that is possible.
    ///
    /// 1. [`ready`](Self::ready) and `/ready` report the reason `draining`, the latter with status 503;
    ///    [`health`](Self::health) does not change. New handshakes are refused with 503. Connected
    ///    clients can still connect to further namespaces.
    /// 2. After [`drain_delay`](crate::HubBuilder::drain_delay) the connections are closed in batches,
    ///    spread over [`drain_window`](crate::HubBuilder::drain_window). Each is closed once all
    ///    received events have been handled and acknowledged, and the client has answered all pending
    ///    acks: [`disconnect`](crate::Session::disconnect) is called with the reason
    ///    `server shutting down`, what can be recovered is stored, and the client receives what is still
    ///    queued and then the close (WebSocket code 1001, or the close packet of Engine.IO). It receives
    ///    no DISCONNECT packet, after which it would not reconnect.
    /// 3. Clients that always have an event in progress, or never answer an ack, are closed between two
    ///    handlers once half of the time that remains after the window has passed, in batches as well.
    /// 4. At [`drain_timeout`](crate::HubBuilder::drain_timeout) the remaining connections are cut, and
    ///    the futures of their handlers are dropped.
    /// 5. Messages queued for other nodes are sent, the lease of users and presence is released, and the
    ///    node leaves the [cluster](crate::adapter).
    ///
    /// Only connections of this node are affected. Further calls wait for the same drain and return its
    /// result.
    ///
    /// # Cancel safety
    /// The drain advances only while a call is awaited. If all calls are dropped, no new step begins,
    /// and the next call continues where the last one stopped; all times count from the first call.
    ///
    /// ```no_run
    /// # async fn stop(hub: roomcast::Hub) {
    /// let drained = hub.drain().await;
    /// if !drained.clean {
    ///     tracing::warn!("{drained}");
    /// }
    /// # }
    /// ```
    pub async fn drain(&self) -> Drained {
        self.drain_within(self.core.node.config.drain()).await
    }

    /// The same, but for the times.
    pub(crate) async fn drain_within(&self, plan: config::Drain) -> Drained {
        let draining = self.core.states.of::<Draining>();
        let begun = self.begin(plan);
        let mut done = draining.done.lock().await;
        if let Some(drained) = *done {
            return drained;
        }
        self.end_connections(plan, begun).await;
        // What is left of the time is for both, but what one took too much of is not taken from the other.
        let until = || draining.deadline().max(Instant::now() + LEAVING);
        // What its sockets still say goes at once with the lease.
        let mut clean = self.state::<Arc<Registrar>>().close(until()).await;
        if let Some(cluster) = self.core.states.get::<Arc<cluster::Core>>() {
            // What its clients left behind was still to be told.
            clean &= cluster.leave(until()).await;
        }
        self.let_posts_cross().await;
        let drained = self.outcome(clean);
        tracing::info!(%drained, "the hub has drained");
        *done = Some(drained);
        drained
    }

    /// Takes no more connections; when that began.
    fn begin(&self, plan: config::Drain) -> Instant {
        let node = &self.core.node;
        let evicted = node.metrics.recovery_sessions_evicted.get();
        if node.close() {
            node.metrics.draining.up();
            tracing::info!(connections = node.admission.taken(), "the hub drains");
            self.core.forget_sessions();
        }
        let now = Instant::now();
        let times = Times {
            begun: now,
            deadline: now + plan.timeout,
            evicted,
        };
        self.core.states.of::<Draining>().begin(times).begun
    }

    /// Waits for the connections, with ever less patience.
    async fn end_connections(&self, plan: config::Drain, begun: Instant) {
        let node = &self.core.node;
        let told = begun + plan.delay;
        let draining = self.core.states.of::<Draining>();
        if self.all_gone(told).await {
            return;
        }
        let all_told = told + plan.window;
        node.drain(DrainOrder {
            stage: DrainStage::WhenIdle,
            // Less, if a call that was dropped has begun with it.
            window: all_told.saturating_duration_since(Instant::now()),
        });
        let rest = draining.deadline().saturating_duration_since(all_told);
        if self.all_gone(all_told + rest / 2).await {
            return;
        }
        node.drain(DrainOrder {
            stage: DrainStage::BetweenHandlers,
            window: plan.window.min(rest / 4),
        });
        if self.all_gone(draining.deadline()).await {
            return;
        }
        tracing::warn!(
            connections = node.admission.taken(),
            "the hub cuts what has not ended in time"
        );
        node.drain(DrainOrder {
            stage: DrainStage::Now,
            window: Duration::ZERO,
        });
        let _ = timeout_at(Instant::now() + CUTTING, self.last_gone()).await;
    }

    /// Answers what clients have posted before they read the close.
    async fn let_posts_cross(&self) {
        let draining = self.core.states.of::<Draining>();
        if let Some(until) = self.core.node.directory.polled_off.until() {
            let _ = timeout_at(until.min(draining.deadline()), draining.hurried()).await;
        }
    }

    /// Whether all connections end before then, or before the deadline, which may come nearer
    /// meanwhile.
    async fn all_gone(&self, until: Instant) -> bool {
        tokio::select! {
            biased;
            () = self.last_gone() => true,
            () = self.core.states.of::<Draining>().hurried() => false,
            () = sleep_until(until) => false,
        }
    }

    async fn last_gone(&self) {
        let node = &self.core.node;
        loop {
            let mut ended = std::pin::pin!(node.ended.notified());
            ended.as_mut().enable();
            if node.admission.taken() == 0 {
                return;
            }
            ended.await;
        }
    }

    fn outcome(&self, clean: bool) -> Drained {
        let node = &self.core.node;
        let drained = node.metrics.drained.get();
        let count = |outcome| drained.get(outcome).copied().unwrap_or_default();
        // Of a worker that is blocked.
        let left = node.admission.taken() as u64;
        let cut = count("cut") + left;
        let evicted = node.metrics.recovery_sessions_evicted.get();
        let lost = evicted - self.core.states.of::<Draining>().evicted_before();
        Drained {
            clean: clean && cut == 0 && lost == 0,
            closed: count("closed"),
            unanswered: count("unanswered"),
            cut,
            lost,
        }
    }
}
