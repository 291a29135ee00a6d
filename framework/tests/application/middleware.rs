//! What stands between a client and its session: at the door of a namespace, and before each event.

use crate::common::{
    both,
    journal::{Entries, Journal, journal},
    until,
};
use roomcast::{
    ConnectAuth, HubBuilder, NamespaceBuilder, RawEvent, RejectionKind, Reply, WebSocketMode,
    prelude::*,
    testing::{ConnectRefused, RawClient, TestClient, TestServer},
};
use tokio::sync::Semaphore;

struct User(String);

#[derive(Serialize, Deserialize)]
struct Login {
    name: String,
}

#[derive(EventHandlers)]
#[handles(Name, Note, Crash)]
struct Desk;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Name;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Note(u32);

#[derive(Serialize, Deserialize, Event)]
struct Crash;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Early;

impl Session for Desk {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        socket.state::<Journal>().write("connect");
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        socket.state::<Journal>().write(reason);
    }

    fn rejected(&mut self, event: &str, rejection: &Rejection, socket: &Socket) -> Reply {
        let by = match rejection.kind() {
            RejectionKind::Middleware => "middleware",
            _ => "others",
        };
        socket
            .state::<Journal>()
            .write(format!("{event} refused by {by}"));
        Reply::Error
    }
}

impl Handle<Name> for Desk {
    async fn handle(&mut self, _: Name, socket: &Socket) -> Result<String, Rejection> {
        let user = socket.extensions().get::<User>().ok_or("nobody")?;
        Ok(user.0.clone())
    }
}

impl Handle<Note> for Desk {
    async fn handle(&mut self, Note(n): Note, socket: &Socket) -> Result<u32, Rejection> {
        socket.state::<Journal>().write(format!("note {n}"));
        Ok(n)
    }
}

impl Handle<Crash> for Desk {
    async fn handle(&mut self, _: Crash, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

async fn authenticate(socket: &Socket, auth: &ConnectAuth) -> Result<(), Refusal> {
    let Login { name } = auth.parse()?;
    tokio::task::yield_now().await;
    if name == "mallory" {
        return Err(Refusal::new("not authorized").with_data(&serde_json::json!({"code": 401})));
    }
    socket.extensions().insert(User(name));
    Ok(())
}

fn desk() -> NamespaceBuilder {
    NamespaceBuilder::named::<Desk>("/")
}

fn serve(mode: WebSocketMode, namespace: NamespaceBuilder) -> (TestServer, Entries) {
    serve_hub(mode, Hub::builder().namespace_with(namespace))
}

fn serve_hub(mode: WebSocketMode, hub: HubBuilder) -> (TestServer, Entries) {
    let (writer, entries) = journal();
    let hub = hub.websocket_mode(mode).state(writer).build();
    (TestServer::start(hub.expect("a hub")), entries)
}

async fn login(server: &TestServer, name: &str) -> Result<TestClient, ConnectRefused> {
    let auth = Login { name: name.into() };
    TestClient::builder(server).auth(&auth).connect().await
}

both! {
    what_a_middleware_finds_out_is_there_for_the_session,
    a_refusal_carries_message_and_data_and_ends_the_chain,
    middleware_runs_in_the_order_in_which_it_was_added,
    a_panic_at_the_door_refuses_without_telling_why,
    one_that_waits_is_dropped_when_the_client_goes,
    what_is_emitted_at_the_door_follows_the_reply_or_goes_with_the_refusal,
    an_event_is_refused_before_its_handler,
    events_stay_in_order_while_a_middleware_waits,
    an_event_without_a_handler_is_seen_too,
    a_panic_before_an_event_costs_its_socket,
}

async fn what_a_middleware_finds_out_is_there_for_the_session(mode: WebSocketMode) {
    let (server, _journal) = serve(mode, desk().middleware(authenticate));
    let ann = login(&server, "ann").await.expect("let in");
    let bob = login(&server, "bob").await.expect("let in");
    assert_eq!(ann.emit_with_ack(&Name).await, "ann");
    assert_eq!(bob.emit_with_ack(&Name).await, "bob");
}

async fn a_refusal_carries_message_and_data_and_ends_the_chain(mode: WebSocketMode) {
    let behind = async |socket: &Socket, _: &ConnectAuth| {
        socket.state::<Journal>().write("behind");
        Ok(())
    };
    let (server, mut journal) = serve(mode, desk().middleware(authenticate).middleware(behind));
    let refused = login(&server, "mallory").await.expect_err("refused");
    let expected = ConnectRefused {
        message: "not authorized".to_owned(),
        data: Some(serde_json::json!({"code": 401})),
    };
    assert_eq!(refused, expected);
    let refused = TestClient::connect(&server).await.expect_err("refused");
    assert_eq!(refused.message, "invalid auth: missing field `name`");
    let refused = server.hub().stats().refused_connects;
    assert_eq!(refused, [("auth", 1), ("middleware", 1)].into());
    assert_eq!(server.hub().stats().sockets, 0);

    // Neither what is behind it nor the session has seen them.
    login(&server, "ann").await.expect("let in");
    journal.expect("behind").await;
    journal.expect("connect").await;
}

async fn middleware_runs_in_the_order_in_which_it_was_added(mode: WebSocketMode) {
    let note = |text: &'static str| {
        async move |socket: &Socket, _: &ConnectAuth| {
            tokio::task::yield_now().await;
            socket.state::<Journal>().write(text);
            Ok(())
        }
    };
    let namespace = desk().middleware(note("one")).middleware(note("two"));
    let (server, mut journal) = serve(mode, namespace.middleware(note("three")));
    TestClient::connect(&server).await.expect("let in");
    for entry in ["one", "two", "three", "connect"] {
        journal.expect(entry).await;
    }
}

async fn a_panic_at_the_door_refuses_without_telling_why(mode: WebSocketMode) {
    let panics = async |_: &Socket, auth: &ConnectAuth| {
        assert!(auth.json().is_some(), "a secret of the server");
        Ok(())
    };
    let (server, _journal) = serve(mode, desk().middleware(panics));
    let refused = TestClient::connect(&server).await.expect_err("refused");
    assert_eq!(refused.message, "internal server error");
    assert_eq!(server.hub().stats().panics, 1);
    login(&server, "ann").await.expect("the others are served");
}

async fn one_that_waits_is_dropped_when_the_client_goes(mode: WebSocketMode) {
    struct Bell(Socket);
    impl Drop for Bell {
        fn drop(&mut self) {
            self.0.state::<Journal>().write("dropped");
        }
    }
    let waits = async |socket: &Socket, _: &ConnectAuth| {
        let _bell = Bell(socket.clone());
        socket.state::<Journal>().write("waits");
        std::future::pending().await
    };
    let (server, mut journal) = serve(mode, desk().middleware(waits));
    let mut client = RawClient::open(&server).await;
    client.send("40").await;
    journal.expect("waits").await;
    drop(client);
    journal.expect("dropped").await;
    until("nothing is left", || server.hub().stats().connections == 0).await;
    assert_eq!(journal.rest(), [""; 0], "the session is not told");
}

async fn what_is_emitted_at_the_door_follows_the_reply_or_goes_with_the_refusal(
    mode: WebSocketMode,
) {
    let emits = async |socket: &Socket, auth: &ConnectAuth| {
        socket.emit(&Early)?;
        socket.join("room")?;
        let _: Login = auth.parse()?;
        Ok(())
    };
    let (server, _journal) = serve(mode, desk().middleware(emits));
    let ann = login(&server, "ann").await.expect("let in");
    assert_eq!(ann.expect::<Early>().await, Early);
    let mut refused = RawClient::open(&server).await;
    refused.send("40").await;
    let told = r#"44{"message":"invalid auth: missing field `name`"}"#;
    refused.expect_text(told).await;
    refused.send("40").await;
    refused.expect_text(told).await;
    let namespace = server.hub().namespace("/").expect("a namespace");
    let members = namespace.to("room").fetch_sockets().await.expect("members");
    assert_eq!(members.len(), 1, "who was refused has left its rooms");
}

async fn an_event_is_refused_before_its_handler(mode: WebSocketMode) {
    let only_small = async |event: &RawEvent, socket: &Socket| {
        let seen = format!("{} {} {}", event.name(), event.json(), event.wants_ack());
        socket.state::<Journal>().write(seen);
        match event.args::<(u32,)>()? {
            (0..10,) => Ok(()),
            (number,) => Err(Rejection::new("too large").with_data(&number)),
        }
    };
    let (server, mut journal) = serve(mode, desk().event_middleware(only_small));
    let client = TestClient::connect(&server).await.expect("let in");
    journal.expect("connect").await;
    assert_eq!(client.emit_with_ack(&Note(7)).await, 7);
    journal.expect("note [7] true").await;
    journal.expect("note 7").await;

    let answer = client.emit_raw_with_ack("note", &[10]).await;
    assert_eq!(
        answer.json(),
        r#"[{"error":{"message":"too large","data":10}}]"#
    );
    journal.expect("note [10] true").await;
    journal.expect("note refused by middleware").await;
    client.emit(&Note(11)).await;
    journal.expect("note [11] false").await;
    journal.expect("note refused by middleware").await;

    assert_eq!(client.emit_with_ack(&Note(8)).await, 8);
    let stats = server.hub().stats();
    assert_eq!(stats.rejected, [("middleware", 2)].into());
    assert_eq!(stats.events, 2);
}

async fn events_stay_in_order_while_a_middleware_waits(mode: WebSocketMode) {
    static MAY_PASS: [Semaphore; 2] = [Semaphore::const_new(0), Semaphore::const_new(0)];
    let turnstile = &MAY_PASS[usize::from(mode == WebSocketMode::BodyStream)];
    let waits = async move |event: &RawEvent, socket: &Socket| {
        if event.json() == "[1]" {
            socket.state::<Journal>().write("waits");
            turnstile.acquire().await.expect("open").forget();
        }
        Ok(())
    };
    let (server, mut journal) = serve(mode, desk().event_middleware(waits));
    let client = TestClient::connect(&server).await.expect("let in");
    let other = TestClient::connect(&server).await.expect("let in");
    for entry in ["connect", "connect"] {
        journal.expect(entry).await;
    }
    for n in 1..=3 {
        client.emit(&Note(n)).await;
    }
    journal.expect("waits").await;
    // Another socket does not wait for it.
    assert_eq!(other.emit_with_ack(&Note(9)).await, 9);
    journal.expect("note 9").await;
    assert_eq!(journal.rest(), [""; 0]);
    turnstile.add_permits(1);
    for entry in ["note 1", "note 2", "note 3"] {
        journal.expect(entry).await;
    }
}

async fn an_event_without_a_handler_is_seen_too(mode: WebSocketMode) {
    let forbids = async |event: &RawEvent, _: &Socket| match event.name() {
        "forbidden" => Err(Rejection::new("forbidden")),
        _ => Ok(()),
    };
    let (server, mut journal) = serve(mode, desk().event_middleware(forbids));
    let client = TestClient::connect(&server).await.expect("let in");
    journal.expect("connect").await;
    client.emit_raw("forbidden", &()).await;
    journal.expect("forbidden refused by middleware").await;
    client.emit_raw("unknown", &()).await;
    journal.expect("unknown refused by others").await;
    let stats = server.hub().stats();
    assert_eq!(stats.rejected, [("middleware", 1)].into());
    assert_eq!(stats.unhandled, 1);
}

async fn a_panic_before_an_event_costs_its_socket(mode: WebSocketMode) {
    let panics = async |event: &RawEvent, _: &Socket| {
        assert_ne!(event.name(), "crash", "in a middleware");
        Ok(())
    };
    let (server, mut journal) = serve(mode, desk().event_middleware(panics));
    let client = TestClient::connect(&server).await.expect("let in");
    let other = TestClient::connect(&server).await.expect("let in");
    client.emit(&Crash).await;
    let ended = client.expect_disconnect().await;
    assert_eq!(ended.as_str(), "io server disconnect");
    assert_eq!(other.emit_with_ack(&Note(1)).await, 1);
    assert_eq!(server.hub().stats().panics, 1);
    for entry in ["connect", "connect", "note 1"] {
        journal.expect(entry).await;
    }
}
