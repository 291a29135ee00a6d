//! The way out: no new connections, the open ones closed, and nothing waited for without end.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};

use crate::{
    cluster::{self, presence::Registrar},
    namespace::Hub,
};

/// Workers that were too busy to hear are told again after this.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// What leaving the cluster may take when the connections have taken all the time there was.
const LEAVING: Duration = Duration::from_secs(1);

impl Hub {
    /// Closes every connection with the reason `server shutting down`, refuses new ones with 503,
    /// and waits until all have ended, at most
    /// [`close_timeout`](crate::HubBuilder::close_timeout). Clients reconnect by themselves, to
    /// another node or to this one's successor. Then it leaves its [cluster](crate::adapter).
    ///
    /// # Cancel safety
    /// Dropping the future only stops the waiting.
    pub async fn shutdown(&self) {
        let deadline = Instant::now() + self.core.node.config.close_timeout;
        self.close_connections(deadline).await;
        // What its sockets still say goes at once with the lease.
        self.state::<Arc<Registrar>>().close().await;
        if let Some(cluster) = self.core.states.get::<Arc<cluster::Core>>() {
            // What its clients left behind was still to be told.
            cluster.leave(deadline.max(Instant::now() + LEAVING)).await;
        }
    }

    async fn close_connections(&self, deadline: Instant) {
        let node = &self.core.node;
        node.draining.store(true, Ordering::Release);
        self.core.forget_sessions();
        loop {
            let ended = node.ended.notified();
            if node.metrics.connections.get() == 0 {
                return;
            }
            node.close_all();
            let patience = deadline.min(Instant::now() + ASK_AGAIN);
            let _ = timeout_at(patience, ended).await;
            if Instant::now() >= deadline {
                tracing::warn!("connections were still open when the hub shut down");
                return;
            }
        }
    }

    /// Waits for `signal`, then shuts down; for
    /// [`HttpServer::shutdown_signal`](actix_web::HttpServer::shutdown_signal). actix-web itself
    /// does not see connections that were handed off.
    pub fn shutdown_on<F>(&self, signal: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let hub = self.clone();
        async move {
            signal.await;
            hub.shutdown().await;
        }
    }
}

/// The first SIGTERM or SIGINT (Ctrl-C; elsewhere than on Unix only that).
pub async fn signals() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            return interrupt.await;
        };
        tokio::select! {
            () = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
