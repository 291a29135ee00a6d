//! A server in its own thread, whose every route upgrades and runs a program.

use std::{
    any::Any,
    fs,
    io::ErrorKind,
    net::{SocketAddr, TcpStream},
    os::fd::AsRawFd,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use actix_cors::Cors;
use actix_http::Extensions;
use actix_web::{
    App, HttpRequest, HttpServer,
    dev::ServerHandle,
    middleware::{Compress, Condition, Logger},
    rt, web,
};

use super::{
    super::{handoff, handshake},
    DEADLINE,
    peer::{Peer, upgrade},
    program::serve,
    until,
};

use crate::config::WebSocketMode as Mode;

/// How a connection's task ended.
pub(super) type End = Option<ErrorKind>;

pub(super) struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    pub(super) events: mpsc::Receiver<End>,
    sockets: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Wrap {
    pub(super) logger: bool,
    pub(super) compress: bool,
    pub(super) cors: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Setup {
    pub(super) mode: Mode,
    pub(super) wrap: Wrap,
    /// Whether the application has installed `on_connect`.
    pub(super) keep_socket: bool,
    /// `HttpServer::client_disconnect_timeout`, and actix-web's default for it.
    pub(super) linger: Duration,
}

impl Setup {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            mode,
            wrap: Wrap::default(),
            keep_socket: true,
            linger: Duration::from_secs(1),
        }
    }
}

impl Server {
    pub(super) fn start(mode: Mode) -> Self {
        Self::with(Setup::new(mode))
    }

    pub(super) fn with(setup: Setup) -> Self {
        let Setup {
            mode,
            wrap,
            keep_socket,
            linger,
        } = setup;
        let (ended, events) = mpsc::sync_channel(1024);
        let sockets = Arc::new(Mutex::new(Vec::new()));
        let accepted = Arc::clone(&sockets);
        let (ready, started) = mpsc::sync_channel(1);
        thread::spawn(move || {
            rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let ended = ended.clone();
                    let connect = move |req: HttpRequest, payload: web::Payload| {
                        let ended = ended.clone();
                        let path = req.match_info()["what"].to_owned();
                        let response =
                            handshake::accept(&req, payload, mode, None, move |io, early, _| {
                                rt::spawn(async move {
                                    let end = serve(format!("/{path}"), io, early).await;
                                    // Nobody listens to the last connections of a test.
                                    let _ = ended.send(end.err().map(|error| error.kind()));
                                });
                            });
                        async move { response }
                    };
                    App::new().route("/plain", web::get().to(plain)).service(
                        web::scope("/ws")
                            .wrap(Condition::new(wrap.logger, Logger::default()))
                            .wrap(Condition::new(wrap.compress, Compress::default()))
                            .wrap(Condition::new(wrap.cors, Cors::permissive()))
                            .route("/{what}", web::to(connect)),
                    )
                })
                .on_connect(move |io: &dyn Any, extensions: &mut Extensions| {
                    let stream = io.downcast_ref::<rt::net::TcpStream>().unwrap();
                    accepted.lock().unwrap().push(socket_name(stream));
                    if keep_socket {
                        handoff::keep_socket(io, extensions);
                        assert!(stream.nodelay().unwrap());
                    }
                })
                .client_disconnect_timeout(linger)
                .disable_signals()
                .workers(1)
                .bind(("127.0.0.1", 0))
                .unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                ready.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = started.recv_timeout(DEADLINE).unwrap();
        Self {
            address,
            handle,
            events,
            sockets,
        }
    }

    pub(super) fn connect(&self) -> Peer {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream }
    }

    pub(super) fn upgraded(&self, path: &str) -> Peer {
        let mut peer = self.connect();
        peer.send(&upgrade(path));
        peer.expect_101();
        peer
    }

    /// Waits until one more connection's task has ended.
    pub(super) fn end(&self) -> End {
        self.events.recv_timeout(DEADLINE).unwrap()
    }

    pub(super) fn accepted(&self) -> usize {
        self.sockets.lock().unwrap().len()
    }

    /// How many descriptors of this process refer to sockets that this server has accepted.
    pub(super) fn descriptors(&self) -> usize {
        let sockets = self.sockets.lock().unwrap();
        fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
            .filter(|target| {
                sockets
                    .iter()
                    .any(|socket| target.as_os_str() == socket.as_str())
            })
            .count()
    }

    pub(super) fn expect_all_closed(&self) {
        until(|| self.descriptors() == 0);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The command is sent at once; nobody needs to wait for its end.
        drop(self.handle.stop(false));
    }
}

/// Answers late, so that the requests behind it queue up in the dispatcher.
async fn plain() -> &'static str {
    rt::task::yield_now().await;
    "plain"
}

/// The kernel's name of a socket, the same for all its descriptors.
fn socket_name(stream: &rt::net::TcpStream) -> String {
    let link = format!("/proc/self/fd/{}", stream.as_raw_fd());
    fs::read_link(link)
        .unwrap()
        .into_os_string()
        .into_string()
        .unwrap()
}
