//! A server with clients that behave, beside others that do not: what they are served meanwhile, and what the others
//! may cost.

use std::{future::Future, ops::RangeInclusive};

use actix_web::rt::spawn;
use peak_alloc::PeakAlloc;
use roomcast::{
    HubBuilder, Stats,
    prelude::*,
    testing::{RawClient, TestServer},
};
use tokio::sync::MutexGuard;

use crate::waiting::PATIENCE;
use crate::{
    common::{clients, until},
    stage::alone,
    well_behaved::{WELL_BEHAVED, WellBehaved},
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

/// How often each of those who behave has to be served while the others do what they do.
const SERVED: u64 = 10;

pub(crate) struct Crowd {
    well_behaved: WellBehaved,
    pub(crate) server: TestServer,
    _alone: MutexGuard<'static, ()>,
}

impl Crowd {
    pub(crate) async fn gather(options: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        let alone = alone().await;
        let hub = options(Hub::builder().namespace::<Guest>("/"));
        let server = TestServer::start(hub.build().unwrap());
        Self {
            well_behaved: WellBehaved::enter(server.addr(), server.hub().clone()).await,
            server,
            _alone: alone,
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        self.server.hub().stats()
    }

    /// One of the others, in the namespace `/`.
    pub(crate) async fn enter(&self) -> RawClient {
        clients::raw(&self.server).await
    }

    /// While the flood lasts, those who behave are served again and again. At no moment does the flood cost more than
    /// so many bytes.
    pub(crate) async fn endures<T>(&self, bytes: usize, flood: impl Future<Output = T>) -> T {
        ALLOCATOR.reset_peak_usage();
        let before = ALLOCATOR.current_usage();
        let begun = self.well_behaved.served();
        let result = flood.await;
        let served = self.well_behaved.served() - begun;
        let most = ALLOCATOR.peak_usage().saturating_sub(before);
        assert!(served >= SERVED, "they were served {served} times");
        assert!(most < bytes, "{most} bytes");
        result
    }

    /// Counts what a flood does: as often as the least of `times`, and on until those who behave have been served
    /// meanwhile, for which no machine is too busy. They have to be before it has been done the most of `times`.
    pub(crate) fn flood(&self, times: RangeInclusive<usize>) -> impl Iterator<Item = usize> {
        self.flood_until(times, || true)
    }

    /// The same for those who wait for something else as well.
    pub(crate) fn flood_until(
        &self,
        times: RangeInclusive<usize>,
        happened: impl Fn() -> bool,
    ) -> impl Iterator<Item = usize> {
        let begun = self.well_behaved.served();
        (0..).take_while(move |done| {
            let served = self.well_behaved.served() - begun;
            let goes_on = done < times.start() || served < SERVED || !happened();
            assert!(
                !goes_on || done < times.end(),
                "{done} times, and meanwhile those who behave were served {served} times"
            );
            goes_on
        })
    }

    /// Only those who behave are left.
    pub(crate) async fn has_gone(&self) {
        until("the others have gone", || {
            let stats = self.stats();
            let left = [stats.connections, stats.sockets, stats.rooms];
            left == [WELL_BEHAVED as u64, WELL_BEHAVED as u64, 1]
        })
        .await;
    }
}
