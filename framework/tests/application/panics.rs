//! A panic in application code costs its socket and nothing else.

use crate::common::{
    both,
    journal::{Entries, Journal, journal},
    until,
};
use roomcast::{
    Reply, WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestClient, TestServer},
};

/// Where to panic. `..Late` panics after it has waited for something.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
enum Place {
    #[default]
    Nowhere,
    Auth,
    Connect,
    ConnectLate,
    Disconnect,
    DisconnectLate,
}

#[derive(EventHandlers)]
#[handles(Work, Crash, CrashLate, Unfit)]
struct Fragile {
    place: Place,
}

#[derive(Default, Serialize)]
struct Plan {
    place: Place,
}

/// Panics while it is decoded, as a careless `Deserialize` may.
impl<'de> Deserialize<'de> for Plan {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            #[serde(default)]
            place: Place,
        }
        let Fields { place } = Fields::deserialize(deserializer)?;
        assert!(place != Place::Auth, "in auth");
        Ok(Self { place })
    }
}

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Work(String);

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Crash;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct CrashLate;

/// Its rejection panics.
#[derive(Serialize, Deserialize, Event)]
struct Unfit(u8);

impl Session for Fragile {
    type Auth = Plan;

    async fn connect(Plan { place }: Plan, socket: &Socket) -> Result<Self, Refusal> {
        socket.join("fragile")?;
        assert!(place != Place::Connect, "in connect");
        tokio::task::yield_now().await;
        assert!(place != Place::ConnectLate, "late in connect");
        Ok(Self { place })
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        socket.state::<Journal>().write(reason);
        assert!(self.place != Place::Disconnect, "in disconnect");
        tokio::task::yield_now().await;
        assert!(self.place != Place::DisconnectLate, "late in disconnect");
    }

    fn rejected(&mut self, _: &str, _: &Rejection, _: &Socket) -> Reply {
        panic!("in rejected")
    }
}

impl Handle<Work> for Fragile {
    async fn handle(&mut self, Work(text): Work, _: &Socket) -> Result<String, Rejection> {
        Ok(text)
    }
}

impl Handle<Crash> for Fragile {
    async fn handle(&mut self, _: Crash, _: &Socket) -> Result<String, Rejection> {
        panic!("in a handler")
    }
}

impl Handle<CrashLate> for Fragile {
    async fn handle(&mut self, _: CrashLate, socket: &Socket) -> Result<String, Rejection> {
        socket.emit_raw("before", &[1])?;
        tokio::task::yield_now().await;
        panic!("late in a handler")
    }
}

impl Handle<Unfit> for Fragile {
    async fn handle(&mut self, _: Unfit, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

fn serve(mode: WebSocketMode) -> (TestServer, Entries) {
    let (journal, entries) = journal();
    let hub = Hub::builder()
        .namespace::<Fragile>("/")
        .namespace::<Fragile>("/other")
        .websocket_mode(mode)
        .state(journal);
    (TestServer::start(hub.build().expect("a hub")), entries)
}

async fn enter(server: &TestServer, place: Place) -> TestClient {
    let client = TestClient::builder(server)
        .auth(&Plan { place })
        .connect()
        .await;
    client.expect("a client")
}

/// How many sockets are left in the room of all.
async fn members(server: &TestServer) -> usize {
    let members = server.hub().to("fragile").fetch_sockets().await;
    members.expect("an answer").len()
}

async fn works(client: &TestClient) {
    assert_eq!(client.emit_with_ack(&Work("on".into())).await, "on");
}

both! {
    a_panic_in_connect_refuses_the_client_without_telling_why,
    a_panic_in_a_handler_disconnects_its_socket_and_no_other,
    the_other_namespaces_of_the_connection_go_on,
    a_panic_in_disconnect_is_counted_and_leaves_nothing_behind,
}

async fn a_panic_in_connect_refuses_the_client_without_telling_why(mode: WebSocketMode) {
    let (server, mut entries) = serve(mode);
    let bystander = enter(&server, Place::Nowhere).await;
    for (count, place) in (1..).zip([Place::Auth, Place::Connect, Place::ConnectLate]) {
        let refused = TestClient::builder(&server)
            .auth(&Plan { place })
            .connect()
            .await;
        assert_eq!(
            refused.expect_err("a panic").message,
            "internal server error"
        );
        let stats = server.hub().stats();
        assert_eq!(stats.panics, count);
        assert_eq!(stats.refused_connects, [("panic", count)].into());
    }
    works(&bystander).await;
    until("only the bystander is left", || {
        server.hub().stats().connections == 1
    })
    .await;
    assert_eq!(members(&server).await, 1);
    assert_eq!(entries.rest(), Vec::<String>::new(), "nobody was connected");
}

async fn a_panic_in_a_handler_disconnects_its_socket_and_no_other(mode: WebSocketMode) {
    let (server, mut entries) = serve(mode);
    let bystander = enter(&server, Place::Nowhere).await;

    let client = enter(&server, Place::Nowhere).await;
    client.emit(&Crash).await;
    assert_eq!(
        client.expect_disconnect().await.as_str(),
        "io server disconnect"
    );

    let client = enter(&server, Place::Nowhere).await;
    client.emit(&CrashLate).await;
    assert_eq!(
        client.next().await.name(),
        "before",
        "what it emitted is sent"
    );
    assert_eq!(
        client.expect_disconnect().await.as_str(),
        "io server disconnect"
    );

    let client = enter(&server, Place::Nowhere).await;
    client.emit_raw("unfit", &["not a number"]).await;
    assert_eq!(
        client.expect_disconnect().await.as_str(),
        "io server disconnect"
    );

    works(&bystander).await;
    let stats = server.hub().stats();
    assert_eq!(stats.panics, 3);
    assert_eq!(members(&server).await, 1);
    assert_eq!(
        entries.rest(),
        Vec::<String>::new(),
        "their sessions are lost"
    );
}

async fn the_other_namespaces_of_the_connection_go_on(mode: WebSocketMode) {
    let (server, mut entries) = serve(mode);
    let mut client = RawClient::open(&server).await;
    for connect in ["40", "40/other"] {
        client.send(connect).await;
        assert!(matches!(client.next().await, Frame::Text(_)));
    }
    // An ack is not sent for it, and what waits behind it is dropped.
    client.send(r#"421["crash"]"#).await;
    client.expect_text("41").await;
    client.send(r#"42/other,2["work","on"]"#).await;
    client.expect_text(r#"43/other,2["on"]"#).await;
    // And its client may come back.
    client.send("40").await;
    assert!(matches!(client.next().await, Frame::Text(reply) if reply.starts_with("40{")));
    client.send(r#"423["work","again"]"#).await;
    client.expect_text(r#"433["again"]"#).await;
    client.send("41/other").await;
    entries.expect("client namespace disconnect").await;
    assert_eq!(server.hub().stats().panics, 1);
}

async fn a_panic_in_disconnect_is_counted_and_leaves_nothing_behind(mode: WebSocketMode) {
    let (server, mut entries) = serve(mode);
    let bystander = enter(&server, Place::Nowhere).await;
    for (count, place) in (1..).zip([Place::Disconnect, Place::DisconnectLate]) {
        enter(&server, place).await.disconnect().await;
        entries.expect("client namespace disconnect").await;
        until("it is counted", || server.hub().stats().panics == count).await;
        until("it is gone", || server.hub().stats().connections == 1).await;
    }
    works(&bystander).await;
    assert_eq!(server.hub().stats().sockets, 1);
}
