//! Opens WebSockets.

use std::{fmt, net::SocketAddr};

use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue},
    },
};

use super::PATIENCE;

pub(super) type WebSocket = WebSocketStream<TcpStream>;

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
        let (socket, _) = client_async(request, stream).await?;
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

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, body } if body.is_empty() => write!(f, "HTTP status {status}"),
            Self::Refused { body, .. } => f.write_str(body),
            Self::Failed(error) => error.fmt(f),
            Self::TimedOut => write!(f, "no answer within {PATIENCE:?}"),
        }
    }
}
