//! `Socket::wait_for`: who gets an event that a task waits for, and what becomes of the others.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::{Duration, Instant},
};

use crate::common::{
    NEVER,
    journal::{Entries, Journal, journal},
    within,
};
use crate::waiting::PATIENCE;
use roomcast::{
    Awaited, WaitError,
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};
use tokio::sync::{Notify, mpsc};

const SOON: Duration = Duration::from_millis(50);

/// Its handler of `start` waits for the gate, then for a `go`.
#[derive(EventHandlers)]
#[handles(Start, Hold, Go, Other)]
struct Waiting;

#[derive(Deserialize, Event)]
struct Start;

/// Its handler waits for the gate.
#[derive(Deserialize, Event)]
struct Hold;

#[derive(Debug, PartialEq, Deserialize, Event)]
struct Go(u32);

#[derive(Deserialize, Event)]
struct Other(u32);

#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Ask(u32);

struct Gate(Notify);

struct Door(mpsc::Sender<Socket>);

impl Session for Waiting {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let door = socket.state::<Door>();
        door.0.try_send(socket.clone()).expect("room for a socket");
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        socket.state::<Journal>().write("disconnect");
    }
}

impl Handle<Start> for Waiting {
    async fn handle(&mut self, _: Start, socket: &Socket) -> Result<(), Rejection> {
        let journal = socket.state::<Journal>();
        journal.write("start");
        socket.state::<Gate>().0.notified().await;
        match socket.wait_for(PATIENCE).await {
            Ok(Go(number)) => journal.write(format!("waited {number}")),
            Err(error) => journal.write(error),
        }
        Ok(())
    }
}

impl Handle<Hold> for Waiting {
    async fn handle(&mut self, _: Hold, socket: &Socket) -> Result<(), Rejection> {
        socket.state::<Gate>().0.notified().await;
        Ok(())
    }
}

impl Handle<Go> for Waiting {
    async fn handle(&mut self, Go(number): Go, socket: &Socket) -> Result<(), Rejection> {
        socket.state::<Journal>().write(format!("handled {number}"));
        Ok(())
    }
}

impl Handle<Other> for Waiting {
    async fn handle(&mut self, Other(number): Other, socket: &Socket) -> Result<(), Rejection> {
        socket.state::<Journal>().write(format!("other {number}"));
        Ok(())
    }
}

/// Polls a wait, which begins it.
async fn begin<F: Future>(mut wait: Pin<&mut F>) {
    let pending = poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx).is_pending()));
    assert!(pending.await, "nothing has arrived");
}

/// A server, one client of it, and its socket.
struct Scene {
    server: TestServer,
    client: RawClient,
    socket: Socket,
    entries: Entries,
}

impl Scene {
    async fn new() -> Self {
        Self::with(64).await
    }

    async fn with(max_queued_events: usize) -> Self {
        let (journal, entries) = journal();
        let (door, mut sockets) = mpsc::channel(1);
        let hub = Hub::builder()
            .namespace::<Waiting>("/")
            .max_queued_events(max_queued_events)
            .state(journal)
            .state(Gate(Notify::new()))
            .state(Door(door));
        let server = TestServer::start(hub.build().expect("a hub"));
        let mut client = RawClient::open(&server).await;
        client.send("40").await;
        client.next().await;
        let socket = within("a socket", sockets.recv()).await;
        Self {
            server,
            client,
            socket: socket.expect("a hub"),
            entries,
        }
    }

    /// Sends packets and waits until the server has read them all.
    async fn send(&mut self, packets: &[&str]) {
        for packet in packets {
            self.client.send(packet).await;
        }
        self.client.ping("read").await;
        assert_eq!(self.client.next().await, Frame::Pong("read".into()));
    }

    fn open(&self) {
        self.server.hub().state::<Gate>().0.notify_one();
    }
}

#[actix_web::test]
async fn a_task_gets_the_next_event_instead_of_the_handler() {
    let mut scene = Scene::new().await;
    let socket = scene.socket.clone();
    let mut wait = pin!(socket.wait_for::<Go>(PATIENCE));
    begin(wait.as_mut()).await;
    scene
        .send(&[r#"42["other",1]"#, r#"42["go",2]"#, r#"42["go",3]"#])
        .await;
    assert_eq!(wait.await.expect("an event"), Go(2));
    scene.entries.expect("other 1").await;
    scene.entries.expect("handled 3").await;
    assert_eq!(scene.server.hub().stats().events, 3);
}

#[actix_web::test]
async fn a_handler_gets_what_arrives_while_it_waits() {
    let mut scene = Scene::new().await;
    scene.open();
    scene.send(&[r#"42["start"]"#, r#"42["other",1]"#]).await;
    scene.entries.expect("start").await;
    scene.send(&[r#"42["go",2]"#, r#"42["go",3]"#]).await;
    scene.entries.expect("waited 2").await;
    scene.entries.expect("other 1").await;
    scene.entries.expect("handled 3").await;
}

#[actix_web::test]
async fn a_handler_gets_what_was_queued_before_it_waited() {
    let mut scene = Scene::new().await;
    scene
        .send(&[
            r#"42["start"]"#,
            r#"42["other",1]"#,
            r#"42["go",2]"#,
            r#"42["go",3]"#,
        ])
        .await;
    scene.open();
    for entry in ["start", "waited 2", "other 1", "handled 3"] {
        scene.entries.expect(entry).await;
    }
}

#[actix_web::test]
async fn without_one_in_time_it_is_a_timeout_and_the_next_is_handled() {
    let mut scene = Scene::new().await;
    let start = Instant::now();
    let waited = scene.socket.wait_for::<Go>(SOON).await;
    assert!(matches!(waited, Err(WaitError::Timeout)), "{waited:?}");
    assert!(start.elapsed() >= SOON);
    scene.send(&[r#"42["go",1]"#]).await;
    scene.entries.expect("handled 1").await;
}

#[actix_web::test]
async fn it_ends_when_the_socket_goes() {
    let mut scene = Scene::new().await;
    scene.open();
    scene.send(&[r#"42["start"]"#]).await;
    scene.entries.expect("start").await;
    let socket = scene.socket.clone();
    let mut wait = pin!(socket.wait_for::<Other>(NEVER));
    begin(wait.as_mut()).await;
    drop(scene.client);
    let waited = wait.await;
    assert!(matches!(waited, Err(WaitError::Disconnected)));
    scene
        .entries
        .expect("the socket was disconnected before the event came")
        .await;
    scene.entries.expect("disconnect").await;
    let waited = scene.socket.wait_for::<Go>(NEVER).await;
    assert!(matches!(waited, Err(WaitError::Disconnected)), "{waited:?}");
}

#[actix_web::test]
async fn an_event_handed_to_a_dropped_future_is_handled_after_all() {
    let mut scene = Scene::new().await;
    let socket = scene.socket.clone();
    {
        let mut wait = pin!(socket.wait_for::<Go>(NEVER));
        begin(wait.as_mut()).await;
        scene.send(&[r#"42["go",1]"#]).await;
        assert_eq!(scene.entries.rest(), [""; 0]);
    }
    scene.entries.expect("handled 1").await;
}

#[actix_web::test]
async fn an_event_handed_to_a_dropped_future_goes_to_the_next_who_waits() {
    let mut scene = Scene::new().await;
    let socket = scene.socket.clone();
    let mut second = pin!(socket.wait_for::<Go>(PATIENCE));
    {
        let mut first = pin!(socket.wait_for::<Go>(NEVER));
        begin(first.as_mut()).await;
        begin(second.as_mut()).await;
        scene.send(&[r#"42["go",1]"#]).await;
    }
    assert_eq!(second.await.expect("an event"), Go(1));
    assert_eq!(scene.entries.rest(), [""; 0]);
}

#[actix_web::test]
async fn each_event_goes_to_one_in_the_order_in_which_they_wait() {
    let mut scene = Scene::new().await;
    let socket = scene.socket.clone();
    let mut first = pin!(socket.wait_for::<Go>(PATIENCE));
    let mut second = pin!(socket.wait_for::<Go>(PATIENCE));
    begin(first.as_mut()).await;
    begin(second.as_mut()).await;
    scene.send(&[r#"42["go",1]"#, r#"42["go",2]"#]).await;
    assert_eq!(second.await.expect("an event"), Go(2));
    assert_eq!(first.await.expect("an event"), Go(1));
}

#[actix_web::test]
async fn a_payload_that_does_not_fit_ends_the_wait_and_is_refused() {
    let mut scene = Scene::new().await;
    let socket = scene.socket.clone();
    let mut wait = pin!(socket.wait_for::<Go>(PATIENCE));
    begin(wait.as_mut()).await;
    scene.send(&[r#"427["go","x"]"#]).await;
    let waited = wait.await;
    let Err(WaitError::Payload(rejection)) = waited else {
        panic!("{waited:?}");
    };
    let message = r#"event `go`, argument 1: invalid type: string "x", expected u32"#;
    assert_eq!(rejection.message(), message);
    let answer = serde_json::json!([{"error": {"message": message}}]);
    scene.client.expect_text(&format!("437{answer}")).await;
    let rejected = scene.server.hub().stats().rejected;
    assert_eq!(rejected, [("payload", 1)].into());
}

#[actix_web::test]
async fn a_client_that_asks_is_answered_at_once_or_by_whoever_waited() {
    let mut scene = Scene::new().await;
    let socket = scene.socket.clone();
    let mut wait = pin!(socket.wait_for::<Go>(PATIENCE));
    begin(wait.as_mut()).await;
    scene.send(&[r#"425["go",1]"#]).await;
    wait.await.expect("an event");
    scene.client.expect_text("435[]").await;

    for (packet, asked) in [(r#"42["ask",2]"#, false), (r#"426["ask",3]"#, true)] {
        let mut wait = pin!(socket.wait_for_with_ack::<Ask>(PATIENCE));
        begin(wait.as_mut()).await;
        scene.send(&[packet]).await;
        let awaited: Awaited<Ask> = wait.await.expect("an event");
        assert_eq!(awaited.wants_ack(), asked);
        let answer = awaited.event.0.to_string();
        awaited.answer(&answer).expect("sent");
    }
    // The first did not ask.
    scene.client.expect_text(r#"436["3"]"#).await;
}

#[actix_web::test]
async fn with_a_full_queue_nothing_arrives_until_the_handler_has_ended() {
    let mut scene = Scene::with(2).await;
    scene.send(&[r#"42["hold"]"#, r#"42["other",1]"#]).await;
    for packet in [r#"42["other",2]"#, r#"42["go",3]"#] {
        scene.client.send(packet).await;
    }
    let waited = scene.socket.wait_for::<Go>(SOON).await;
    assert!(matches!(waited, Err(WaitError::Timeout)), "{waited:?}");
    scene.open();
    for entry in ["other 1", "other 2", "handled 3"] {
        scene.entries.expect(entry).await;
    }
}
