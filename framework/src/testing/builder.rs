use std::{fmt, net::SocketAddr};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};

use super::{
    PATIENCE, RecoveryTicket, TestClient, TestServer,
    dial::{DialError, dial},
    link::Link,
    virtual_cluster::Door,
};
use crate::{
    namespace::Hub,
    protocol::socket_io::{Kind, encode},
};

/// Options of a [`TestClient`]. From [`TestClient::builder`].
///
/// ```
/// use roomcast::testing::{ConnectRefused, TestClient, TestServer};
///
/// async fn enter(server: &TestServer, nick: &str) -> Result<TestClient, ConnectRefused> {
///     let login = serde_json::json!({ "nick": nick });
///     TestClient::builder(server).namespace("/chat").auth(&login).connect().await
/// }
/// ```
#[derive(Debug)]
#[must_use = "call `connect`"]
pub struct TestClientBuilder {
    hub: Hub,
    entrance: Entrance,
    path: String,
    query: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    namespace: String,
    auth: Option<Value>,
    recovery: Option<RecoveryTicket>,
}

/// Where the client comes in.
#[derive(Debug)]
enum Entrance {
    Address(SocketAddr),
    Virtual(Door),
}

/// Why a client could not connect: what a browser receives in the event `connect_error`.
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
        Self::to(server.hub().clone(), Entrance::Address(server.addr()))
    }

    /// To a node of a virtual cluster.
    pub(super) fn through(hub: Hub, door: Door) -> Self {
        Self::to(hub, Entrance::Virtual(door))
    }

    fn to(hub: Hub, entrance: Entrance) -> Self {
        Self {
            path: hub.core.node.config.path.clone(),
            hub,
            entrance,
            query: String::new(),
            headers: Vec::new(),
            namespace: "/".to_owned(),
            auth: None,
            recovery: None,
        }
    }

    /// The namespace. Default `/`.
    pub fn namespace(mut self, name: &str) -> Self {
        name.clone_into(&mut self.namespace);
        self
    }

    /// The payload that [`Session::Auth`](crate::Session::Auth) is deserialized from. It must serialize
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

    /// Recovers the socket of a client whose connection was lost, with its ticket from
    /// [`TestClient::recovery`]. [`TestClient::has_recovered`] tells whether it succeeded.
    ///
    /// ```no_run
    /// # use roomcast::testing::{ConnectRefused, TestClient, TestServer};
    /// # async fn example(server: &TestServer, client: TestClient) -> Result<(), ConnectRefused> {
    /// let recovery = client.recovery().expect("the hub has connection state recovery");
    /// drop(client); // its connection is lost
    /// let client = TestClient::builder(server).recover(recovery).connect().await?;
    /// assert!(client.has_recovered());
    /// # Ok(())
    /// # }
    /// ```
    pub fn recover(mut self, recovery: RecoveryTicket) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// The path of the hub's routes, including that of the scope it is mounted in. Default: the hub's
    /// own path.
    pub fn path(mut self, path: &str) -> Self {
        path.trim_end_matches('/').clone_into(&mut self.path);
        self
    }

    /// Adds to the query string, as in `user=7&lang=en`, which sessions see in their
    /// [`Handshake`](crate::Handshake).
    pub fn query(mut self, query: &str) -> Self {
        self.query = format!("&{query}");
        self
    }

    /// Adds a header to the request, which sessions see in their [`Handshake`](crate::Handshake).
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

    /// Connects, and waits until the session has accepted the client.
    ///
    /// # Errors
    /// The server's refusal, or that it did not answer within [`PATIENCE`].
    pub async fn connect(self) -> Result<TestClient, ConnectRefused> {
        let transport = match &self.entrance {
            Entrance::Address(_) => "websocket",
            Entrance::Virtual(door) => door.transport(),
        };
        let target = format!("{}/?EIO=4&transport={transport}{}", self.path, self.query);
        let (socket, wire) = match &self.entrance {
            Entrance::Address(address) => (dial(*address, &target, &self.headers).await?, None),
            Entrance::Virtual(door) => {
                let (socket, wire) = door.dial(&target, &self.headers).await?;
                (socket, Some(wire))
            }
        };
        let link = Link::new(socket, &self.namespace, self.recovery.clone());
        let client = TestClient::new(self.hub, self.namespace, link, wire);
        let mut text = Vec::new();
        encode::header(&mut text, Kind::Connect, client.namespace(), None);
        let auth = match self.recovery {
            Some(recovery) => Some(recovery.asked_with(self.auth)),
            None => self.auth,
        };
        if let Some(auth) = auth {
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
