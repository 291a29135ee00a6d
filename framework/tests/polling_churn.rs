//! Tens of thousands of polling sessions, each left in another state: what they took is all given back.

#![allow(clippy::unwrap_used, reason = "tests")]

mod waiting;
mod wire;

use std::time::Duration;

use peak_alloc::PeakAlloc;
use roomcast::{WebSocketMode, prelude::*, testing::TestServer};
use waiting::holds;
use wire::{HANDSHAKE, Message, Wire, descriptors, deserted, eventually, memory};

/// Counts the bytes of the whole process, server and clients, to the byte.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Five times as many in all.
const SESSIONS: usize = 5_000;

/// Rounds after the first, in which everything is made that is made once; and how many there may be.
const ROUNDS: usize = 4;
const MOST_ROUNDS: usize = 10;

/// Clients at one time.
const CLIENTS: usize = 16;

/// What one round may leave behind: eight bytes a session, while the smallest thing of a session is its id.
const SLACK: usize = 8 * SESSIONS;

/// What a round may take to give everything back, once its sessions have ended.
const SETTLES: Duration = Duration::from_secs(5);

/// What the allocator may keep of what was freed.
const UNUSED: usize = 24 << 20;

#[derive(EventHandlers)]
#[handles()]
struct Visitor;

impl Session for Visitor {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        socket.join("all")?;
        socket.join(format!("only {}", socket.id()))?;
        Ok(Self)
    }
}

struct Client<'a> {
    server: &'a TestServer,
    /// Where the requests go, one after the other.
    http: Wire,
    /// A WebSocket that will not go on, until there is another one.
    silent: Option<Wire>,
}

impl<'a> Client<'a> {
    async fn new(server: &'a TestServer) -> Self {
        Self {
            server,
            http: Wire::dial(server).await,
            silent: None,
        }
    }

    /// Opens a session and leaves it, in a way that its number chooses.
    async fn visit(&mut self, number: usize) {
        let open = self.http.request("GET", "", "").await;
        let session = format!("&sid={}", open.split('"').nth(3).unwrap());
        let way = number % 16;
        if way > 10 {
            // Opened, and nothing more.
            return;
        }
        assert_eq!(self.http.request("POST", &session, "40").await, "ok");
        match way {
            // The reply is not fetched.
            0 | 1 => {}
            // Between two polls.
            2 => drop(self.poll(&session).await),
            // Closed in good order.
            3 => assert_eq!(self.http.request("POST", &session, "1").await, "ok"),
            // While a GET waits.
            4 => {
                self.poll(&session).await;
                self.begin_poll(&session).await;
                self.http = Wire::dial(self.server).await;
            }
            // In the middle of a POST.
            5 => {
                let request = format!(
                    "POST /socket.io/?EIO=4&transport=polling{session} HTTP/1.1\r\nHost: x\r\n\
                     Content-Length: 100\r\n\r\n42[\"cut"
                );
                self.http.write(request.as_bytes()).await;
                self.http = Wire::dial(self.server).await;
            }
            // On the way to a WebSocket, before the probe and after it.
            6 => self.upgrade(&session).await.reset(),
            7 => self.probe(&session).await.reset(),
            // The same while a GET waits, which the probe ends.
            8 => {
                self.poll(&session).await;
                self.begin_poll(&session).await;
                let socket = self.probe(&session).await;
                // On a busy machine a ping may be first.
                let answer = self.http.answer().await;
                assert!(["2", "6"].contains(&answer.as_str()), "{answer}");
                socket.reset();
            }
            // On the WebSocket, or nearly.
            9 => {
                let mut socket = self.probe(&session).await;
                socket.text("5").await;
                socket.reset();
            }
            // It stays there, and is silent.
            _ => self.silent = Some(self.probe(&session).await),
        }
    }

    async fn poll(&mut self, session: &str) -> String {
        self.http.request("GET", session, "").await
    }

    async fn begin_poll(&mut self, session: &str) {
        self.http.begin("GET", session, "").await;
    }

    async fn upgrade(&self, session: &str) -> Wire {
        let mut socket = Wire::dial(self.server).await;
        let request = HANDSHAKE.replace("=websocket", &format!("=websocket{session}"));
        socket.write(request.as_bytes()).await;
        socket.head().await;
        socket
    }

    async fn probe(&self, session: &str) -> Wire {
        let mut socket = self.upgrade(session).await;
        socket.text("2probe").await;
        assert_eq!(socket.next().await, Message::Text("3probe".to_owned()));
        socket
    }
}

async fn churn(server: &TestServer, sessions: usize) {
    let clients = (0..CLIENTS).map(async |_| {
        let mut client = Client::new(server).await;
        for number in 0..sessions / CLIENTS {
            client.visit(number).await;
        }
    });
    futures_util::future::join_all(clients).await;
    deserted(server.hub()).await;
}

/// How much more is used than before, when that is little, or does not get less any more.
async fn grown(before: usize) -> usize {
    let growth = || ALLOCATOR.current_usage().saturating_sub(before);
    let little = holds(|| growth() < SLACK);
    let _ = tokio::time::timeout(SETTLES, little).await;
    growth()
}

#[actix_web::test]
async fn what_abandoned_sessions_took_is_given_back() {
    // Long enough for a client that goes on, however slow the machine.
    let hub = Hub::builder()
        .namespace::<Visitor>("/")
        .ping_interval(Duration::from_secs(2))
        .ping_timeout(Duration::from_secs(2))
        .upgrade_timeout(Duration::from_secs(2))
        .close_timeout(Duration::from_secs(1));
    let server = wire::serve_on(2, WebSocketMode::Handoff, hub);
    churn(&server, SESSIONS).await;
    let (open, resident) = (descriptors(), memory());

    // A round that has more sessions at one time than any before makes tables double. That ends;
    // what sessions leave behind would be there after each round.
    let is_little = |left: &usize| *left < SLACK;
    let mut growth = Vec::new();
    while growth.len() < ROUNDS || (!growth.iter().any(is_little) && growth.len() < MOST_ROUNDS) {
        let used = ALLOCATOR.current_usage();
        churn(&server, SESSIONS).await;
        eventually("all descriptors are given back", || descriptors() <= open).await;
        growth.push(grown(used).await);
    }
    assert!(growth.iter().any(is_little), "{growth:?} bytes");
    let grown = memory().saturating_sub(resident);
    assert!(grown < UNUSED, "{grown} bytes more are resident");
    assert!(server.hub().namespace("/").unwrap().rooms().is_empty());

    // They were left as they should have been.
    let refused = server.hub().stats().refused_packets;
    for reason in ["poll_aborted", "post_aborted"] {
        assert!(
            refused[reason] > (ROUNDS * SESSIONS / 16) as u64,
            "{refused:?}"
        );
    }
}
