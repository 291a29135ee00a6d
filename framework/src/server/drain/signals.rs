//! When a hub is to drain, and when it has waited enough.

use std::{
    future::{Future, pending},
    pin::Pin,
};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Draining;
use crate::namespace::Hub;

impl Hub {
    /// A future that waits for `signal` and then [drains](Self::drain) the hub, for
    /// [`HttpServer::shutdown_signal`](actix_web::HttpServer::shutdown_signal). Without it actix-web would
    /// stop without regard to connections that were handed off, which it does not know of.
    ///
    /// `signal` returns a second future; if that completes during the drain, the remaining connections
    /// are cut at once. With [`signals`] that is the second SIGTERM or SIGINT; a `signal` that returns
    /// `()` has none. After the drain actix-web waits for HTTP requests in progress, for at most its
    /// [`shutdown_timeout`](actix_web::HttpServer::shutdown_timeout), by default 30 s.
    ///
    /// Afterwards [`drain`](Self::drain) returns the result:
    ///
    /// ```no_run
    /// use std::process::ExitCode;
    /// use actix_web::{App, HttpServer};
    /// use roomcast::{Hub, signals};
    ///
    /// async fn serve(hub: Hub) -> std::io::Result<ExitCode> {
    ///     let app = hub.clone();
    ///     HttpServer::new(move || App::new().configure(app.mount()))
    ///         .on_connect(hub.on_connect())
    ///         .shutdown_signal(hub.shutdown_on(signals()))
    ///         .shutdown_timeout(5)
    ///         .bind(("0.0.0.0", 3000))?
    ///         .run()
    ///         .await?;
    ///     Ok(match hub.drain().await.clean {
    ///         true => ExitCode::SUCCESS,
    ///         false => ExitCode::FAILURE,
    ///     })
    /// }
    /// ```
    pub fn shutdown_on<F>(&self, signal: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Future<Output: Into<NextSignal>> + Send + 'static,
    {
        let hub = self.clone();
        async move {
            let next = signal.await.into();
            let mut drain = std::pin::pin!(hub.drain());
            tokio::select! {
                biased;
                _ = &mut drain => return,
                () = next.comes() => hub.core.states.of::<Draining>().hurry(),
            }
            drain.await;
        }
    }
}

/// The second signal of [`Hub::shutdown_on`](crate::Hub::shutdown_on), which ends a drain at once: what
/// is left is cut. From [`signals`], or made of any future; made of `()` it never comes.
///
/// ```
/// use roomcast::{Hub, NextSignal};
/// use tokio::sync::watch;
///
/// # fn stopped(hub: &Hub, mut level: watch::Receiver<u8>) {
/// let shut_down = hub.shutdown_on(async move {
///     let _ = level.wait_for(|level| *level > 0).await;
///     NextSignal::new(async move {
///         let _ = level.wait_for(|level| *level > 1).await;
///     })
/// });
/// # }
/// ```
#[must_use = "it is what the future given to `Hub::shutdown_on` returns"]
pub struct NextSignal(Pin<Box<dyn Future<Output = ()> + Send>>);

impl NextSignal {
    /// Comes when this future ends.
    pub fn new(signal: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Box::pin(signal))
    }

    pub(super) async fn comes(self) {
        self.0.await;
    }
}

impl From<()> for NextSignal {
    fn from((): ()) -> Self {
        Self::new(pending())
    }
}

impl std::fmt::Debug for NextSignal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NextSignal")
    }
}

/// Waits for SIGTERM or SIGINT (Ctrl-C; the only one outside of Unix), and returns a future of the
/// second.
pub async fn signals() -> NextSignal {
    let mut listening = Listening::new();
    listening.next().await;
    NextSignal::new(async move { listening.next().await })
}

/// What has come while nobody waited is not lost.
#[cfg(unix)]
struct Listening([Option<Signal>; 2]);

#[cfg(unix)]
impl Listening {
    fn new() -> Self {
        let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
        Self(kinds.map(|kind| {
            let refused = |error: &_| tracing::error!(%error, "a signal cannot be waited for");
            signal(kind).inspect_err(refused).ok()
        }))
    }

    async fn next(&mut self) {
        let [terminate, interrupt] = &mut self.0;
        tokio::select! {
            () = received(terminate) => {}
            () = received(interrupt) => {}
        }
    }
}

#[cfg(unix)]
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

#[cfg(not(unix))]
struct Listening;

#[cfg(not(unix))]
impl Listening {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "a signal cannot be waited for");
            pending::<()>().await;
        }
    }
}
