//! A server whose handlers wait until the test lets them go on.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use actix_web::rt;
use roomcast::{
    Acks, Drained, HubBuilder, WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};
use tokio::{sync::Semaphore, time::timeout};

use crate::common::{
    journal::{Entries, Journal, journal},
    until,
};
use crate::waiting::PATIENCE;

pub(crate) const MS: Duration = Duration::from_millis(1);

/// Opened by the test: once for each who waits at it.
pub(crate) struct Gate(Semaphore);

impl Gate {
    pub(crate) fn open(&self, times: usize) {
        self.0.add_permits(times);
    }

    async fn pass(&self) {
        self.0.acquire().await.expect("a gate").forget();
    }
}

/// Whose `disconnect` waits at the gate, or panics.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Plan {
    lingers: bool,
    panics: bool,
}

#[derive(EventHandlers)]
#[handles(Work, Block)]
pub(crate) struct Worker(Plan);

#[derive(Deserialize, Event)]
#[event(ack = u32)]
pub(crate) struct Work(pub(crate) u32);

/// Blocks its thread.
#[derive(Deserialize, Event)]
pub(crate) struct Block;

pub(crate) type Blocked = Mutex<mpsc::Receiver<()>>;

#[derive(Serialize, Event)]
#[event(ack = String)]
pub(crate) struct Question;

/// Writes that a handler's future was dropped before it had finished.
struct Unfinished<'a>(&'a Journal);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.write("dropped");
    }
}

impl Session for Worker {
    type Auth = Plan;

    async fn connect(plan: Plan, _: &Socket) -> Result<Self, Refusal> {
        Ok(Self(plan))
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        if self.0.lingers {
            socket.state::<Arc<Gate>>().pass().await;
        }
        let journal = socket.state::<Journal>();
        if self.0.panics {
            journal.write("panics");
            panic!("as planned");
        }
        journal.write(reason);
    }
}

impl Handle<Work> for Worker {
    async fn handle(&mut self, Work(number): Work, socket: &Socket) -> Result<u32, Rejection> {
        let journal = socket.state::<Journal>();
        journal.write(format_args!("begins {number}"));
        let unfinished = Unfinished(journal);
        socket.state::<Arc<Gate>>().pass().await;
        std::mem::forget(unfinished);
        Ok(number)
    }
}

impl Handle<Block> for Worker {
    async fn handle(&mut self, Block: Block, socket: &Socket) -> Result<(), Rejection> {
        socket.state::<Journal>().write("blocks");
        let _ = socket.state::<Blocked>().lock().unwrap().recv();
        Ok(())
    }
}

/// Without what handlers of events need.
pub(crate) fn hub(mode: WebSocketMode) -> HubBuilder {
    Hub::builder()
        .namespace::<Worker>("/")
        .namespace::<Worker>("/other")
        .websocket_mode(mode)
}

pub(crate) struct World {
    pub(crate) server: TestServer,
    pub(crate) gate: Arc<Gate>,
    pub(crate) entries: Entries,
    /// Dropped, it lets go of the thread that is blocked.
    pub(crate) blocked: mpsc::SyncSender<()>,
}

impl World {
    pub(crate) fn new(mode: WebSocketMode, options: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        let (journal, entries) = journal();
        let gate = Arc::new(Gate(Semaphore::new(0)));
        let (blocked, released) = mpsc::sync_channel(0);
        let hub = hub(mode)
            .state(journal)
            .state(Arc::clone(&gate))
            .state(Mutex::new(released));
        Self {
            server: TestServer::start(options(hub).build().unwrap()),
            gate,
            entries,
            blocked,
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        self.server.hub()
    }

    pub(crate) async fn enter(&self, auth: &str) -> RawClient {
        let mut client = RawClient::open(&self.server).await;
        client.send(&format!("40{auth}")).await;
        let Frame::Text(reply) = client.next().await else {
            panic!("refused");
        };
        assert!(reply.starts_with("40{"), "{reply}");
        client
    }

    /// A client whose handler waits at the gate.
    pub(crate) async fn at_work(&mut self, number: u32) -> RawClient {
        let mut client = self.enter("").await;
        client
            .send(&format!(r#"42{number}["work",{number}]"#))
            .await;
        self.entries.expect(&format!("begins {number}")).await;
        client
    }

    /// Asks everyone, which has come to this client.
    pub(crate) async fn asks(&self, client: &mut RawClient) -> rt::task::JoinHandle<Acks<String>> {
        let hub = self.hub().clone();
        let asking = async move { hub.everyone().emit_with_ack(&Question).await.unwrap() };
        let asking = rt::spawn(asking);
        client.expect_text(r#"420["question"]"#).await;
        asking
    }

    pub(crate) fn drain(&self) -> rt::task::JoinHandle<Drained> {
        let hub = self.hub().clone();
        rt::spawn(async move { hub.drain().await })
    }

    pub(crate) async fn draining(&self) {
        until("it drains", || self.hub().stats().draining == 1).await;
    }
}

pub(crate) async fn drained(drain: rt::task::JoinHandle<Drained>) -> Drained {
    timeout(PATIENCE, drain)
        .await
        .expect("drained in time")
        .unwrap()
}

#[track_caller]
pub(crate) fn assert_outcome(drained: Drained, clean: bool, outcome: [u64; 3]) {
    let Drained {
        clean: was_clean,
        closed,
        unanswered,
        cut,
        ..
    } = drained;
    assert_eq!((was_clean, [closed, unanswered, cut]), (clean, outcome));
}
