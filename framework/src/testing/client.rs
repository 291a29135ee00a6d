mod emitting;

use std::{
    future::Future,
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::de::DeserializeOwned;
use tokio::{task::JoinHandle, time::timeout};
use tokio_tungstenite::tungstenite::Message;

use super::{
    ConnectRefused, Disconnected, PATIENCE, Received, RecoveryTicket, TestClientBuilder,
    TestServer,
    inbox::Inbox,
    link::{Link, Outgoing},
    unexpected::{Instead, Unexpected},
    virtual_cluster::Wire,
};
use crate::{event::Event, id::SocketId, namespace::Hub, protocol::socket_io::encode};

/// A Socket.IO client for tests: one connection, in one namespace.
///
/// A task reads the connection and answers pings, so the client stays connected while the test does
/// something else; it needs a tokio runtime, such as that of `#[actix_web::test]` or
/// `#[tokio::test]`. Dropping the client cuts the connection, as a crash would.
///
/// Methods that wait do so for at most [`PATIENCE`], then panic with what arrived instead.
///
/// ```
/// # use roomcast::{prelude::*, testing::{TestClient, TestServer}};
/// #[derive(Serialize, Deserialize, Event)]
/// #[event(ack = u32)]
/// struct Add(u32, u32);
/// # #[derive(EventHandlers)] #[handles(Add)] struct Calculator;
/// # impl Session for Calculator {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
/// # impl Handle<Add> for Calculator {
/// #     async fn handle(&mut self, add: Add, _: &Socket) -> Result<u32, Rejection> {
/// #         Ok(add.0 + add.1)
/// #     }
/// # }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TestServer::start(Hub::builder().namespace::<Calculator>("/").build()?);
/// let client = TestClient::connect(&server).await?;
/// assert_eq!(client.emit_with_ack(&Add(1, 2)).await, 3);
/// # Ok(())
/// # }
/// ```
pub struct TestClient {
    hub: Hub,
    namespace: String,
    id: Option<SocketId>,
    outgoing: Arc<Outgoing>,
    inbox: Arc<Inbox>,
    link: JoinHandle<()>,
    /// Of a virtual cluster.
    wire: Option<Arc<Wire>>,
    next_ack: AtomicU64,
    next_ping: AtomicU64,
}

impl TestClient {
    /// Connects to the namespace `/`, without auth.
    ///
    /// # Errors
    /// As [`TestClientBuilder::connect`].
    pub async fn connect(server: &TestServer) -> Result<Self, ConnectRefused> {
        Self::builder(server).connect().await
    }

    /// Connects with options.
    pub fn builder(server: &TestServer) -> TestClientBuilder {
        TestClientBuilder::new(server)
    }

    pub(super) fn new(hub: Hub, namespace: String, link: Link, wire: Option<Arc<Wire>>) -> Self {
        Self {
            hub,
            namespace,
            id: None,
            outgoing: link.outgoing(),
            inbox: link.inbox(),
            link: tokio::spawn(link.run()),
            wire,
            next_ack: AtomicU64::new(0),
            next_ping: AtomicU64::new(1),
        }
    }

    /// Sends the CONNECT packet and waits for what answers it.
    pub(super) async fn connected(mut self, packet: Vec<u8>) -> Result<Self, ConnectRefused> {
        // A connection that does not take it has ended, which the inbox tells.
        self.outgoing.packet(packet, Vec::new()).await;
        let answer = self.inbox.until(|state| {
            if let Some(id) = state.connected {
                return Some(Ok(id));
            }
            let ended = || state.ended.map(ConnectRefused::new);
            state.refused.take().or_else(ended).map(Err)
        });
        let answer = answer.await;
        let id = answer.unwrap_or_else(|| Err(ConnectRefused::timed_out()))?;
        if let Some(wire) = &self.wire {
            wire.note(format_args!("is socket {id} in {}", self.namespace));
        }
        self.id = Some(id);
        Ok(self)
    }

    /// The id of the client's socket.
    #[must_use]
    pub fn id(&self) -> SocketId {
        // Only `connect` hands clients out, and it has set the id.
        self.id
            .unwrap_or_else(|| unreachable!("a client that is not connected"))
    }

    /// What another client needs to recover this one's socket with
    /// [`TestClientBuilder::recover`]. `None` without connection state recovery.
    #[must_use]
    pub fn recovery(&self) -> Option<RecoveryTicket> {
        self.inbox.lock().recovery.clone()
    }

    /// Whether the client has recovered the socket that it [asked for](TestClientBuilder::recover).
    #[must_use]
    pub fn has_recovered(&self) -> bool {
        self.inbox.lock().recovered
    }

    /// Whether the client considers itself connected. Events that arrived before the end remain
    /// [pending](Self::pending).
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.inbox.lock().ended.is_none()
    }

    /// The client's namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Waits for the next event, which must be of type `E`.
    ///
    /// # Panics
    /// If another event comes, or one that does not fit the type, or the connection ends, or
    /// nothing comes within [`PATIENCE`].
    #[track_caller]
    pub fn expect<E: Event + DeserializeOwned>(&self) -> impl Future<Output = E> {
        let at = Location::caller();
        async move {
            let expected = || format!("the event `{}`", E::NAME);
            let received = match self.take().await {
                Ok(received) if received.name == E::NAME => received,
                Ok(other) => self.fail(at, expected(), Instead::Other(other)),
                Err(instead) => self.fail(at, expected(), instead),
            };
            match received.event() {
                Ok(event) => event,
                Err(error) => {
                    let instead = Instead::DoesNotFit(received, error.to_string());
                    self.fail(at, expected(), instead)
                }
            }
        }
    }

    /// Waits for the next event, of any type.
    ///
    /// # Panics
    /// If the connection ends, or nothing comes within [`PATIENCE`].
    #[track_caller]
    pub fn next(&self) -> impl Future<Output = Received> {
        let at = Location::caller();
        async move {
            match self.take().await {
                Ok(received) => received,
                Err(instead) => self.fail(at, "an event".to_owned(), instead),
            }
        }
    }

    /// The events that have arrived and were not taken. After [`sync`](Self::sync) those are all events
    /// that the server has emitted to this client so far.
    pub fn pending(&self) -> Vec<Received> {
        let events = {
            let mut state = self.inbox.lock();
            std::iter::from_fn(|| state.take()).collect()
        };
        self.inbox.has_room();
        events
    }

    /// Waits until everything has arrived that was emitted to this client before this call, anywhere in
    /// this process. It does not wait for events that handlers or other tasks have yet to emit: await
    /// their acks first.
    ///
    /// ```no_run
    /// # use roomcast::{prelude::*, testing::TestClient};
    /// # async fn example(client: &TestClient) {
    /// client.sync().await;
    /// assert_eq!(client.pending(), [], "nothing was emitted to it");
    /// # }
    /// ```
    ///
    /// # Panics
    /// If the server does not answer within [`PATIENCE`].
    #[track_caller]
    pub fn sync(&self) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            // Through the mailbox of its worker, behind what was emitted before ...
            if let Some(namespace) = self.hub.namespace(&self.namespace) {
                let question = namespace.to(self.id().as_str().to_owned());
                let _ = timeout(PATIENCE, question.fetch_sockets()).await;
            }
            if let Some(wire) = &self.wire {
                let _ = timeout(PATIENCE, wire.is_delivered()).await;
            }
            // ... and through its connection, behind what that left for it.
            let number = self.next_ping.fetch_add(1, Ordering::Relaxed);
            let ping = Message::Ping(number.to_be_bytes().to_vec().into());
            self.outgoing.message(ping).await;
            let done = self
                .inbox
                .until(|state| (state.pong >= number || state.ended.is_some()).then_some(()));
            if done.await.is_none() {
                self.fail(
                    at,
                    "the answer to a WebSocket ping".to_owned(),
                    Instead::Nothing,
                );
            }
        }
    }

    // ---- the end

    /// Waits until the client is no longer connected.
    ///
    /// # Panics
    /// If an event comes before, or the client is still connected after [`PATIENCE`].
    #[track_caller]
    pub fn expect_disconnect(&self) -> impl Future<Output = Disconnected> {
        let at = Location::caller();
        async move {
            let instead = match self.take().await {
                Err(Instead::Ended(how)) => return how,
                Err(instead) => instead,
                Ok(other) => Instead::Other(other),
            };
            self.fail(at, "to be disconnected".to_owned(), instead)
        }
    }

    /// Leaves the namespace, closes the connection properly, and waits until that is done.
    ///
    /// # Panics
    /// If the server does not close its side within [`PATIENCE`].
    pub async fn disconnect(mut self) {
        self.inbox.end(Disconnected::ByClient);
        let mut text = Vec::new();
        encode::disconnect(&mut text, &self.namespace);
        self.outgoing.packet(text, Vec::new()).await;
        self.outgoing.message(Message::Close(None)).await;
        let closed = timeout(PATIENCE, &mut self.link).await;
        assert!(
            closed.is_ok(),
            "the server did not close within {PATIENCE:?}"
        );
    }

    // ---- inside

    pub(super) fn wire(&self) -> &Wire {
        let wire = self.wire.as_deref();
        wire.unwrap_or_else(|| panic!("a client of no virtual cluster"))
    }

    /// The next event, or why there is none.
    async fn take(&self) -> Result<Received, Instead> {
        let taken = self.inbox.until(|state| {
            let ended = state.ended;
            let event = state.take().map(Ok);
            event.or_else(|| ended.map(|how| Err(Instead::Ended(how))))
        });
        let taken = taken.await.unwrap_or(Err(Instead::Nothing));
        self.inbox.has_room();
        taken
    }

    fn ended(&self) -> Instead {
        self.inbox
            .lock()
            .ended
            .map_or(Instead::Nothing, Instead::Ended)
    }

    fn fail(&self, at: &'static Location<'static>, expected: String, instead: Instead) -> ! {
        let mut before = self.inbox.lock().past();
        if matches!(instead, Instead::Other(_) | Instead::DoesNotFit(..)) {
            // It is told apart from what came before.
            before.pop();
        }
        let unexpected = Unexpected {
            expected,
            instead,
            before,
            at,
        };
        panic!("{unexpected}")
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        self.link.abort();
    }
}

impl std::fmt::Debug for TestClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestClient")
            .field("id", &self.id)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
