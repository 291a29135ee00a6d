use std::{
    net::SocketAddr,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use actix_web::{App, HttpServer, dev::ServerHandle, rt, web::ServiceConfig};

use super::PATIENCE;
use crate::{config::Drain, namespace::Hub};

/// Nobody else is there whom the clients could be too many for.
const AT_ONCE: Drain = Drain {
    delay: Duration::ZERO,
    window: Duration::ZERO,
    timeout: PATIENCE,
};

type Configure = Box<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// Serves a hub on a free port of 127.0.0.1, by an actix-web server in a thread of its own.
///
/// Dropping it cuts all connections and joins the thread; [`stop`](Self::stop) shuts down
/// gracefully instead.
///
/// ```
/// use roomcast::{prelude::*, testing::TestServer};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let server = TestServer::start(Hub::builder().namespace::<Chat>("/").build()?);
/// assert!(server.url().starts_with("http://127.0.0.1:"));
/// assert_eq!(server.hub().stats().connections, 0);
/// # Ok::<_, roomcast::BuildError>(())
/// ```
#[derive(Debug)]
pub struct TestServer {
    hub: Hub,
    address: SocketAddr,
    running: Option<Running>,
}

struct Running {
    handle: ServerHandle,
    ended: Receiver<()>,
    thread: JoinHandle<()>,
}

/// Options of a [`TestServer`]. From [`TestServer::builder`].
///
/// ```
/// use roomcast::{Hub, testing::TestServer};
///
/// fn serve(hub: Hub) -> TestServer {
///     TestServer::builder(hub).workers(4).start()
/// }
/// ```
#[must_use = "call `start`"]
pub struct TestServerBuilder {
    hub: Hub,
    workers: usize,
    keep_sockets: bool,
    configure: Option<Configure>,
}

impl TestServer {
    /// Serves the hub with one worker.
    ///
    /// # Panics
    /// If the server cannot be started.
    #[must_use]
    pub fn start(hub: Hub) -> Self {
        Self::builder(hub).start()
    }

    /// Serves the hub with options.
    pub fn builder(hub: Hub) -> TestServerBuilder {
        TestServerBuilder {
            hub,
            workers: 1,
            keep_sockets: true,
            configure: None,
        }
    }

    /// The address that it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a URL, `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The hub that it serves.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// [Drains](Hub::drain) the hub without the delays of production, stops the server, and waits until
    /// it has ended.
    ///
    /// # Panics
    /// If it has not ended within [`PATIENCE`].
    pub async fn stop(mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        let drained = self.hub.drain_within(AT_ONCE).await;
        drop(running.handle.stop(false));
        let joined = tokio::task::spawn_blocking(move || running.join()).await;
        assert!(
            drained.cut == 0,
            "connections were still open after {PATIENCE:?}"
        );
        assert!(
            matches!(joined, Ok(true)),
            "the server did not end within {PATIENCE:?}"
        );
    }
}

impl Running {
    /// Waits for the thread, which has been told to end; false if it does not.
    fn join(self) -> bool {
        match self.ended.recv_timeout(PATIENCE) {
            // It panicked, if it did not send.
            Ok(()) | Err(RecvTimeoutError::Disconnected) => self.thread.join().is_ok(),
            Err(RecvTimeoutError::Timeout) => false,
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        // The command is sent at once; the future only tells when it was carried out.
        drop(running.handle.stop(false));
        if !running.join() {
            tracing::error!("a test server did not end within {PATIENCE:?}, or panicked");
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running")
    }
}

impl TestServerBuilder {
    /// The number of worker threads. Default 1.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Does not install [`Hub::on_connect`](crate::Hub::on_connect), as in an application with TLS:
    /// WebSockets are then served through the response body.
    pub fn without_handoff(mut self) -> Self {
        self.keep_sockets = false;
        self
    }

    /// Configures the application in place of [`Hub::mount`](crate::Hub::mount) alone; runs once
    /// per worker, and has to mount the hub itself.
    ///
    /// ```
    /// use actix_web::web;
    /// use roomcast::{prelude::*, testing::TestServer};
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// let hub = Hub::builder().namespace::<Chat>("/").build()?;
    /// let mount = hub.mount();
    /// let server = TestServer::builder(hub)
    ///     .configure(move |config| {
    ///         config.service(web::scope("/app").configure(mount.clone()));
    ///     })
    ///     .start();
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn configure(
        mut self,
        configure: impl Fn(&mut ServiceConfig) + Send + Sync + 'static,
    ) -> Self {
        self.configure = Some(Box::new(configure));
        self
    }

    /// Starts the server. It listens when this returns.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(self) -> TestServer {
        let hub = self.hub.clone();
        let (ready, started) = sync_channel(1);
        let (end, ended) = sync_channel(1);
        let thread = std::thread::spawn(move || {
            rt::System::new().block_on(async move {
                let served = self.serve().map(|(address, server)| {
                    let announced = ready.send(Ok((address, server.handle())));
                    (announced, server)
                });
                match served {
                    Ok((announced, server)) => {
                        if announced.is_ok()
                            && let Err(error) = server.await
                        {
                            tracing::error!(%error, "the test server failed");
                        }
                    }
                    // Whoever waits for it panics.
                    Err(error) => drop(ready.send(Err(error))),
                }
            });
            let _ = end.send(());
        });
        match started.recv_timeout(PATIENCE) {
            Ok(Ok((address, handle))) => TestServer {
                hub,
                address,
                running: Some(Running {
                    handle,
                    ended,
                    thread,
                }),
            },
            Ok(Err(error)) => panic!("the test server cannot be started: {error}"),
            Err(error) => panic!("the test server did not start within {PATIENCE:?}: {error}"),
        }
    }

    fn serve(self) -> std::io::Result<(SocketAddr, actix_web::dev::Server)> {
        let hub = self.hub;
        let mount = hub.mount();
        let configure = self
            .configure
            .unwrap_or_else(|| Box::new(move |config| mount.clone()(config)));
        let configure = Arc::new(configure);
        let mut server = HttpServer::new(move || {
            let configure = Arc::clone(&configure);
            App::new().configure(move |config| configure(config))
        });
        if self.keep_sockets {
            server = server.on_connect(hub.on_connect());
        }
        let server = server
            .workers(self.workers)
            .max_connections(hub.max_http_connections())
            .disable_signals()
            .bind(("127.0.0.1", 0))?;
        let address = server.addrs().first().copied();
        let address = address.ok_or_else(|| std::io::Error::other("bound to no address"))?;
        Ok((address, server.run()))
    }
}

impl std::fmt::Debug for TestServerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestServerBuilder")
            .field("hub", &self.hub)
            .field("workers", &self.workers)
            .field("keep_sockets", &self.keep_sockets)
            .finish_non_exhaustive()
    }
}
