//! Namespaces: each with its own sessions, rooms and clients, over one connection if need be.

use crate::common::{both, until};
use roomcast::{
    BuildError, WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestClient, TestServer},
};

#[derive(EventHandlers)]
#[handles(Ask)]
struct Main;

#[derive(EventHandlers)]
#[handles(Ask)]
struct Admin {
    name: String,
}

#[derive(Deserialize)]
struct Login {
    name: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Ask;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct News(String);

impl Session for Main {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        socket.join("room")?;
        Ok(Self)
    }
}

impl Session for Admin {
    type Auth = Login;

    async fn connect(Login { name }: Login, socket: &Socket) -> Result<Self, Refusal> {
        socket.join("room")?;
        Ok(Self { name })
    }
}

impl Handle<Ask> for Main {
    async fn handle(&mut self, _: Ask, socket: &Socket) -> Result<String, Rejection> {
        Ok(format!("main {}", socket.namespace().name()))
    }
}

impl Handle<Ask> for Admin {
    async fn handle(&mut self, _: Ask, socket: &Socket) -> Result<String, Rejection> {
        Ok(format!("{} {}", self.name, socket.namespace().name()))
    }
}

fn serve(mode: WebSocketMode) -> TestServer {
    let hub = Hub::builder()
        .namespace::<Main>("/")
        // The slash is added.
        .namespace::<Admin>("admin")
        .websocket_mode(mode);
    TestServer::start(hub.build().expect("a hub"))
}

async fn admin(server: &TestServer, name: &str) -> TestClient {
    let auth = serde_json::json!({ "name": name });
    let client = TestClient::builder(server)
        .namespace("/admin")
        .auth(&auth)
        .connect();
    client.await.expect("an admin")
}

both! {
    each_namespace_has_sessions_of_its_own_type,
    one_connection_carries_a_socket_in_each,
    broadcasts_and_rooms_stay_in_their_namespace,
    a_hub_without_the_main_namespace_serves_its_others,
}

async fn each_namespace_has_sessions_of_its_own_type(mode: WebSocketMode) {
    let server = serve(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    let ann = admin(&server, "ann").await;
    assert_eq!(client.emit_with_ack(&Ask).await, "main /");
    assert_eq!(ann.emit_with_ack(&Ask).await, "ann /admin");
}

async fn one_connection_carries_a_socket_in_each(mode: WebSocketMode) {
    let server = serve(mode);
    let mut client = RawClient::open(&server).await;
    client.send(r#"40/admin,{"name":"bob"}"#).await;
    client.send("40").await;
    let mut ids = Vec::new();
    for head in [r#"40/admin,{"sid":""#, r#"40{"sid":""#] {
        let Frame::Text(reply) = client.next().await else {
            panic!("not a text")
        };
        let id = reply
            .strip_prefix(head)
            .expect("a reply")
            .strip_suffix("\"}");
        ids.push(id.expect("a sid").to_owned());
    }
    assert_ne!(ids[0], ids[1]);
    // The same ack id in both, at the same time.
    client.send(r#"42/admin,1["ask"]"#).await;
    client.send(r#"421["ask"]"#).await;
    client.expect_text(r#"43/admin,1["bob /admin"]"#).await;
    client.expect_text(r#"431["main /"]"#).await;
    let stats = server.hub().stats();
    assert_eq!((stats.connections, stats.sockets), (1, 2));
}

async fn broadcasts_and_rooms_stay_in_their_namespace(mode: WebSocketMode) {
    let server = serve(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    let ann = admin(&server, "ann").await;
    let hub = server.hub();
    let admins = hub.namespace("/admin").expect("registered");
    hub.to("room")
        .emit(&News("for main".into()))
        .expect("emitted");
    hub.emit(&News("for all of main".into())).expect("emitted");
    admins
        .to("room")
        .emit(&News("for admins".into()))
        .expect("emitted");
    admins
        .emit(&News("for all admins".into()))
        .expect("emitted");
    // A socket's private room exists in its own namespace only.
    hub.to(ann.id())
        .emit(&News("astray".into()))
        .expect("emitted");
    for (client, texts) in [
        (&client, ["for main", "for all of main"]),
        (&ann, ["for admins", "for all admins"]),
    ] {
        for text in texts {
            assert_eq!(client.expect::<News>().await, News(text.into()));
        }
        client.sync().await;
        assert_eq!(client.pending(), []);
    }
    assert_eq!(admins.name(), "/admin");
    assert_eq!(admins.rooms(), ["room"]);
    until("the supervisors have counted", || {
        let size = |name| {
            hub.namespace(name)
                .map(|namespace| namespace.room_size("room"))
        };
        (size("/"), size("/admin")) == (Some(1), Some(1))
    })
    .await;
    assert_eq!(
        admins
            .everyone()
            .fetch_sockets()
            .await
            .expect("an answer")
            .len(),
        1
    );
}

async fn a_hub_without_the_main_namespace_serves_its_others(mode: WebSocketMode) {
    let hub = Hub::builder()
        .namespace::<Admin>("/admin")
        .websocket_mode(mode);
    let server = TestServer::start(hub.build().expect("a hub"));
    let refused = TestClient::connect(&server)
        .await
        .expect_err("nobody is in `/`");
    assert_eq!(refused.message, "Invalid namespace");
    assert_eq!(
        admin(&server, "ann").await.emit_with_ack(&Ask).await,
        "ann /admin"
    );
    // Emitting to it is harmless.
    server.hub().emit(&News("nobody".into())).expect("emitted");
    assert!(server.hub().namespace("/").is_some());
    assert!(server.hub().namespace("/nowhere").is_none());
}

#[test]
fn a_namespace_can_be_registered_once() {
    let hub = Hub::builder()
        .namespace::<Admin>("/admin")
        .namespace::<Main>("admin")
        .build();
    assert!(matches!(hub, Err(BuildError::DuplicateNamespace(name)) if name == "/admin"));
}
