use std::{fmt, net::SocketAddr};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};

use super::{
    PATIENCE, TestClient, TestServer,
    dial::{DialError, dial},
    link::Link,
};
use crate::{
    namespace::Hub,
    protocol::socket_io::{Kind, encode},
};

/// How a [`TestClient`] connects. From [`TestClient::builder`].
#[derive(Debug)]
#[must_use = "call `connect`"]
pub struct TestClientBuilder {
    hub: Hub,
    address: SocketAddr,
    path: String,
    query: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    namespace: String,
    auth: Option<Value>,
}

/// Why a client could not connect: what its `connect_error` event tells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConnectRefused {
    /// The message of the [`Refusal`](crate::Refusal); where the refusal came before Socket.IO, the
    /// body of the HTTP answer.
    pub message: String,
    /// The data of the refusal.
    pub data: Option<Value>,
}

impl TestClientBuilder {
    pub(super) fn new(server: &TestServer) -> Self {
        Self {
            hub: server.hub().clone(),
            address: server.addr(),
            path: server.hub().core.node.config.path.clone(),
            query: String::new(),
            headers: Vec::new(),
            namespace: "/".to_owned(),
            auth: None,
        }
    }

    /// The namespace. Default `/`.
    pub fn namespace(mut self, name: &str) -> Self {
        name.clone_into(&mut self.namespace);
        self
    }

    /// What the session's [`Session::Auth`](crate::Session::Auth) is read from. It must serialize
    /// to an object. Default: none.
    ///
    /// # Panics
    /// If it cannot be serialized.
    pub fn auth<A: Serialize + ?Sized>(mut self, auth: &A) -> Self {
        match serde_json::to_value(auth) {
            Ok(auth) => self.auth = Some(auth),
            Err(error) => panic!("the auth cannot be serialized: {error}"),
        }
        self
    }

    /// Where the hub answers, with the path of the scope it is mounted in. Default: the hub's own
    /// path.
    pub fn path(mut self, path: &str) -> Self {
        path.trim_end_matches('/').clone_into(&mut self.path);
        self
    }

    /// More of the query string, as in `user=7&lang=en`, which sessions see in their
    /// [`Handshake`](crate::Handshake).
    pub fn query(mut self, query: &str) -> Self {
        self.query = format!("&{query}");
        self
    }

    /// A header of the request, which sessions see in their [`Handshake`](crate::Handshake).
    ///
    /// # Panics
    /// If name or value are not allowed in HTTP.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse(), value.parse()) {
            (Ok(name), Ok(value)) => self.headers.push((name, value)),
            _ => panic!("not a header: {name}: {value}"),
        }
        self
    }

    /// Connects, and waits until the session has let the client in.
    ///
    /// # Errors
    /// What the server said when it refused, or that nothing came within [`PATIENCE`].
    pub async fn connect(self) -> Result<TestClient, ConnectRefused> {
        let target = format!("{}/?EIO=4&transport=websocket{}", self.path, self.query);
        let socket = dial(self.address, &target, &self.headers).await?;
        let link = Link::new(socket, &self.namespace);
        let (outgoing, inbox) = (link.outgoing(), link.inbox());
        let client = TestClient::new(self.hub, self.namespace, outgoing, inbox, link);
        let mut text = Vec::new();
        encode::header(&mut text, Kind::Connect, client.namespace(), None);
        if let Some(auth) = self.auth {
            text.extend_from_slice(auth.to_string().as_bytes());
        }
        client.connected(text).await
    }
}

impl ConnectRefused {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self {
            message: message.to_string(),
            data: None,
        }
    }

    pub(super) fn timed_out() -> Self {
        Self::new(format_args!("no answer within {PATIENCE:?}"))
    }

    /// From the payload of a CONNECT_ERROR.
    pub(super) fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_else(|_| Self::new(json))
    }
}

impl From<DialError> for ConnectRefused {
    fn from(error: DialError) -> Self {
        Self::new(error)
    }
}

impl fmt::Display for ConnectRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.data {
            Some(data) => write!(f, " ({data})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConnectRefused {}
