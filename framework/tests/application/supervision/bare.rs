//! A server as `#[tokio::main]` runs it. There the worker's own task is all that keeps the thread: without an
//! actix system around it, its panic ends the thread and what else runs on it.

use std::{
    future::{Ready, ready},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::{Context, Poll},
    thread::JoinHandle,
};

use actix_web::{
    App, Error, HttpServer,
    dev::{ServerHandle, Service, ServiceRequest, Transform},
};
use roomcast::Hub;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::common::http::{UPGRADE, WEBSOCKET, head};
use crate::waiting::PATIENCE;

/// With two workers.
pub(super) struct Bare {
    pub(super) hub: Hub,
    address: SocketAddr,
    panics: Panics,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Bare {
    pub(super) fn start(hub: Hub) -> Self {
        let panics = Panics::default();
        let (mount, keep, panicking) = (hub.mount(), hub.on_connect(), panics.clone());
        let (started, wait) = mpsc::sync_channel(1);
        let thread = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async move {
                let server = HttpServer::new(move || {
                    let app = App::new().wrap(panicking.clone());
                    app.configure(mount.clone())
                });
                let server = server
                    .workers(2)
                    .disable_signals()
                    .on_connect(keep)
                    .bind(("127.0.0.1", 0))
                    .unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                started.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = wait.recv_timeout(PATIENCE).expect("a server");
        Self {
            hub,
            address,
            panics,
            handle,
            thread: Some(thread),
        }
    }

    /// The worker that gets the next connection panics.
    pub(super) async fn lose_a_worker(&self) {
        self.panics.0.store(true, Ordering::Relaxed);
        assert_eq!(ask(self.address, "/").await, "");
        assert!(!self.panics.0.load(Ordering::Relaxed), "it has panicked");
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))));
    }
}

/// A service of the application that panics when the worker, before it takes a connection, asks whether it is
/// ready.
#[derive(Clone, Default)]
struct Panics(Arc<AtomicBool>);

struct Panicking<S> {
    service: S,
    panics: Panics,
}

impl<S: Service<ServiceRequest, Error = Error>> Transform<S, ServiceRequest> for Panics {
    type Response = S::Response;
    type Error = Error;
    type InitError = ();
    type Transform = Panicking<S>;
    type Future = Ready<Result<Panicking<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let panics = self.clone();
        ready(Ok(Panicking { service, panics }))
    }
}

impl<S: Service<ServiceRequest>> Service<ServiceRequest> for Panicking<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let due = self.panics.0.swap(false, Ordering::Relaxed);
        assert!(!due, "as it was asked to");
        self.service.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        self.service.call(request)
    }
}

/// What comes back for a GET; nothing where the connection breaks instead.
pub(super) async fn ask(address: SocketAddr, target: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = head("GET", target, &[("Connection", "close")]);
    let mut answer = String::new();
    let asking = async {
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.read_to_string(&mut answer).await;
    };
    timeout(PATIENCE, asking).await.expect("an end in time");
    answer
}

/// A client in one room.
pub(super) struct BareClient(TcpStream);

impl BareClient {
    /// Tried again while a worker is being replaced.
    pub(super) async fn enter(server: &Bare, room: &str) -> Self {
        let entering = async {
            loop {
                if let Some(client) = Self::try_enter(server, room).await {
                    return client;
                }
            }
        };
        timeout(PATIENCE, entering).await.expect("in time")
    }

    async fn try_enter(server: &Bare, room: &str) -> Option<Self> {
        let mut stream = TcpStream::connect(server.address).await.ok()?;
        let request = head("GET", WEBSOCKET, UPGRADE);
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut received = Vec::new();
        while !received.ends_with(b"\r\n\r\n") {
            received.push(stream.read_u8().await.ok()?);
        }
        let mut client = Self(stream);
        client.next().await?;
        // Masked with zeros, which changes nothing.
        let connect = format!(r#"40{{"rooms":["{room}"]}}"#);
        let length = u8::try_from(connect.len()).ok().filter(|len| *len < 126)?;
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], connect.as_bytes()].concat();
        client.0.write_all(&frame).await.ok()?;
        client.next().await?.starts_with("40").then_some(client)
    }

    /// The next message; `None` at the end.
    pub(super) async fn gets_or_ends(&mut self) -> Option<String> {
        let next = timeout(PATIENCE, self.next()).await;
        next.expect("a message or the end in time")
    }

    async fn next(&mut self) -> Option<String> {
        let _text = self.0.read_u8().await.ok()?;
        let length = match self.0.read_u8().await.ok()? {
            126 => self.0.read_u16().await.ok()?.into(),
            short => usize::from(short),
        };
        let mut text = vec![0; length];
        self.0.read_exact(&mut text).await.ok()?;
        String::from_utf8(text).ok()
    }
}
