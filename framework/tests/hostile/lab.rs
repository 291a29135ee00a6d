//! The application that they talk to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use roomcast::prelude::*;
use tokio::sync::Semaphore;

/// What the sessions share with the test.
pub(crate) struct Lab {
    /// Slow things go on when they get a permit.
    gate: Semaphore,
    /// The numbers of the slow events that were handled.
    handled: Mutex<Vec<u32>>,
    /// Calls of `connect` that are waiting.
    pub(crate) connecting: AtomicUsize,
    pub(crate) connected: AtomicUsize,
    /// Handlers that are waiting.
    pub(crate) handling: AtomicUsize,
}

impl Lab {
    /// With its gate closed.
    pub(crate) fn closed() -> Self {
        Self {
            gate: Semaphore::new(0),
            handled: Mutex::default(),
            connecting: AtomicUsize::new(0),
            connected: AtomicUsize::new(0),
            handling: AtomicUsize::new(0),
        }
    }

    pub(crate) fn handled(&self) -> Vec<u32> {
        self.handled.lock().unwrap().clone()
    }

    /// Waits for the gate, counted as long as the future lives.
    async fn wait(&self, waiting: &AtomicUsize) {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(waiting);
        self.gate.acquire().await.unwrap().forget();
    }

    pub(crate) fn open(&self) {
        self.gate.add_permits(1_000_000);
    }
}

#[derive(Deserialize, Event)]
#[event(ack = String)]
pub(crate) struct Echo(String);

#[derive(Deserialize, Event)]
pub(crate) struct Slow(
    u32,
    #[expect(dead_code, reason = "its bytes matter")] String,
);

#[derive(Deserialize, Event)]
#[event(ack = usize)]
pub(crate) struct Upload(Binary);

#[derive(Serialize, Event)]
pub(crate) struct News<'a>(pub(crate) u32, pub(crate) &'a str);

#[derive(EventHandlers)]
#[handles(Echo, Slow, Upload)]
pub(crate) struct Guest;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Manners {
    /// Waits for the gate in `connect`.
    slow: bool,
}

impl Session for Guest {
    type Auth = Manners;

    async fn connect(manners: Manners, socket: &Socket) -> Result<Self, Refusal> {
        let lab: &Arc<Lab> = socket.state();
        socket.join("lobby")?;
        if manners.slow {
            lab.wait(&lab.connecting).await;
        }
        lab.connected.fetch_add(1, Ordering::Relaxed);
        Ok(Self)
    }
}

impl Handle<Echo> for Guest {
    async fn handle(&mut self, Echo(text): Echo, _: &Socket) -> Result<String, Rejection> {
        Ok(text)
    }
}

impl Handle<Slow> for Guest {
    async fn handle(&mut self, Slow(number, _): Slow, socket: &Socket) -> Result<(), Rejection> {
        let lab: &Arc<Lab> = socket.state();
        lab.wait(&lab.handling).await;
        lab.handled.lock().unwrap().push(number);
        Ok(())
    }
}

impl Handle<Upload> for Guest {
    async fn handle(&mut self, upload: Upload, _: &Socket) -> Result<usize, Rejection> {
        Ok(upload.0.len())
    }
}

/// Leaves as slowly as the gate lets it.
#[derive(EventHandlers)]
#[handles()]
pub(crate) struct Lingering;

impl Session for Lingering {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let lab: &Arc<Lab> = socket.state();
        lab.connected.fetch_add(1, Ordering::Relaxed);
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        let lab: &Arc<Lab> = socket.state();
        lab.wait(&lab.handling).await;
    }
}
