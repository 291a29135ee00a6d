//! Opens WebSockets.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue},
    },
};

use super::{PATIENCE, virtual_cluster::VirtualStream};

pub(super) type WebSocket = WebSocketStream<Stream>;

/// What a WebSocket runs on.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Virtual(VirtualStream),
    /// To the requests of a client that polls.
    Bridge(DuplexStream),
}

/// Why there is no WebSocket.
#[derive(Debug)]
pub(super) enum DialError {
    /// The server answered with something else than 101.
    Refused {
        status: u16,
        body: String,
    },
    Failed(tungstenite::Error),
    TimedOut,
    /// Of a virtual cluster: there is no node any more.
    Down,
}

pub(super) async fn dial(
    address: SocketAddr,
    target: &str,
    headers: &[(HeaderName, HeaderValue)],
) -> Result<WebSocket, DialError> {
    let opening = async {
        let mut request = format!("ws://{address}{target}").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().append(name, value.clone());
        }
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(request, Stream::Tcp(stream)).await?;
        Ok(socket)
    };
    match timeout(PATIENCE, opening).await {
        Ok(Ok(socket)) => Ok(socket),
        Ok(Err(tungstenite::Error::Http(response))) => Err(DialError::Refused {
            status: response.status().as_u16(),
            body: String::from_utf8_lossy(response.body().as_deref().unwrap_or_default())
                .into_owned(),
        }),
        Ok(Err(error)) => Err(DialError::Failed(error)),
        Err(_) => Err(DialError::TimedOut),
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Virtual(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Bridge(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Virtual(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Bridge(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Virtual(stream) => Pin::new(stream).poll_flush(cx),
            Self::Bridge(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Virtual(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Bridge(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, body } if body.is_empty() => write!(f, "HTTP status {status}"),
            Self::Refused { body, .. } => f.write_str(body),
            Self::Failed(error) => error.fmt(f),
            Self::Down => f.write_str("the node is down"),
            Self::TimedOut => write!(f, "no answer within {PATIENCE:?}"),
        }
    }
}
