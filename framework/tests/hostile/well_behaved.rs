//! Clients that behave, one on each transport, on a thread of their own: whatever the test does, they ask for
//! something as soon as they have got what they asked for before.

use std::{
    net::SocketAddr,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use roomcast::prelude::*;
use tokio::{net::TcpStream, runtime::Builder};

use crate::wire::{HANDSHAKE, Wire, eventually};

/// How many they are.
pub(crate) const WELL_BEHAVED: usize = 2;

/// Where they are, and nobody else.
pub(crate) const THEIR_ROOM: &str = "well-behaved";

/// As long as this lives.
pub(crate) struct WellBehaved {
    /// How often each of them has got the answer to an event of its own, and a broadcast.
    served: Arc<AtomicU64>,
    leave: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WellBehaved {
    pub(crate) async fn enter(server: SocketAddr, hub: Hub) -> Self {
        let (served, leave) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (count, left) = (Arc::clone(&served), Arc::clone(&leave));
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let mut both = Both::enter(server).await;
                while !left.load(Ordering::Relaxed) {
                    both.are_served(&hub, count.load(Ordering::Relaxed)).await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        });
        let well_behaved = Self {
            served,
            leave,
            thread: Some(thread),
        };
        eventually("they are served", || well_behaved.served() > 0).await;
        well_behaved
    }

    pub(crate) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }
}

impl Drop for WellBehaved {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        if let Some(Err(panic)) = ended
            && !thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

struct Both {
    websocket: Wire,
    polling: Polling,
}

impl Both {
    async fn enter(server: SocketAddr) -> Self {
        let mut websocket = dial(server).await;
        websocket.write(HANDSHAKE.as_bytes()).await;
        websocket.head().await;
        websocket.opened().await;
        websocket.connect().await;
        let mut both = Self {
            websocket,
            polling: Polling::enter(dial(server).await).await,
        };
        let enter = format!(r#"42["enter","{THEIR_ROOM}"]"#);
        both.websocket.text(&enter).await;
        both.polling.post(&enter).await;
        both
    }

    /// An echo for each, and a broadcast for both; nothing else comes.
    async fn are_served(&mut self, hub: &Hub, number: u64) {
        // Behind the echoes of the first time both are in the room.
        let echo = format!(r#"42{number}["echo",{number}]"#);
        self.websocket.text(&echo).await;
        self.polling.post(&echo).await;
        let echoed = format!("43{number}[{number}]");
        self.websocket.expect(&echoed).await;
        self.polling.expect(&echoed).await;
        hub.to(THEIR_ROOM).emit_raw("news", &[number]).unwrap();
        let news = format!(r#"42["news",{number}]"#);
        self.websocket.expect(&news).await;
        self.polling.expect(&news).await;
    }
}

async fn dial(server: SocketAddr) -> Wire {
    Wire::over(TcpStream::connect(server).await.unwrap())
}

/// A client on long-polling, whose requests go over one connection.
struct Polling {
    wire: Wire,
    session: String,
}

impl Polling {
    async fn enter(mut wire: Wire) -> Self {
        let open = wire.request("GET", "", "").await;
        let session = format!("&sid={}", open.split('"').nth(3).unwrap());
        let mut polling = Self { wire, session };
        polling.post("40").await;
        let reply = polling.next().await;
        assert!(reply.starts_with("40{"), "{reply}");
        polling
    }

    async fn post(&mut self, packet: &str) {
        let answer = self.wire.request("POST", &self.session, packet).await;
        assert_eq!(answer, "ok");
    }

    /// What comes next, but for pings, which are answered.
    async fn next(&mut self) -> String {
        loop {
            let payload = self.wire.request("GET", &self.session, "").await;
            let mut packets: Vec<_> = payload.split('\u{1e}').collect();
            let before = packets.len();
            packets.retain(|packet| *packet != "2");
            if packets.len() < before {
                self.post("3").await;
            }
            match &*packets {
                [] => {}
                [packet] => return (*packet).to_owned(),
                several => panic!("nobody asked for so much: {several:?}"),
            }
        }
    }

    async fn expect(&mut self, packet: &str) {
        assert_eq!(self.next().await, packet);
    }
}
