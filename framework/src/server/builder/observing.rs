//! Who is told what the hub does, and when it counts as ready, blocked or unhealthy.

use std::time::Duration;

use super::HubBuilder;
use crate::{
    config::ReadinessPolicy, connection::OnConnectionSpan, event::Outgoing, namespace::Handshake,
    server::health::BlockedWorker,
};

impl HubBuilder {
    /// Sets a function that is called for every emitted event, before it is sent: once for each emit,
    /// whatever the number of receivers, on the emitting thread. It is not called for acks and protocol
    /// packets. Socket.IO's `onAnyOutgoing` is called once for each receiver instead.
    ///
    /// It may be called from several threads at once, and every emit waits for it. If it panics, the
    /// call of `emit` panics.
    ///
    /// ```
    /// use roomcast::prelude::*;
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// let hub = Hub::builder()
    ///     .namespace::<Chat>("/")
    ///     .on_any_outgoing(|event| println!("{} to {:?}", event.name(), event.to()))
    ///     .build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn on_any_outgoing(mut self, told: impl Fn(&Outgoing<'_>) + Send + Sync + 'static) -> Self {
        self.on_any_outgoing = Some(Box::new(told));
        self
    }

    /// Sets a function that is called with the tracing span of each new connection and the request that
    /// opened it; not called if no subscriber enables these spans. Use it to add to a trace, above all to
    /// attach it to the client's: with `tracing-opentelemetry`, set the span's parent to the context that
    /// a propagator extracts from the headers. The field `user` is left for you to record.
    ///
    /// It must not block. A panic in it is counted and logged.
    ///
    /// ```
    /// use roomcast::prelude::*;
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// let hub = Hub::builder()
    ///     .namespace::<Chat>("/")
    ///     .on_connection_span(|span, handshake| {
    ///         span.record("user", handshake.header("x-user"));
    ///     })
    ///     .build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn on_connection_span(
        mut self,
        shown: impl Fn(&tracing::Span, &Handshake) + Send + Sync + 'static,
    ) -> Self {
        self.states.insert(OnConnectionSpan(Box::new(shown)));
        self
    }

    /// When the node is ready for new clients, as reported by [`Hub::ready`](crate::Hub::ready) and `/ready`. Default
    /// [`ReadinessPolicy::new`].
    pub fn readiness(mut self, policy: ReadinessPolicy) -> Self {
        self.config.readiness = policy;
        self
    }

    /// How long a worker may be blocked, for instance by a handler that does not `.await`, before this is
    /// reported: logged as an error with the namespace and the event, and counted. Another worker reports
    /// it while it lasts; with a single worker it is reported afterwards. `Duration::MAX`: never.
    /// Default 1 s.
    pub fn blocked_worker_after(mut self, time: Duration) -> Self {
        self.config.blocked_worker_after = time;
        self
    }

    /// Sets a function that is called once for each time that a worker is blocked for longer than
    /// [`blocked_worker_after`](Self::blocked_worker_after): by another worker while it lasts, or by its own
    /// afterwards. What it is told is logged and counted in any case.
    ///
    /// It must not block, or its own worker is blocked as well. A panic in it is counted and logged.
    ///
    /// ```
    /// use roomcast::prelude::*;
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// let hub = Hub::builder()
    ///     .namespace::<Chat>("/")
    ///     .on_worker_blocked(|blocked| {
    ///         eprintln!("worker {} for {:?}: {:?}", blocked.worker, blocked.since, blocked.place);
    ///     })
    ///     .build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn on_worker_blocked(
        mut self,
        told: impl Fn(&BlockedWorker) + Send + Sync + 'static,
    ) -> Self {
        self.on_worker_blocked = Some(Box::new(move |blocked| told(&BlockedWorker::from(blocked))));
        self
    }

    /// How long a worker may be blocked before the node is [unhealthy](crate::Hub::health). Set it much
    /// longer than any handler may block, since an orchestrator restarts such a node. Default 10 s.
    pub fn unhealthy_after(mut self, time: Duration) -> Self {
        self.config.unhealthy_after = time;
        self
    }
}
