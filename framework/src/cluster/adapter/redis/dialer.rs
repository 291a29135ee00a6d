//! Opens connections to Redis.

use std::{
    future::Future,
    io,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, atomic::AtomicU64},
    task::{Context, Poll},
    time::Duration,
};

use redis::{AsyncConnectionConfig, PushInfo, RedisConnectionInfo, aio::MultiplexedConnection};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::guard::Guarded;
use crate::cluster::adapter::AdapterError;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Address {
    Tcp(String, u16),
    Unix(PathBuf),
}

/// How connections are opened to one kind of server; the servers differ in their addresses only.
#[derive(Clone)]
pub(super) struct Dialer {
    pub(super) login: RedisConnectionInfo,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) connection_timeout: Duration,
    pub(super) response_timeout: Duration,
    /// See [`Scan::new`](super::resp::Scan::new).
    pub(super) max_reply: u64,
}

/// Called with what the server pushes, on the connection's task.
pub(super) type OnPush = Arc<dyn Fn(PushInfo) + Send + Sync>;

/// What ends with the connections: their tasks, each of which tells why it has.
pub(super) type Tasks = JoinSet<AdapterError>;

impl Dialer {
    /// A connection for requests, ready to be used. It lives as long as `tasks`.
    ///
    /// # Panics
    /// With `on_push`, outside of a worker.
    pub(super) async fn connection(
        &self,
        address: &Address,
        on_push: Option<OnPush>,
        response_timeout: Option<Duration>,
        tasks: &mut Tasks,
    ) -> Result<MultiplexedConnection, AdapterError> {
        let read = Arc::default();
        let opened = self.dial(address, on_push, response_timeout, &read);
        Ok(opened.await?.driven_by(tasks))
    }

    /// The same, with a count of the bytes that have come on it, and before anything drives it: several are
    /// opened at once.
    pub(super) async fn dial(
        &self,
        address: &Address,
        on_push: Option<OnPush>,
        response_timeout: Option<Duration>,
        read: &Arc<AtomicU64>,
    ) -> Result<Opened, AdapterError> {
        let mut config = AsyncConnectionConfig::new().set_response_timeout(response_timeout);
        let hears = on_push.is_some();
        if let Some(on_push) = on_push {
            config = config.set_push_sender(move |info: PushInfo| {
                on_push(info);
                Ok::<_, redis::aio::SendError>(())
            });
        }
        let connect = async {
            let stream = self.open(address).await.map_err(AdapterError::new)?;
            let stream = Guarded::new(stream, self.max_reply, Arc::clone(read));
            MultiplexedConnection::new_with_config(&self.login, stream, config)
                .await
                .map_err(AdapterError::new)
        };
        let (connection, driver) = self.in_time(connect).await?;
        let drive = async move {
            driver.await;
            AdapterError::new("a connection to Redis was closed")
        };
        Ok(Opened {
            connection,
            hears,
            drive: Box::pin(drive),
        })
    }

    /// As many attempts as there are servers, and their handshakes, have one time limit.
    pub(super) async fn in_time<T>(
        &self,
        connect: impl Future<Output = Result<T, AdapterError>>,
    ) -> Result<T, AdapterError> {
        timeout(self.connection_timeout, connect)
            .await
            .unwrap_or_else(|_| Err(AdapterError::new("Redis did not answer in time")))
    }

    pub(super) async fn open(&self, address: &Address) -> io::Result<Stream> {
        let (host, port) = match address {
            Address::Unix(path) => return UnixStream::connect(path).await.map(Stream::Unix),
            Address::Tcp(host, port) => (host.as_str(), *port),
        };
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        // What it has not taken goes with the connection: behind a network that was cut, the system would send
        // it for minutes, and it would be done after what was given to the next connection.
        stream.set_zero_linger()?;
        let Some(tls) = &self.tls else {
            return Ok(Stream::Tcp(stream));
        };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = TlsConnector::from(Arc::clone(tls))
            .connect(name, stream)
            .await?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}

/// A connection for requests that nothing goes through yet.
pub(super) struct Opened {
    connection: MultiplexedConnection,
    hears: bool,
    drive: Pin<Box<dyn Future<Output = AdapterError> + Send>>,
}

impl Opened {
    /// It lives as long as `tasks`.
    ///
    /// # Panics
    /// If something is to be heard on it, outside of a worker.
    pub(super) fn driven_by(self, tasks: &mut Tasks) -> MultiplexedConnection {
        match self.hears {
            // What is delivered on the spot may need the worker's own tasks.
            true => tasks.spawn_local(self.drive),
            false => tasks.spawn(self.drive),
        };
        self.connection
    }
}

/// A connection, whatever carries it.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
}

macro_rules! delegate {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Tcp($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Stream::Unix($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Stream::Tls($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use tokio::{
        io::AsyncReadExt,
        net::{TcpListener, TcpSocket},
    };

    use super::*;
    use crate::cluster::adapter::redis::options::LinkOptions;

    #[tokio::test]
    async fn what_a_server_has_not_taken_goes_with_the_connection() {
        let socket = TcpSocket::new_v4().unwrap();
        // Far less than is written: most of it stays with who writes it.
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener: TcpListener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("redis://{address}/");
        let (dialer, _) = LinkOptions::new(url).resolve().unwrap();
        let address = Address::Tcp(address.ip().to_string(), address.port());

        let stream = dialer.open(&address).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let Stream::Tcp(stream) = stream else {
            panic!("it is not encrypted");
        };
        stream.writable().await.unwrap();
        let mut written = 0;
        while let Ok(taken) = stream.try_write(&[b'x'; 1 << 16]) {
            written += taken;
        }
        drop(stream);
        let mut came = Vec::new();
        let end = server.read_to_end(&mut came).await.unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::ConnectionReset);
        assert!(came.len() < written, "all of {written} bytes came");
    }
}
