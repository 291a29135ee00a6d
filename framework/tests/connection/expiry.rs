//! Sockets that may stay only for so long: told before, renewed, disconnected.

use std::{
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use crate::common::{
    NEVER,
    journal::{Entries, Journal, journal},
    until,
};
use crate::waiting::PATIENCE;
use crate::wire::Wire;
use roomcast::{
    EmitError,
    prelude::*,
    testing::{ConnectRefused, Disconnected, TestClient, TestServer},
};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

/// Longer than any test takes: who has less left has been told, and never for being slow.
const NOTICE: Duration = Duration::from_secs(600);

/// For those to whom nothing has to happen before.
const SOON: Duration = Duration::from_millis(100);

/// For those who still have something to do, on a busy machine.
const WHILE: Duration = Duration::from_secs(2);

#[derive(EventHandlers)]
#[handles(Stay, Hold, Note, Fail)]
struct Guest {
    fail: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Admission {
    /// For how many milliseconds.
    ms: Option<u64>,
    /// Does not come to a decision.
    #[serde(default)]
    hesitate: bool,
}

/// Asks for so many milliseconds.
#[derive(Serialize, Deserialize, Event)]
struct Stay(u64);

/// Its handler waits for the gate.
#[derive(Serialize, Deserialize, Event)]
struct Hold;

#[derive(Serialize, Deserialize, Event)]
struct Note;

/// Lets `expiring` panic.
#[derive(Serialize, Deserialize, Event)]
struct Fail;

#[derive(Debug, Serialize, Deserialize, Event)]
struct Expires;

struct Door {
    gate: Notify,
    sockets: mpsc::Sender<Socket>,
}

/// Writes down that `connect` was dropped.
struct Dropped(Socket);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.state::<Journal>().write("dropped");
    }
}

impl Session for Guest {
    type Auth = Admission;

    async fn connect(auth: Admission, socket: &Socket) -> Result<Self, Refusal> {
        if let Some(ms) = auth.ms {
            socket.expires_in(Duration::from_millis(ms))?;
        }
        let door = socket.state::<Arc<Door>>();
        door.sockets.try_send(socket.clone()).unwrap();
        if auth.hesitate {
            let _dropped = Dropped(socket.clone());
            socket.join("lobby")?;
            door.gate.notified().await;
        }
        Ok(Self { fail: false })
    }

    async fn expiring(&mut self, socket: &Socket) {
        socket.state::<Journal>().write("expiring");
        assert!(!self.fail, "as it was told");
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
        socket.state::<Arc<Door>>().gate.notified().await;
        socket.state::<Journal>().write("held");
        Ok(())
    }
}

impl Handle<Note> for Guest {
    async fn handle(&mut self, _: Note, socket: &Socket) -> Result<(), Rejection> {
        socket.state::<Journal>().write("noted");
        Ok(())
    }
}

impl Handle<Fail> for Guest {
    async fn handle(&mut self, _: Fail, _: &Socket) -> Result<(), Rejection> {
        self.fail = true;
        Ok(())
    }
}

struct Scene {
    server: TestServer,
    door: Arc<Door>,
    sockets: mpsc::Receiver<Socket>,
    entries: Entries,
}

impl Scene {
    fn new() -> Self {
        Self::with(NOTICE)
    }

    fn with(notice: Duration) -> Self {
        let (journal, entries) = journal();
        let (sender, sockets) = mpsc::channel(100);
        let gate = Notify::new();
        let door = Arc::new(Door {
            gate,
            sockets: sender,
        });
        let hub = Hub::builder()
            .namespace::<Guest>("/")
            .namespace::<Guest>("/other")
            .expiry_notice(notice)
            .state(journal)
            .state(Arc::clone(&door));
        Self {
            server: TestServer::start(hub.build().unwrap()),
            door,
            sockets,
            entries,
        }
    }

    async fn connect(&self, auth: Admission) -> Result<TestClient, ConnectRefused> {
        let client = TestClient::builder(&self.server).auth(&auth);
        client.connect().await
    }

    async fn socket(&mut self) -> Socket {
        let socket = timeout(PATIENCE, self.sockets.recv()).await;
        socket.expect("a socket in time").unwrap()
    }

    async fn enter(&mut self, time: Option<Duration>) -> (TestClient, Socket) {
        let admission = Admission {
            ms: time.map(ms),
            hesitate: false,
        };
        let client = self.connect(admission).await.unwrap();
        (client, self.socket().await)
    }

    /// A guest whose handler waits at the gate.
    async fn at_work(&mut self) -> (TestClient, Socket) {
        let (client, socket) = self.enter(None).await;
        client.emit(&Hold).await;
        self.entries.expect("hold").await;
        (client, socket)
    }

    /// A guest that came later was told, and so was everyone who was to be told before.
    async fn another_is_told(&mut self) {
        let (other, socket) = self.enter(None).await;
        socket.expires_in(NOTICE / 2).unwrap();
        other.expect::<Expires>().await;
        self.entries.expect("expiring").await;
        other.disconnect().await;
        self.entries.expect("ClientNamespaceDisconnect").await;
    }

    /// A guest that came later, with so little time, has gone.
    async fn another_expires(&mut self, time: Duration) {
        let (other, socket) = self.enter(None).await;
        socket.expires_in(time).unwrap();
        other.expect::<Expires>().await;
        assert_eq!(other.expect_disconnect().await, Disconnected::ByServer);
        self.entries.expect("expiring").await;
        self.entries.expect("Expired").await;
    }
}

fn ms(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap()
}

#[actix_web::test]
async fn a_session_is_told_before_and_its_socket_is_disconnected_when_its_time_is_over() {
    let mut scene = Scene::new();
    let (client, socket) = scene.enter(Some(NOTICE + WHILE)).await;
    assert!(socket.time_left() > Some(NOTICE));
    client.expect::<Expires>().await;
    let left = socket.time_left();
    assert!(left <= Some(NOTICE), "{left:?}");
    scene.entries.expect("expiring").await;

    // From another thread than its worker's. Less is left than the notice: it is told at once.
    socket.expires_in(WHILE).unwrap();
    client.expect::<Expires>().await;
    assert!(socket.is_connected());
    assert_eq!(client.expect_disconnect().await, Disconnected::ByServer);
    scene.entries.expect("expiring").await;
    scene.entries.expect("Expired").await;
    let stats = scene.server.hub().stats();
    assert_eq!((stats.expired, stats.sockets), (1, 0));
    let reasons: Vec<_> = stats.disconnects.into_iter().collect();
    assert_eq!(reasons, [("expired", 1)]);

    assert_eq!(socket.time_left(), Some(Duration::ZERO));
    let late = socket.expires_in(NEVER);
    assert!(matches!(late, Err(EmitError::Disconnected)), "{late:?}");
}

#[actix_web::test]
async fn who_is_given_more_time_in_time_stays() {
    let mut scene = Scene::new();
    let (client, socket) = scene.enter(Some(WHILE)).await;
    client.expect::<Expires>().await;
    client.emit_with_ack(&Stay(ms(2 * NOTICE))).await;
    assert!(socket.time_left() > Some(NOTICE));
    scene.entries.expect("expiring").await;
    scene.another_expires(WHILE).await;
    client.sync().await;
    assert!(socket.is_connected());

    client.emit_with_ack(&Stay(ms(WHILE))).await;
    client.expect::<Expires>().await;
    socket.never_expires().unwrap();
    assert_eq!(socket.time_left(), None);
    scene.entries.expect("expiring").await;
    scene.another_expires(WHILE).await;
    client.sync().await;
    assert_eq!(client.pending(), [], "told once for each time");
    assert!(socket.is_connected());
}

#[actix_web::test]
async fn a_time_that_has_passed_disconnects_at_once() {
    let mut scene = Scene::new();
    let (client, socket) = scene.enter(None).await;
    assert_eq!(socket.time_left(), None);
    socket.expires_at(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(client.expect_disconnect().await, Disconnected::ByServer);
    // Nothing was left to tell it before.
    scene.entries.expect("Expired").await;
}

#[actix_web::test]
async fn a_time_may_be_as_long_as_anyone_likes() {
    let mut scene = Scene::new();
    let (client, socket) = scene.enter(Some(NEVER)).await;
    let century = Duration::from_secs(100 * 365 * 86_400);
    socket.expires_in(century).unwrap();
    assert!(socket.time_left() > Some(century / 2));
    socket.expires_at(SystemTime::now() + century).unwrap();
    assert!(socket.time_left() > Some(century / 2));
    // A time that no clock can show never comes.
    socket.expires_in(Duration::MAX).unwrap();
    assert_eq!(socket.time_left(), None);
    scene.another_expires(SOON).await;
    client.sync().await;
    assert_eq!(client.pending(), []);
}

#[actix_web::test]
async fn without_a_notice_nobody_is_told() {
    let mut scene = Scene::with(Duration::ZERO);
    let (client, _socket) = scene.enter(Some(SOON)).await;
    assert_eq!(client.expect_disconnect().await, Disconnected::ByServer);
    scene.entries.expect("Expired").await;
}

#[actix_web::test]
async fn a_running_handler_delays_the_notice_and_not_the_end() {
    let mut scene = Scene::new();
    let (client, socket) = scene.at_work().await;
    socket.expires_in(SOON).unwrap();
    client.expect_disconnect().await;
    assert_eq!(scene.entries.rest(), [""; 0]);
    scene.door.gate.notify_one();
    scene.entries.expect("held").await;
    scene.entries.expect("Expired").await;
}

#[actix_web::test]
async fn a_notice_that_waited_goes_before_the_events_that_wait() {
    let mut scene = Scene::new();
    let (client, socket) = scene.at_work().await;
    client.emit(&Note).await;
    socket.expires_in(NOTICE / 2).unwrap();
    scene.another_is_told().await;
    scene.door.gate.notify_one();
    for entry in ["held", "expiring", "noted"] {
        scene.entries.expect(entry).await;
    }
}

#[actix_web::test]
async fn a_notice_that_waited_is_dropped_when_more_time_was_given() {
    let mut scene = Scene::new();
    let (client, socket) = scene.at_work().await;
    client.emit(&Note).await;
    socket.expires_in(NOTICE / 2).unwrap();
    scene.another_is_told().await;
    socket.expires_in(2 * NOTICE).unwrap();
    scene.door.gate.notify_one();
    scene.entries.expect("held").await;
    scene.entries.expect("noted").await;
}

#[actix_web::test]
async fn who_expires_while_it_connects_is_refused() {
    let mut scene = Scene::new();
    let admission = Admission {
        ms: Some(ms(SOON)),
        hesitate: true,
    };
    let refused = scene.connect(admission).await.unwrap_err();
    assert_eq!(refused.message, "expired");
    scene.entries.expect("dropped").await;
    let socket = scene.socket().await;
    assert!(!socket.is_connected());
    assert_eq!(socket.rooms(), ["lobby"], "which it was in");
    let stats = scene.server.hub().stats();
    assert_eq!(stats.expired, 1);
    assert_eq!(stats.refused_connects, [("expired", 1)].into());
    assert!(stats.disconnects.is_empty(), "it was never connected");
    assert_eq!(scene.entries.rest(), [""; 0]);
    let hub = scene.server.hub();
    until("its room has gone", || hub.stats().rooms == 0).await;
}

#[actix_web::test]
async fn only_the_socket_whose_time_is_over_goes() {
    let mut scene = Scene::new();
    let mut wire = Wire::open(&scene.server).await;
    let mut sockets = Vec::new();
    for nsp in ["", "/other,"] {
        wire.text(&format!("40{nsp}{{}}")).await;
        wire.next().await;
        sockets.push(scene.socket().await);
    }
    sockets[0].expires_in(Duration::ZERO).unwrap();
    // The DISCONNECT packet, which socket.io-client tells as `io server disconnect`.
    wire.expect("41").await;
    assert!(sockets[1].is_connected());
    wire.text(r#"42/other,1["note"]"#).await;
    wire.expect("43/other,1[]").await;

    // The next one in its place is another socket.
    sockets[1].expires_in(WHILE).unwrap();
    wire.expect(r#"42/other,["expires"]"#).await;
    wire.text("41/other,").await;
    wire.text("40/other,{}").await;
    wire.next().await;
    scene.socket().await;
    for entry in ["Expired", "noted", "expiring", "ClientNamespaceDisconnect"] {
        scene.entries.expect(entry).await;
    }
    scene.another_expires(WHILE).await;
    wire.text(r#"42/other,1["note"]"#).await;
    wire.expect("43/other,1[]").await;
}

#[actix_web::test]
async fn a_panic_in_expiring_costs_the_socket() {
    let mut scene = Scene::new();
    let (client, socket) = scene.enter(None).await;
    client.emit_with_ack(&Fail).await;
    socket.expires_in(NOTICE / 2).unwrap();
    assert_eq!(client.expect_disconnect().await, Disconnected::ByServer);
    scene.entries.expect("expiring").await;
    let stats = scene.server.hub().stats();
    assert_eq!((stats.panics, stats.expired), (1, 0));
}

#[actix_web::test]
async fn the_time_that_was_given_last_counts_whoever_gives_it() {
    let mut scene = Scene::with(Duration::ZERO);
    let mut guests = Vec::new();
    for _ in 0..20 {
        guests.push(scene.enter(Some(SOON)).await);
    }
    let sockets: Vec<_> = guests.iter().map(|(_, socket)| socket.clone()).collect();
    let renew = |sockets: Vec<Socket>| {
        for round in 0..200_u64 {
            for socket in &sockets {
                // Some have gone: they came with little.
                let _ = socket.expires_in(NEVER + Duration::from_secs(round));
            }
        }
    };
    let threads = [0; 3].map(|_| {
        let sockets = sockets.clone();
        thread::spawn(move || renew(sockets))
    });
    for thread in threads {
        thread.join().unwrap();
    }
    // What the worker decided before it was told otherwise has been done once it answers.
    let (witness, renewed) = scene.enter(Some(NEVER)).await;
    witness.sync().await;
    for (_, socket) in guests.iter().filter(|(_, s)| s.is_connected()) {
        let left = socket.time_left();
        assert!(left > Some(NEVER / 2), "{left:?}");
        socket.expires_in(Duration::ZERO).unwrap();
    }
    renewed.expires_in(Duration::ZERO).unwrap();
    until("all have gone", || scene.server.hub().stats().sockets == 0).await;
    assert_eq!(scene.server.hub().stats().expired, 21);
}
