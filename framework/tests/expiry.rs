//! Sockets that may stay only for so long: told before, renewed, disconnected.

mod common;

use std::time::{Duration, SystemTime};

use common::{
    NEVER,
    journal::{Entries, Journal, journal},
    until,
};
use roomcast::{
    prelude::*,
    testing::{Disconnected, TestClient, TestServer},
};
use tokio::sync::{Notify, mpsc};

const NOTICE: Duration = Duration::from_millis(150);

#[derive(EventHandlers)]
#[handles(Stay, Hold)]
struct Guest;

/// Asks for so many milliseconds.
#[derive(Serialize, Deserialize, Event)]
struct Stay(u64);

/// Its handler waits for the gate.
#[derive(Serialize, Deserialize, Event)]
struct Hold;

#[derive(Debug, Serialize, Deserialize, Event)]
struct Expires;

struct Gate(Notify);

struct Door(mpsc::Sender<Socket>);

impl Session for Guest {
    type Auth = Option<Stay>;

    async fn connect(stay: Option<Stay>, socket: &Socket) -> Result<Self, Refusal> {
        if let Some(Stay(ms)) = stay {
            socket.expires_in(Duration::from_millis(ms))?;
        }
        let door = socket.state::<Door>();
        door.0.try_send(socket.clone()).expect("room for a socket");
        Ok(Self)
    }

    async fn expiring(&mut self, socket: &Socket) {
        socket.state::<Journal>().write("expiring");
        let _ = socket.emit(&Expires);
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        socket.state::<Journal>().write(format!("{reason:?}"));
    }
}

impl Handle<Stay> for Guest {
    async fn handle(&mut self, Stay(ms): Stay, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.expires_in(Duration::from_millis(ms))?)
    }
}

impl Handle<Hold> for Guest {
    async fn handle(&mut self, _: Hold, socket: &Socket) -> Result<(), Rejection> {
        socket.state::<Journal>().write("hold");
        socket.state::<Gate>().0.notified().await;
        socket.state::<Journal>().write("held");
        Ok(())
    }
}

struct Scene {
    server: TestServer,
    sockets: mpsc::Receiver<Socket>,
    entries: Entries,
}

fn scene() -> Scene {
    let (journal, entries) = journal();
    let (door, sockets) = mpsc::channel(10);
    let hub = Hub::builder()
        .namespace::<Guest>("/")
        .expiry_notice(NOTICE)
        .state(journal)
        .state(Gate(Notify::new()))
        .state(Door(door));
    Scene {
        server: TestServer::start(hub.build().expect("a hub")),
        sockets,
        entries,
    }
}

impl Scene {
    async fn enter(&mut self, stay: Option<Stay>) -> (TestClient, Socket) {
        let client = TestClient::builder(&self.server)
            .auth(&stay)
            .connect()
            .await;
        let socket = self.sockets.recv().await.expect("a socket");
        (client.expect("a client"), socket)
    }
}

#[actix_web::test]
async fn a_socket_is_told_and_then_disconnected() {
    let mut scene = scene();
    let (client, socket) = scene.enter(Some(Stay(300))).await;
    let left = socket.time_left().expect("it expires");
    assert!(left > NOTICE, "{left:?}");
    client.expect::<Expires>().await;
    let left = socket.time_left().expect("it expires");
    assert!(left <= NOTICE, "{left:?}");
    assert_eq!(client.expect_disconnect().await, Disconnected::ByServer);
    scene.entries.expect("expiring").await;
    scene.entries.expect("Expired").await;
    assert!(!socket.is_connected());
}

#[actix_web::test]
async fn who_is_given_more_time_in_time_stays() {
    let mut scene = scene();
    let (client, socket) = scene.enter(Some(Stay(200))).await;
    client.expect::<Expires>().await;
    client.emit_with_ack(&Stay(NEVER.as_millis() as u64)).await;
    assert!(socket.time_left() > Some(NEVER / 2));
    // Another one that comes with the same time, and is not given more, goes.
    let (other, _) = scene.enter(Some(Stay(200))).await;
    other.expect_disconnect().await;
    client.sync().await;
    assert!(socket.is_connected());

    // Told once for each time that is set.
    client.emit_with_ack(&Stay(100)).await;
    client.expect::<Expires>().await;
    socket.never_expires().expect("set");
    assert_eq!(socket.time_left(), None);
    let (other, _) = scene.enter(Some(Stay(200))).await;
    other.expect_disconnect().await;
    client.sync().await;
    assert_eq!(client.pending(), []);
}

#[actix_web::test]
async fn a_time_that_has_passed_disconnects_at_once() {
    let mut scene = scene();
    let (client, socket) = scene.enter(None).await;
    assert_eq!(socket.time_left(), None);
    // From another thread than its worker's.
    socket.expires_at(SystemTime::UNIX_EPOCH).expect("set");
    assert_eq!(client.expect_disconnect().await, Disconnected::ByServer);
    // Nothing was left to tell it before.
    scene.entries.expect("Expired").await;

    let (_client, socket) = scene.enter(None).await;
    socket.expires_in(Duration::MAX).expect("never");
    assert_eq!(socket.time_left(), None);
}

#[actix_web::test]
async fn a_running_handler_delays_the_notice_and_not_the_end() {
    let mut scene = scene();
    let (client, socket) = scene.enter(Some(Stay(300))).await;
    client.emit(&Hold).await;
    scene.entries.expect("hold").await;
    until("less is left than the notice", || {
        socket.time_left() < Some(NOTICE)
    })
    .await;
    client.expect_disconnect().await;
    assert_eq!(scene.entries.rest(), [""; 0]);
    scene.server.hub().state::<Gate>().0.notify_one();
    scene.entries.expect("held").await;
    scene.entries.expect("Expired").await;
}
