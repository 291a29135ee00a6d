//! What can be tuned: each limit with its name, default, unit and reason.

mod drain;
mod per_message_deflate;
mod rate;
mod readiness;
mod recovery;
mod shared_state;

use std::time::Duration;

pub(crate) use drain::Drain;
pub use per_message_deflate::PerMessageDeflate;
pub use rate::{Excess, Rate};
pub use readiness::{ClusterReadiness, ReadinessPolicy};
pub use recovery::Recovery;
pub use shared_state::SharedState;

/// What happens to an event for a client that does not read fast enough: when what waits for it
/// would exceed [`HubBuilder::max_outbox_bytes`](crate::HubBuilder::max_outbox_bytes).
///
/// Set for a hub with [`HubBuilder::slow_consumer`](crate::HubBuilder::slow_consumer) and for one
/// event with `#[event(slow_consumer = "…")]`. Acks and protocol packets always follow
/// [`Close`](Self::Close). Every choice is counted (see [`Stats`](crate::Stats)).
///
/// ```
/// use roomcast::{Hub, SlowConsumer, prelude::*};
///
/// /// Where a player is: nobody needs to know where they were.
/// #[derive(Serialize, Event)]
/// #[event(slow_consumer = "latest", key = player)]
/// struct Moved {
///     player: u32,
///     x: f64,
/// }
///
/// let builder = Hub::builder().slow_consumer(SlowConsumer::DropOldest);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SlowConsumer {
    /// The connection is closed at once, so that the client comes back and starts from a known
    /// state. The default.
    #[default]
    Close,
    /// The new event is dropped for this client.
    DropNewest,
    /// The oldest waiting events that may be dropped make room.
    DropOldest,
    /// Of the waiting events with the same key only the newest stays (`#[event(key = field)]`;
    /// without a key, one per event name). It replaces as soon as anything waits, not only at the
    /// limit; at the limit it acts like [`DropOldest`](Self::DropOldest).
    Latest,
}

/// How a WebSocket is served.
///
/// ```
/// use roomcast::{Hub, WebSocketMode};
///
/// let builder = Hub::builder().websocket_mode(WebSocketMode::BodyStream);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebSocketMode {
    /// The socket leaves actix-web's dispatcher after the handshake: about 2.4 KB a connection,
    /// its Socket.IO session included, and one write per delivery. Needs
    /// [`Hub::on_connect`](crate::Hub::on_connect) on plain TCP; elsewhere (TLS, other platforms)
    /// the hub falls back to [`BodyStream`](Self::BodyStream) by itself. The default.
    #[default]
    Handoff,
    /// The connection stays behind the response body: about 14 KB a connection, works everywhere.
    /// When the server closes, a client that waits for it to close TCP first waits for
    /// [`HttpServer::client_disconnect_timeout`](actix_web::HttpServer::client_disconnect_timeout),
    /// a second by default.
    BodyStream,
}

/// Which transports clients may use.
///
/// ```
/// use roomcast::{Hub, Transports};
///
/// let builder = Hub::builder().transports(Transports::WebSocket);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transports {
    /// Long-polling, from which clients upgrade to WebSocket, and WebSocket at once. The default,
    /// as in Socket.IO.
    #[default]
    All,
    /// Long-polling only: no upgrades.
    Polling,
    /// WebSocket only. No session ever needs a sticky load balancer.
    WebSocket,
}

impl Config {
    pub(crate) fn allows_polling(&self) -> bool {
        self.transports != Transports::WebSocket
    }

    pub(crate) fn allows_websocket(&self) -> bool {
        self.transports != Transports::Polling
    }

    /// May a polling session change to WebSocket?
    pub(crate) fn allows_upgrades(&self) -> bool {
        self.transports == Transports::All && self.allow_upgrades
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) path: String,
    pub(crate) add_trailing_slash: bool,
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) drain_delay: Duration,
    pub(crate) drain_window: Duration,
    pub(crate) drain_timeout: Duration,
    pub(crate) upgrade_timeout: Duration,
    pub(crate) transports: Transports,
    pub(crate) allow_upgrades: bool,
    pub(crate) park_polls_after: Duration,
    pub(crate) http_compression: Option<usize>,
    pub(crate) ack_timeout: Duration,
    pub(crate) requests_timeout: Duration,
    pub(crate) expiry_notice: Duration,
    pub(crate) max_http_buffer_size: usize,
    pub(crate) max_auth_bytes: usize,
    pub(crate) max_attachments: usize,
    pub(crate) max_outbox_bytes: usize,
    pub(crate) max_queued_events: usize,
    pub(crate) max_worker_backlog: usize,
    pub(crate) max_connections: usize,
    pub(crate) max_connections_per_address: Option<usize>,
    pub(crate) handshake_rate: Option<Rate>,
    pub(crate) handshake_rate_per_address: Option<Rate>,
    pub(crate) event_rate: Option<Rate>,
    pub(crate) byte_rate: Option<Rate>,
    pub(crate) excess: Excess,
    pub(crate) max_rooms_per_socket: usize,
    pub(crate) max_sockets_per_user: Option<usize>,
    pub(crate) max_pending_acks: usize,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) max_dynamic_namespaces: usize,
    pub(crate) max_namespaces_per_connection: usize,
    pub(crate) cleanup_empty_child_namespaces: bool,
    pub(crate) slow_consumer: SlowConsumer,
    pub(crate) websocket_mode: WebSocketMode,
    pub(crate) per_message_deflate: Option<PerMessageDeflate>,
    pub(crate) connection_state_recovery: Option<Recovery>,
    pub(crate) shared_state: SharedState,
    pub(crate) readiness: ReadinessPolicy,
    pub(crate) blocked_worker_after: Duration,
    pub(crate) unhealthy_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/socket.io".to_owned(),
            add_trailing_slash: true,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(45),
            close_timeout: Duration::from_secs(30),
            drain_delay: Duration::from_secs(0),
            drain_window: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(30),
            upgrade_timeout: Duration::from_secs(10),
            transports: Transports::All,
            allow_upgrades: true,
            park_polls_after: Duration::from_secs(5),
            http_compression: Some(1024),
            ack_timeout: Duration::from_secs(10),
            requests_timeout: Duration::from_secs(5),
            expiry_notice: Duration::from_secs(60),
            max_http_buffer_size: 1_000_000,
            max_auth_bytes: 64 << 10,
            max_attachments: 10,
            max_outbox_bytes: 1 << 20,
            max_queued_events: 64,
            max_worker_backlog: 64 << 20,
            max_connections: 50_000,
            max_connections_per_address: None,
            handshake_rate: None,
            handshake_rate_per_address: None,
            event_rate: None,
            byte_rate: None,
            excess: Excess::Refuse,
            max_rooms_per_socket: 1_000,
            max_sockets_per_user: None,
            max_pending_acks: 1_000,
            idle_timeout: None,
            max_dynamic_namespaces: 10_000,
            max_namespaces_per_connection: 100,
            cleanup_empty_child_namespaces: true,
            slow_consumer: SlowConsumer::Close,
            websocket_mode: WebSocketMode::Handoff,
            per_message_deflate: None,
            connection_state_recovery: None,
            shared_state: SharedState::new(),
            readiness: ReadinessPolicy::new(),
            blocked_worker_after: Duration::from_secs(1),
            unhealthy_after: Duration::from_secs(10),
        }
    }
}
