//! The errors of the public API and the reasons for which sockets are disconnected.

mod build;

use std::fmt;

pub use build::BuildError;

/// Why an emit was refused. Nothing was sent to anyone, except where it says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The socket has been disconnected.
    #[error("the socket is disconnected")]
    Disconnected,
    /// One or more workers have more than
    /// [`max_worker_backlog`](crate::HubBuilder::max_worker_backlog) bytes waiting: their members
    /// did not get the event, those of the other workers did.
    #[error("{workers} worker(s) have too much waiting and did not take the event")]
    Overloaded {
        /// How many workers refused.
        workers: usize,
    },
    /// The event could not be serialized, or the arguments of an untyped one are not a list.
    #[error("event `{event}` cannot be serialized: {source}")]
    Encode {
        /// Name of the event.
        event: String,
        /// What the serializer said.
        source: serde_json::Error,
    },
    /// The protocol keeps this name for itself.
    #[error("`{0}` is a reserved event name")]
    Reserved(String),
    /// Rooms whose names begin with `roomcast:` are the hub's own: nobody else joins or leaves them, or
    /// emits to them by name.
    #[error("`{0}` is a reserved name of a room")]
    ReservedRoom(String),
    /// The socket is in as many rooms as
    /// [`max_rooms_per_socket`](crate::HubBuilder::max_rooms_per_socket) allows.
    #[error("the socket is in as many rooms as `max_rooms_per_socket` allows")]
    TooManyRooms,
    /// The event did not go to the other nodes of the cluster. The sockets of this node got it, unless a
    /// stream orders them and the event could not be encoded, or the hub has left the cluster.
    #[error("not published: {0}")]
    Publish(#[from] PublishError),
    /// Not every node has done, or confirmed, in time what it was told.
    #[error("not confirmed in time: {}", nodes(*missing))]
    Unconfirmed {
        /// How many did not, this one included if one of its workers did not; `None` if it could not be found
        /// out how many there are.
        missing: Option<usize>,
    },
    /// The hub's own [`Parser`](crate::parser::Parser) failed.
    #[error("the parser cannot encode the packet: {0}")]
    Parser(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn nodes(missing: Option<usize>) -> String {
    match missing {
        None => "the cluster".to_owned(),
        Some(1) => "1 node".to_owned(),
        Some(missing) => format!("{missing} nodes"),
    }
}

/// Why a message was not sent to the other nodes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// Too much waits to be sent.
    #[error("too much waits to be sent to the other nodes")]
    Full,
    /// The message cannot be written in the adapter's form.
    #[error("the message cannot be sent to the other nodes: {0}")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The hub has drained.
    #[error("the hub has left the cluster")]
    Closed,
}

/// What went wrong in an adapter.
#[derive(Debug)]
pub struct AdapterError(Box<dyn std::error::Error + Send + Sync>);

impl AdapterError {
    /// Wraps an error, or a text.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for AdapterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for AdapterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// Why an acknowledgement did not come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The event could not be sent.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// No answer within the timeout. A later one is ignored.
    #[error("operation has timed out")]
    Timeout,
    /// The client was not sent the event: it was [volatile](crate::Unicast::volatile) and the client
    /// not writable at that moment, the event's [`SlowConsumer`](crate::SlowConsumer) policy
    /// dropped it, or the client owes
    /// [`max_pending_acks`](crate::HubBuilder::max_pending_acks) answers.
    #[error("the event was dropped before it was sent")]
    NotSent,
    /// The socket went away before it answered.
    #[error("the socket was disconnected before it answered")]
    Disconnected,
    /// The answer does not fit the type that the event declares.
    #[error("the answer to `{event}` does not fit: {source}")]
    Decode {
        /// Name of the event that was answered.
        event: &'static str,
        /// What the deserializer said.
        source: serde_json::Error,
    },
}

/// Why a socket was disconnected; [`as_str`](Self::as_str) gives Socket.IO's own texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The peer closed the connection.
    TransportClose,
    /// The connection failed, or the peer broke the transport's protocol.
    TransportError,
    /// The server closed the connection: after an invalid packet, or because its own parser failed.
    ForcedClose,
    /// The same after a packet that the client should not have sent now, where the client could not be
    /// told at once: long-polling without a poll open.
    ForcedServerClose,
    /// No answer to a ping within `ping_timeout`.
    PingTimeout,
    /// The peer sent something that is not an Engine.IO packet.
    ParseError,
    /// The hub [drains](crate::Hub::drain).
    ServerShuttingDown,
    /// The client left this namespace.
    ClientNamespaceDisconnect,
    /// The application disconnected the socket.
    ServerNamespaceDisconnect,
    /// More was waiting for a client than its outbox may hold
    /// ([`SlowConsumer::Close`](crate::SlowConsumer::Close)). A transport error to Socket.IO.
    SlowConsumer,
    /// Its time was over ([`Socket::expires_in`](crate::Socket::expires_in)). A server-side
    /// disconnect to Socket.IO.
    Expired,
    /// It sent more events than its [rate](crate::Rate) allows
    /// ([`Excess::Disconnect`](crate::Excess::Disconnect)). A server-side disconnect to Socket.IO.
    RateLimited,
    /// It sent nothing for [`idle_timeout`](crate::HubBuilder::idle_timeout). A server-side
    /// disconnect to Socket.IO.
    IdleTimeout,
    /// A handler of this socket panicked. A server-side disconnect to Socket.IO.
    HandlerPanicked,
    /// The client came back on another connection before this one was known to be lost (connection
    /// state recovery). A transport that closed to Socket.IO.
    TakenOver,
}

impl DisconnectReason {
    /// The text that Socket.IO uses for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose | Self::TakenOver => "transport close",
            Self::TransportError | Self::SlowConsumer => "transport error",
            Self::ForcedClose => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ServerShuttingDown => "server shutting down",
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect
            | Self::Expired
            | Self::RateLimited
            | Self::IdleTimeout
            | Self::HandlerPanicked => "server namespace disconnect",
        }
    }

    /// The same as a label of metrics, where what Socket.IO has one text for is told apart.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::SlowConsumer => "slow consumer",
            Self::Expired => "expired",
            Self::RateLimited => "rate limited",
            Self::IdleTimeout => "idle timeout",
            Self::HandlerPanicked => "handler panicked",
            Self::TakenOver => "taken over",
            _ => self.as_str(),
        }
    }

    /// The text that Engine.IO uses where a whole session ends with it.
    pub(crate) fn of_transport(self) -> &'static str {
        match self.as_str() {
            "server shutting down"
            | "forced server close"
            | "client namespace disconnect"
            | "server namespace disconnect" => "forced close",
            reason => reason,
        }
    }

    /// Whether the client may come back to its session (Socket.IO v5, section 8).
    pub(crate) fn is_recoverable(self) -> bool {
        match self {
            Self::TransportClose
            | Self::TransportError
            | Self::ForcedClose
            | Self::ForcedServerClose
            | Self::PingTimeout
            | Self::SlowConsumer
            | Self::TakenOver => true,
            Self::ParseError
            | Self::ClientNamespaceDisconnect
            | Self::ServerNamespaceDisconnect
            | Self::Expired
            | Self::RateLimited
            | Self::IdleTimeout
            | Self::HandlerPanicked
            // The spec's list has it, for stores that outlive the process.
            | Self::ServerShuttingDown => false,
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
