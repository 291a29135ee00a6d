use std::{sync::Arc, time::Duration};

use super::http::Http;
use crate::{
    cluster::{
        self, ClusterEvent, MakeAdapter, OnCluster, adapter::IntoAdapter, presence::Registrar,
        requests::hex_id,
    },
    config::{
        Config, PerMessageDeflate, ReadinessPolicy, Recovery, SharedState, SlowConsumer,
        Transports, WebSocketMode,
    },
    connection::OnConnectionSpan,
    error::BuildError,
    event::{OnAnyOutgoing, Outgoing},
    metrics::Metrics,
    namespace::{Core, Handshake, Hub, NamespaceBuilder, Session, States},
    protocol::socket_io::parser::Parser,
    room,
    shard::{
        node::{Node, Parts},
        uplink::Uplinks,
    },
};

/// Bytes of a node's name, which is in every message to other nodes: a host name has as many.
const MAX_SERVER_ID: usize = 64;

/// The options of a hub, each with its default; named as in Socket.IO, in snake case.
///
/// ```
/// use std::time::Duration;
/// use roomcast::prelude::*;
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let hub = Hub::builder()
///     .namespace::<Chat>("/")
///     .ping_interval(Duration::from_secs(10))
///     .max_http_buffer_size(64 * 1024)
///     .build()?;
/// # Ok::<_, roomcast::BuildError>(())
/// ```
#[must_use = "call `build`"]
pub struct HubBuilder {
    config: Config,
    namespaces: Vec<NamespaceBuilder>,
    states: States,
    parser: Option<Box<dyn Parser>>,
    on_any_outgoing: Option<OnAnyOutgoing>,
    server_id: Option<String>,
    adapter: Option<MakeAdapter>,
    on_cluster: Option<OnCluster>,
    pub(super) http: Http,
}

impl Hub {
    /// Starts with every option at its default.
    pub fn builder() -> HubBuilder {
        HubBuilder {
            config: Config::default(),
            namespaces: Vec::new(),
            states: States::default(),
            parser: None,
            on_any_outgoing: None,
            server_id: None,
            adapter: None,
            on_cluster: None,
            http: Http::default(),
        }
    }
}

impl HubBuilder {
    /// Lets clients connect to a namespace, each with a session of type `S`. A missing leading
    /// slash is added.
    pub fn namespace<S: Session>(self, name: &str) -> Self {
        self.namespace_with(NamespaceBuilder::named::<S>(name))
    }

    /// Lets clients connect to every namespace whose name matches a pattern such as `/room-{id}`;
    /// see [`NamespaceBuilder::matching`].
    pub fn dynamic_namespace<S: Session>(self, pattern: &str) -> Self {
        self.namespace_with(NamespaceBuilder::matching::<S>(pattern))
    }

    /// Adds a namespace, or a family of them, with middleware. Namespaces with a fixed name come
    /// before dynamic ones; of those, the first that accepts a name has it.
    pub fn namespace_with(mut self, namespace: NamespaceBuilder) -> Self {
        self.namespaces.push(namespace);
        self
    }

    /// Gives the hub a value for sessions to share; one of each type. They get it with
    /// [`Socket::state`](crate::Socket::state).
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(state);
        self
    }

    /// Is called with every event that goes out, before it does: once for each emit, on the thread
    /// that emits, whatever the number of receivers. Acks and packets of the protocol are not
    /// events. Socket.IO's `onAnyOutgoing` is called once for each receiver instead.
    ///
    /// It may be called from any number of threads at once, and every emit waits for it. A panic
    /// in it is one of whoever emits.
    ///
    /// ```
    /// use roomcast::prelude::*;
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// let hub = Hub::builder()
    ///     .namespace::<Chat>("/")
    ///     .on_any_outgoing(|event| println!("{} to {:?}", event.name(), event.to()))
    ///     .build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn on_any_outgoing(mut self, told: impl Fn(&Outgoing<'_>) + Send + Sync + 'static) -> Self {
        self.on_any_outgoing = Some(Box::new(told));
        self
    }

    /// Where the hub answers, with everything below it. Default `/socket.io`.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.config.path);
        self
    }

    /// Whether clients ask for the path with a slash behind it, as they do by default. With `false`
    /// both forms are answered. Default true.
    pub fn add_trailing_slash(mut self, add: bool) -> Self {
        self.config.add_trailing_slash = add;
        self
    }

    /// The time between the last pong and the next ping. Default 25 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.config.ping_interval = interval;
        self
    }

    /// How long a client may take to answer a ping before it counts as gone. Default 20 s.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.config.ping_timeout = timeout;
        self
    }

    /// How long a client may stay without joining a namespace. Default 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.connect_timeout = timeout;
        self
    }

    /// How long a client may take to finish the closing handshake, and to take what was sent
    /// before it; then it is cut. Default 30 s.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.config.close_timeout = timeout;
        self
    }

    /// How long a client may take to change from long-polling to WebSocket. Default 10 s.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.config.upgrade_timeout = timeout;
        self
    }

    /// How long a GET of a long-polling client waits before its connection is taken out of the HTTP
    /// server, which costs an idle session less than a third of the memory. Default 5 s; `Duration::MAX` for
    /// never.
    ///
    /// Its answer is a single packet of one byte then, and the connection is closed behind it: what is
    /// emitted after that much silence takes one more request of the client. Middleware around the hub
    /// must not read or replace the body of that answer. Nothing is parked with
    /// [`WebSocketMode::BodyStream`] or over TLS.
    pub fn park_polls_after(mut self, time: Duration) -> Self {
        self.config.park_polls_after = time;
        self
    }

    /// Which transports clients may use. Default [`Transports::All`].
    pub fn transports(mut self, transports: Transports) -> Self {
        self.config.transports = transports;
        self
    }

    /// Whether a polling session may change to WebSocket. Default true.
    pub fn allow_upgrades(mut self, allow: bool) -> Self {
        self.config.allow_upgrades = allow;
        self
    }

    /// From how many bytes the answer to a poll is compressed, if the client takes gzip or
    /// deflate; `None`: never. Default 1024.
    pub fn http_compression(mut self, threshold: Option<usize>) -> Self {
        self.config.http_compression = threshold;
        self
    }

    /// How long an emit with ack waits unless told otherwise. Default 10 s.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.config.ack_timeout = timeout;
        self
    }

    /// How long before a socket expires its session is told, or at once if it is given less; see
    /// [`Socket::expires_in`](crate::Socket::expires_in). With zero it is not told. Default 60 s.
    pub fn expiry_notice(mut self, notice: Duration) -> Self {
        self.config.expiry_notice = notice;
        self
    }

    /// The longest message a client may send on WebSocket, and the longest body of a POST on
    /// long-polling, in bytes. A longer message closes the connection with code 1009 before it is
    /// read. A longer POST is answered with 413: none of its packets arrives, and the session goes
    /// on. Default 1,000,000.
    pub fn max_http_buffer_size(mut self, bytes: usize) -> Self {
        self.config.max_http_buffer_size = bytes;
        self
    }

    /// The most attachments of one binary event, each a message of its own. Default 10.
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.config.max_attachments = attachments;
        self
    }

    /// Bytes that may wait for one client before [`slow_consumer`](Self::slow_consumer) acts.
    /// Default 1 MiB. What waits in the kernel's socket buffer comes on top.
    pub fn max_outbox_bytes(mut self, bytes: usize) -> Self {
        self.config.max_outbox_bytes = bytes;
        self
    }

    /// What happens to events for a client that does not take them. Default
    /// [`SlowConsumer::Close`].
    pub fn slow_consumer(mut self, policy: SlowConsumer) -> Self {
        self.config.slow_consumer = policy;
        self
    }

    /// Events of one socket that may wait for its handler; with more, its connection is not read
    /// until the handler has caught up. Default 64.
    pub fn max_queued_events(mut self, events: usize) -> Self {
        self.config.max_queued_events = events;
        self
    }

    /// Bytes of broadcasts that may wait for one worker; with more, emits fail with
    /// [`EmitError::Overloaded`](crate::EmitError::Overloaded). Default 64 MiB.
    pub fn max_worker_backlog(mut self, bytes: usize) -> Self {
        self.config.max_worker_backlog = bytes;
        self
    }

    /// Connections of this node; further handshakes are answered with 503. Default: no limit but
    /// the system's, as connections that were handed off do not count towards actix-web's.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.config.max_connections = Some(connections);
        self
    }

    /// Bytes of the `auth` that a client may send to connect to a namespace; with more it is refused
    /// with `the auth is too large`. It is kept as long as the socket. Default 64 KiB.
    pub fn max_auth_bytes(mut self, bytes: usize) -> Self {
        self.config.max_auth_bytes = bytes;
        self
    }

    /// Dynamic namespaces that may exist at one time; a client that asks for another is refused
    /// with `too many namespaces`. Default 10,000.
    pub fn max_dynamic_namespaces(mut self, namespaces: usize) -> Self {
        self.config.max_dynamic_namespaces = namespaces;
        self
    }

    /// Dynamic namespaces that one connection may be in; with more it is refused with `too many
    /// namespaces`. Default 100.
    pub fn max_namespaces_per_connection(mut self, namespaces: usize) -> Self {
        self.config.max_namespaces_per_connection = namespaces;
        self
    }

    /// Whether a dynamic namespace goes with its last client. Without it clients fill the hub up
    /// to [`max_dynamic_namespaces`](Self::max_dynamic_namespaces) for good. Default true, other
    /// than in Socket.IO.
    pub fn cleanup_empty_child_namespaces(mut self, cleanup: bool) -> Self {
        self.config.cleanup_empty_child_namespaces = cleanup;
        self
    }

    /// How WebSockets are served. Default [`WebSocketMode::Handoff`].
    pub fn websocket_mode(mut self, mode: WebSocketMode) -> Self {
        self.config.websocket_mode = mode;
        self
    }

    /// Compresses messages on WebSockets whose clients offer it, with these options. Default: no
    /// compression; the offers are ignored.
    pub fn per_message_deflate(mut self, options: PerMessageDeflate) -> Self {
        self.config.per_message_deflate = Some(options);
        self
    }

    /// Lets clients whose connection was lost come back to their session: with their id, their
    /// rooms, what the session [saved](crate::Session::save), and every event that they missed, in
    /// order. Default: off.
    ///
    /// Every event then carries one argument more, its offset, which clients' handlers see too. A
    /// namespace's events get one order on all workers.
    pub fn connection_state_recovery(mut self, recovery: Recovery) -> Self {
        self.config.connection_state_recovery = Some(recovery);
        self
    }

    /// What nodes share about [users](crate::Socket::bind_user) and
    /// [presence](crate::Socket::track): the time to live of a node's lease, and where it is kept.
    pub fn shared_state(mut self, options: SharedState) -> Self {
        self.config.shared_state = options;
        self
    }

    /// What packets look like on the wire, by a [parser](crate::parser) that all clients must use as
    /// well. Default: Socket.IO's own.
    pub fn parser(mut self, parser: impl Parser) -> Self {
        self.parser = Some(Box::new(parser));
        self
    }

    /// The name of this node: for the [`affinity_cookie`](Self::affinity_cookie), and among the nodes
    /// of its [cluster](Self::adapter). 1 to 64 characters of `A-Z`, `a-z`, `0-9`, `-` and `_`.
    /// Default: 16 hexadecimal characters, new for each hub.
    ///
    /// No two nodes that run at the same time may have the same name: each would take what the other
    /// says for its own, and drop it. Where a machine or a pod runs one node, its host name will do. A
    /// node that comes back may have the name that it had.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// let builder = Hub::builder().server_id("node-1");
    /// ```
    pub fn server_id(mut self, id: &str) -> Self {
        self.server_id = Some(id.to_owned());
        self
    }

    /// Makes the hub one of several that act as one: broadcasts, rooms and everything else that
    /// concerns many sockets reach those of all nodes; see [`adapter`](crate::adapter). Default: it is
    /// alone.
    ///
    /// It connects as soon as a server starts that the hub is [mounted](Hub::mount) in.
    pub fn adapter(mut self, adapter: impl IntoAdapter + 'static) -> Self {
        self.adapter = Some(Box::new(move |context| adapter.into_adapter(context)));
        self
    }

    /// Is called when the hub has connected to its cluster, when the connection is lost, and when
    /// messages of other nodes were missed. It must not block.
    pub fn on_cluster(mut self, told: impl Fn(&ClusterEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_cluster = Some(Box::new(told));
        self
    }

    /// How long other nodes may take to answer a request: for their sockets, to confirm what they
    /// were told, to a server-side event. Default 5 s.
    pub fn requests_timeout(mut self, timeout: Duration) -> Self {
        self.config.requests_timeout = timeout;
        self
    }

    /// Is shown the tracing span of each connection when it begins, with the request that opened it;
    /// not called while nobody wants such spans. For what a trace is to know besides, above all which
    /// trace of the client it belongs to: with `tracing-opentelemetry`, set the span's parent to what
    /// a propagator reads from the headers. The field `user` is left for you to record.
    ///
    /// It must not block. A panic in it is counted and traced.
    ///
    /// ```
    /// use roomcast::prelude::*;
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// let hub = Hub::builder()
    ///     .namespace::<Chat>("/")
    ///     .on_connection_span(|span, handshake| {
    ///         span.record("user", handshake.header("x-user"));
    ///     })
    ///     .build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn on_connection_span(
        mut self,
        shown: impl Fn(&tracing::Span, &Handshake) + Send + Sync + 'static,
    ) -> Self {
        self.states.insert(OnConnectionSpan(Box::new(shown)));
        self
    }

    /// When the node wants new clients, as [`Hub::ready`] and `/ready` say. Default
    /// [`ReadinessPolicy::new`].
    pub fn readiness(mut self, policy: ReadinessPolicy) -> Self {
        self.config.readiness = policy;
        self
    }

    /// For how long a worker may be in one handler, or whatever else it does, without letting
    /// others run, before that is reported: traced as an error with the namespace and the event, and
    /// counted. Another worker reports it meanwhile; with a single worker it is reported when it is
    /// over. `Duration::MAX` for never. Default 1 s.
    pub fn blocked_worker_after(mut self, time: Duration) -> Self {
        self.config.blocked_worker_after = time;
        self
    }

    /// For how long a worker may be blocked before the node counts as [unhealthy](Hub::health). Much
    /// longer than any handler may block, since an orchestrator restarts such a node. Default 10 s.
    pub fn unhealthy_after(mut self, time: Duration) -> Self {
        self.config.unhealthy_after = time;
        self
    }

    /// Builds the hub. Nothing runs until it is mounted and a client comes.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Hub, BuildError> {
        let Self {
            mut config,
            namespaces,
            mut states,
            mut http,
            on_any_outgoing,
            parser,
            server_id,
            adapter,
            on_cluster,
        } = self;
        config.path = normalize(&config.path)?;
        let server_id: Arc<str> = match server_id {
            None => hex_id().into(),
            Some(id) if is_server_id(&id) => id.into(),
            Some(id) => return Err(BuildError::ServerId(id)),
        };
        http.prepare()?;
        for (name, is_zero) in [
            ("ping_interval", config.ping_interval.is_zero()),
            ("ping_timeout", config.ping_timeout.is_zero()),
            ("connect_timeout", config.connect_timeout.is_zero()),
            ("requests_timeout", config.requests_timeout.is_zero()),
            ("close_timeout", config.close_timeout.is_zero()),
            ("upgrade_timeout", config.upgrade_timeout.is_zero()),
            ("max_http_buffer_size", config.max_http_buffer_size == 0),
            ("max_outbox_bytes", config.max_outbox_bytes == 0),
            ("max_queued_events", config.max_queued_events == 0),
            ("max_worker_backlog", config.max_worker_backlog == 0),
            (
                "blocked_worker_after",
                config.blocked_worker_after.is_zero(),
            ),
            ("unhealthy_after", config.unhealthy_after.is_zero()),
        ] {
            if is_zero {
                return Err(BuildError::Zero(name));
            }
        }
        if let Some(deflate) = &config.per_message_deflate {
            deflate.verify()?;
        }
        if let Some(recovery) = &config.connection_state_recovery {
            recovery.validate()?;
        }
        if namespaces.is_empty() {
            return Err(BuildError::NoNamespace);
        }
        states.insert(http);
        config.shared_state.validate()?;
        let metrics = Arc::new(Metrics::new());
        let cluster = adapter.map(|make| {
            let recovery = config.connection_state_recovery.is_some();
            cluster::Core::open(&server_id, make, recovery, on_cluster, &metrics)
        });
        let cluster = cluster.transpose().map_err(BuildError::Adapter)?;
        if let Some(cluster) = &cluster {
            states.insert(Arc::clone(cluster));
        }
        let registrar = Registrar::open(&server_id, &config.shared_state, cluster.as_deref());
        states.insert(Arc::clone(&registrar));
        let node = Node::new(Parts {
            config,
            parser,
            on_any_outgoing,
            supervise: room::supervise,
            metrics,
            uplinks: cluster.clone().map(|cluster| cluster as Arc<dyn Uplinks>),
        });
        registrar.observe(&node);
        let core = Arc::new(Core::new(node, namespaces, states)?);
        if let Some(cluster) = cluster {
            cluster.serve(&core);
        }
        Ok(Hub { core })
    }
}

/// It stands in cookies, in names of channels, and before a dot in names of leases.
fn is_server_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_SERVER_ID).contains(&id.len()) && id.bytes().all(plain)
}

/// The path without its last slash, which the route adds.
fn normalize(path: &str) -> Result<String, BuildError> {
    let plain = path.strip_suffix('/').unwrap_or(path);
    let mountable = plain.starts_with('/') && !plain.contains(['?', '#', '{', '}']);
    match mountable {
        true => Ok(plain.to_owned()),
        false => Err(BuildError::Path(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_must_be_one_that_can_be_mounted() {
        assert_eq!(normalize("/socket.io/").ok().as_deref(), Some("/socket.io"));
        for path in ["", "/", "rt", "/a?b", "/{x}"] {
            assert!(
                matches!(normalize(path), Err(BuildError::Path(_))),
                "{path}"
            );
        }
    }

    #[test]
    fn the_name_of_a_node_is_one_that_can_stand_anywhere() {
        for id in [
            "a",
            "node-1",
            "roomcast-7d9c5b6f8-x2k4q",
            "N_1",
            &"n".repeat(64),
        ] {
            assert!(is_server_id(id), "{id}");
        }
        for id in [
            "",
            "a.b",
            "a b",
            "a;b",
            "a#b",
            "a*",
            "né",
            "a\n",
            &"n".repeat(65),
        ] {
            assert!(!is_server_id(id), "{id}");
        }
    }

    #[test]
    fn a_hub_without_a_namespace_is_refused() {
        assert!(matches!(
            Hub::builder().build(),
            Err(BuildError::NoNamespace)
        ));
    }
}
