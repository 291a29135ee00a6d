//! Clients that are connecting: what they may bring, and what becomes of what they are sent.

use crate::common::until;
use crate::waiting::PATIENCE;
use roomcast::{
    AckError, HubBuilder,
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// Let in, or not, by the test.
#[derive(EventHandlers)]
#[handles()]
struct Guest;

struct Door(mpsc::Sender<Ring>);

/// A client at the door.
struct Ring {
    socket: Socket,
    decide: oneshot::Sender<bool>,
}

impl Session for Guest {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let (decide, decision) = oneshot::channel();
        let socket = socket.clone();
        let door = socket.state::<Door>().0.clone();
        door.try_send(Ring { socket, decide }).expect("room");
        match decision.await {
            Ok(true) => Ok(Self),
            _ => Err(Refusal::new("no")),
        }
    }
}

struct House {
    server: TestServer,
    client: RawClient,
    rings: mpsc::Receiver<Ring>,
}

impl House {
    async fn new(options: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        let (door, rings) = mpsc::channel(8);
        let hub = Hub::builder()
            .namespace::<Guest>("/")
            .namespace::<Guest>("/other")
            .state(Door(door));
        let server = TestServer::start(options(hub).build().expect("a hub"));
        Self {
            client: RawClient::open(&server).await,
            server,
            rings,
        }
    }

    /// The client asks to be let in.
    async fn ring(&mut self, packet: &str) -> Ring {
        self.client.send(packet).await;
        let ring = timeout(PATIENCE, self.rings.recv()).await;
        ring.expect("a ring in time").expect("a hub")
    }

    async fn text(&mut self) -> String {
        match self.client.next().await {
            Frame::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }
}

#[actix_web::test]
async fn a_volatile_event_does_not_wait_for_the_reply() {
    let mut house = House::new(|hub| hub).await;
    let Ring { socket, decide } = house.ring("40").await;
    socket.volatile().emit_raw("first", &()).expect("sent");
    let asked = socket.volatile().emit_raw_with_ack("asked", &()).await;
    assert!(matches!(asked, Err(AckError::NotSent)), "{asked:?}");
    socket.emit_raw("second", &()).expect("sent");
    decide.send(true).expect("it waits");
    assert!(house.text().await.starts_with("40{"));
    house.client.expect_text(r#"42["second"]"#).await;
    socket.volatile().emit_raw("third", &()).expect("sent");
    house.client.expect_text(r#"42["third"]"#).await;
    assert_eq!(house.server.hub().stats().dropped_volatile, 2);
}

#[actix_web::test]
async fn what_waited_for_a_refused_socket_makes_room_for_another() {
    let mut house = House::new(|hub| hub.max_outbox_bytes(4096)).await;
    let large = "x".repeat(3000);
    let other = house.ring("40/other,").await;
    let root = house.ring("40").await;
    other.socket.emit_raw("large", &(&large,)).expect("sent");
    other.decide.send(false).expect("it waits");
    let refusal = r#"44/other,{"message":"no"}"#;
    house.client.expect_text(refusal).await;
    root.socket.emit_raw("small", &()).expect("sent");
    root.socket.emit_raw("large", &(&large,)).expect("sent");
    root.decide.send(true).expect("it waits");
    assert!(house.text().await.starts_with("40{"));
    house.client.expect_text(r#"42["small"]"#).await;
    house
        .client
        .expect_text(&format!(r#"42["large","{large}"]"#))
        .await;
}

#[actix_web::test]
async fn tiny_events_count_for_what_they_cost() {
    let mut house = House::new(|hub| hub.max_outbox_bytes(4096)).await;
    let ring = house.ring("40").await;
    for _ in 0..200 {
        let _ = ring.socket.emit_raw("e", &());
    }
    let hub = house.server.hub();
    until("it is too much", || hub.stats().closed_slow == 1).await;
}

#[actix_web::test]
async fn auth_may_be_so_large_and_no_larger() {
    let mut house = House::new(|hub| hub.max_auth_bytes(21)).await;
    for packet in [
        r#"40{"token":"1234567890"}"#,
        r#"40/other,{"token":"1234567890"}"#,
    ] {
        house.client.send(packet).await;
        assert!(
            house
                .text()
                .await
                .ends_with(r#"{"message":"the auth is too large"}"#)
        );
    }
    let refused = house.server.hub().stats().refused_connects;
    assert_eq!(refused, [("max_auth_bytes", 2)].into());
    let ring = house.ring(r#"40{"token":"123456789"}"#).await;
    assert_eq!(ring.socket.auth(), Some(r#"{"token":"123456789"}"#));
}
