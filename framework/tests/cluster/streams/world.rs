//! Nodes with a Redis between them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use roomcast::{
    Binary, ClusterEvent, HubBuilder, Recovery, SessionState, WebSocketMode,
    adapter::{IntoAdapter, Redis, Streams},
    prelude::*,
    testing::TestServer,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::common::redis::RedisServer;
use crate::waiting::PATIENCE;
use crate::wire::recovering::Client;
use crate::wire::serve_on;

#[derive(Serialize, Event)]
pub(crate) struct News(pub(crate) u32);

#[derive(Serialize, Event)]
pub(crate) struct Picture(pub(crate) u32, pub(crate) Binary);

/// A session that knows its rooms, and counts how often it was there.
#[derive(EventHandlers)]
#[handles(Add)]
pub(crate) struct Guest {
    sum: u32,
}

#[derive(Deserialize, Event)]
#[event(ack = u32)]
pub(crate) struct Add(u32);

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wishes {
    rooms: Vec<String>,
    data: Option<Value>,
}

impl Session for Guest {
    type Auth = Wishes;

    async fn connect(auth: Wishes, socket: &Socket) -> Result<Self, Refusal> {
        for room in auth.rooms {
            socket.join(room)?;
        }
        if let Some(data) = auth.data {
            socket.set_data(&data)?;
        }
        socket.state::<Log>().note(socket, "connect");
        Ok(Self { sum: 0 })
    }

    fn save(&self) -> Option<SessionState> {
        SessionState::of(&self.sum)
    }

    async fn restore(state: SessionState, _: Wishes, socket: &Socket) -> Result<Self, Refusal> {
        socket.state::<Log>().note(socket, "restore");
        Ok(Self { sum: state.read()? })
    }
}

impl Handle<Add> for Guest {
    async fn handle(&mut self, Add(number): Add, _: &Socket) -> Result<u32, Rejection> {
        self.sum += number;
        Ok(self.sum)
    }
}

/// What sessions were told, and of which sockets.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<(&'static str, Socket)>>>);

impl Log {
    fn note(&self, socket: &Socket, what: &'static str) {
        self.0.lock().unwrap().push((what, socket.clone()));
    }

    /// The newest of them.
    pub(crate) fn last(&self) -> (&'static str, Socket) {
        self.0.lock().unwrap().last().unwrap().clone()
    }
}

pub(crate) struct Node {
    pub(crate) server: TestServer,
    pub(crate) log: Log,
    pub(crate) gaps: Arc<Mutex<Vec<Option<u64>>>>,
}

impl Node {
    pub(crate) async fn start(redis: &RedisServer) -> Self {
        Self::at(&redis.url()).await
    }

    pub(crate) async fn at(url: &str) -> Self {
        let patient = |streams: Redis<Streams>| streams.hold(Duration::from_secs(60));
        let node = Self::build(url, patient, Some(Recovery::new()));
        node.connected().await;
        node
    }

    pub(crate) fn build(
        url: &str,
        options: impl FnOnce(Redis<Streams>) -> Redis<Streams>,
        recovery: Option<Recovery>,
    ) -> Self {
        // Much shorter than by default, so that what hangs is noticed.
        let streams = Redis::streams(url).response_timeout(Duration::from_secs(2));
        Self::on(options(streams), recovery)
    }

    /// With any adapter.
    pub(crate) fn on(adapter: impl IntoAdapter + 'static, recovery: Option<Recovery>) -> Self {
        Self::with(adapter, |hub| match recovery {
            Some(recovery) => hub.connection_state_recovery(recovery),
            None => hub,
        })
    }

    /// With any options.
    pub(crate) fn with(
        adapter: impl IntoAdapter + 'static,
        options: impl FnOnce(HubBuilder) -> HubBuilder,
    ) -> Self {
        let (log, gaps) = (Log::default(), Arc::<Mutex<Vec<_>>>::default());
        let noted = Arc::clone(&gaps);
        let hub = Hub::builder()
            .namespace::<Guest>("/")
            .namespace::<Guest>("/other")
            .state(log.clone())
            .adapter(adapter)
            .on_cluster(move |event| {
                if let ClusterEvent::Gap { lost } = event {
                    noted.lock().unwrap().push(*lost);
                }
            });
        Self {
            server: serve_on(2, WebSocketMode::Handoff, options(hub)),
            log,
            gaps,
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        self.server.hub()
    }

    pub(crate) async fn connected(&self) {
        let cluster = self.hub().cluster().unwrap();
        timeout(PATIENCE, cluster.connected())
            .await
            .expect("connected in time");
    }

    /// A client in these rooms that has seen an event, without which nobody comes back.
    pub(crate) async fn enter(&self, rooms: &[&str]) -> Client {
        let mut client = Client::connect(
            &self.server,
            "",
            json!({ "rooms": rooms, "data": {"name": "Ada"} }),
        )
        .await;
        let (_, socket) = self.log.last();
        socket.emit(&News(0)).unwrap();
        client.expect(json!(["news", 0])).await;
        client
    }
}
