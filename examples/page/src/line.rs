//! A bad network line, to see what it does: a proxy before the server of an example that passes on so many bytes a second,
//! and can be cut.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, rt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OnceCell, watch};

/// What the line takes from the server before the client has it. Small, or the line would be slow but patient.
const BUFFER: u32 = 4 * 1024; // bytes

/// What passes in one go.
const PIECE: usize = 1024; // bytes

/// A line to the server on this machine, opened when it is first asked for. Clones are the same line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where clients connect.
    port: Arc<OnceCell<u16>>,
    /// To each client; 0 for as many as come.
    bytes_per_second: Arc<AtomicU32>,
    /// Until when nobody comes through. Whoever is connected when it changes is cut off.
    cut_until: watch::Sender<Instant>,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            port: Arc::default(),
            bytes_per_second: Arc::default(),
            cut_until: watch::Sender::new(Instant::now()),
        }
    }
}

impl Line {
    /// Lets a page ask for the line's port (`GET /line`), and say how bad it is: `PUT /line/narrow/8000`,
    /// `PUT /line/cut/5`.
    pub fn routes(&self, config: &mut ServiceConfig) {
        config
            .app_data(Data::new(self.clone()))
            .route("/line", web::get().to(port))
            .route("/line/narrow/{bytes_per_second}", web::put().to(narrow))
            .route("/line/cut/{seconds}", web::put().to(cut));
    }

    /// The port at which the line begins; it leads to `server`.
    ///
    /// # Errors
    /// If there is no port.
    pub async fn port(&self, server: SocketAddr) -> io::Result<u16> {
        let open = || async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let port = listener.local_addr()?.port();
            rt::spawn(self.clone().accept(listener, server));
            Ok(port)
        };
        self.port.get_or_try_init(open).await.copied()
    }

    /// From now on at most so many bytes reach each client in a second; 0 for as many as come.
    pub fn narrow(&self, bytes_per_second: u32) {
        self.bytes_per_second
            .store(bytes_per_second, Ordering::Relaxed);
    }

    /// Cuts all connections off, without a word, and lets nobody through for a time.
    pub fn cut(&self, time: Duration) {
        self.cut_until.send_replace(Instant::now() + time);
    }

    async fn accept(self, listener: TcpListener, server: SocketAddr) {
        loop {
            match listener.accept().await {
                Ok((client, _)) => {
                    rt::spawn(self.clone().connect(client, server));
                }
                // No descriptor is left: later there may be.
                Err(_) => rt::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Until one of the ends closes, or the line is cut. That it failed the ends see for themselves.
    async fn connect(self, client: TcpStream, server: SocketAddr) -> io::Result<()> {
        let mut cut = self.cut_until.subscribe();
        if Instant::now() < *cut.borrow() {
            return Ok(());
        }
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(BUFFER)?;
        let (from_server, mut to_server) = socket.connect(server).await?.into_split();
        let (mut from_client, to_client) = client.into_split();
        tokio::select! {
            done = copy(&mut from_client, &mut to_server) => done.map(drop),
            done = self.pass(from_server, to_client) => done,
            _ = cut.changed() => Ok(()),
        }
    }

    async fn pass(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut piece = [0; PIECE];
        loop {
            let size = from.read(&mut piece).await?;
            if size == 0 {
                return Ok(());
            }
            to.write_all(&piece[..size]).await?;
            let rate = self.bytes_per_second.load(Ordering::Relaxed);
            if rate > 0 {
                rt::time::sleep(Duration::from_secs_f64(size as f64 / f64::from(rate))).await;
            }
        }
    }
}

async fn port(request: HttpRequest, line: Data<Line>) -> actix_web::Result<String> {
    let server = request.app_config().local_addr();
    Ok(line.port(server).await?.to_string())
}

async fn narrow(bytes_per_second: Path<u32>, line: Data<Line>) -> HttpResponse {
    line.narrow(*bytes_per_second);
    HttpResponse::NoContent().finish()
}

async fn cut(seconds: Path<u8>, line: Data<Line>) -> HttpResponse {
    line.cut(Duration::from_secs(u64::from(*seconds)));
    HttpResponse::NoContent().finish()
}
