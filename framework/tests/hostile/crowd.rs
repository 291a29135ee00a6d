//! A server with a client that behaves, beside others that do not: what it is served meanwhile, and what the others
//! may cost.

use std::{cell::Cell, future::Future};

use actix_web::rt::spawn;
use peak_alloc::PeakAlloc;
use roomcast::{
    HubBuilder, Stats,
    prelude::*,
    testing::{RawClient, TestClient, TestServer},
};
use tokio::sync::MutexGuard;

use crate::waiting::PATIENCE;
use crate::{
    common::{clients, until},
    stage::alone,
};

/// Counts the bytes of the whole process, of clients too.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u64)]
struct Echo(u64);

/// Is forgotten.
#[derive(Serialize, Deserialize, Event)]
struct Say(String);

/// Has its session join a room.
#[derive(Serialize, Deserialize, Event)]
struct Enter(String);

/// Has its session emit a question, and not wait for the answer.
#[derive(Serialize, Deserialize, Event)]
struct AskMe;

#[derive(Serialize, Event)]
#[event(ack = u64)]
struct Question;

#[derive(EventHandlers)]
#[handles(Echo, Say, Enter, AskMe)]
pub(crate) struct Guest;

impl Session for Guest {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Echo> for Guest {
    async fn handle(&mut self, Echo(number): Echo, _: &Socket) -> Result<u64, Rejection> {
        Ok(number)
    }
}

impl Handle<Say> for Guest {
    async fn handle(&mut self, _: Say, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

impl Handle<Enter> for Guest {
    async fn handle(&mut self, Enter(room): Enter, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.join(&room)?)
    }
}

impl Handle<AskMe> for Guest {
    async fn handle(&mut self, _: AskMe, socket: &Socket) -> Result<(), Rejection> {
        let socket = socket.clone();
        spawn(async move {
            socket
                .timeout(PATIENCE * 100)
                .emit_with_ack(&Question)
                .await
        });
        Ok(())
    }
}

pub(crate) struct Crowd {
    good: TestClient,
    pub(crate) server: TestServer,
    _alone: MutexGuard<'static, ()>,
}

impl Crowd {
    pub(crate) async fn gather(options: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        let alone = alone().await;
        let hub = options(Hub::builder().namespace::<Guest>("/"));
        let server = TestServer::start(hub.build().unwrap());
        Self {
            good: clients::connect(&server).await,
            server,
            _alone: alone,
        }
    }

    /// The room of the client that behaves alone.
    pub(crate) fn good_id(&self) -> String {
        self.good.id().to_string()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.server.hub().stats()
    }

    /// One of the others, in the namespace `/`.
    pub(crate) async fn enter(&self) -> RawClient {
        clients::raw(&self.server).await
    }

    /// While the flood lasts, the client that behaves sends echoes, one after the other, and each is answered. At no
    /// moment does the flood cost more than so many bytes.
    pub(crate) async fn endures<T>(&self, bytes: usize, flood: impl Future<Output = T>) -> T {
        ALLOCATOR.reset_peak_usage();
        let before = ALLOCATOR.current_usage();
        let answered = Cell::new(0);
        let echoes = async {
            loop {
                let number = answered.get();
                assert_eq!(self.good.emit_with_ack(&Echo(number)).await, number);
                answered.set(number + 1);
            }
        };
        let result = tokio::select! {
            never = echoes => never,
            result = flood => result,
        };
        let most = ALLOCATOR.peak_usage().saturating_sub(before);
        assert!(answered.get() > 0, "nothing was answered meanwhile");
        assert_eq!(self.good.emit_with_ack(&Echo(7)).await, 7);
        assert!(most < bytes, "{most} bytes");
        result
    }

    /// Only the one that behaves is left.
    pub(crate) async fn has_gone(&self) {
        until("the others have gone", || {
            let stats = self.stats();
            (stats.connections, stats.sockets, stats.rooms) == (1, 1, 0)
        })
        .await;
    }
}
