//! Namespaces that come into being with their first client and go with their last.

use std::time::{Duration, Instant};

use crate::common::{both, until};
use roomcast::{
    BuildError, ConnectAuth, HubBuilder, NamespaceBuilder, Params, WebSocketMode,
    prelude::*,
    testing::{ConnectRefused, Frame, RawClient, TestClient, TestServer},
};
use tokio::sync::Semaphore;

/// Tells which parent it belongs to, and what the name says.
#[derive(EventHandlers)]
#[handles(Where)]
struct Room;

#[derive(EventHandlers)]
#[handles(Where, KickAll)]
struct Tenant;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Where;

/// Disconnects everyone in the namespace, its sender too.
#[derive(Deserialize, Event)]
struct KickAll;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct News(String);

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Ready;

#[derive(Deserialize)]
struct Number {
    id: u32,
}

impl Session for Room {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let Number { id } = socket.params().parse()?;
        socket.join(match id % 2 {
            0 => "even",
            _ => "odd",
        })?;
        Ok(Self)
    }
}

impl Handle<Where> for Room {
    async fn handle(&mut self, _: Where, socket: &Socket) -> Result<String, Rejection> {
        let Number { id } = socket.params().parse()?;
        Ok(format!("room {id} in {}", socket.namespace().name()))
    }
}

impl Session for Tenant {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Where> for Tenant {
    async fn handle(&mut self, _: Where, socket: &Socket) -> Result<String, Rejection> {
        Ok(format!(
            "tenant {}",
            socket.params().get("tenant").unwrap_or("?")
        ))
    }
}

impl Handle<KickAll> for Tenant {
    async fn handle(&mut self, _: KickAll, socket: &Socket) -> Result<(), Rejection> {
        // Awaited by nobody: the connection is told behind what it is just doing.
        drop(socket.namespace().everyone().disconnect(false));
        Ok(())
    }
}

const ROOMS: &str = "/room-{id}";

fn rooms() -> HubBuilder {
    Hub::builder().dynamic_namespace::<Room>(ROOMS)
}

fn serve(mode: WebSocketMode, hub: HubBuilder) -> TestServer {
    TestServer::start(hub.websocket_mode(mode).build().expect("a hub"))
}

async fn enter(server: &TestServer, name: &str) -> Result<TestClient, ConnectRefused> {
    TestClient::builder(server).namespace(name).connect().await
}

async fn refusal(server: &TestServer, name: &str) -> String {
    enter(server, name).await.expect_err("refused").message
}

fn children(server: &TestServer) -> u64 {
    server.hub().stats().dynamic_namespaces
}

both! {
    a_name_that_matches_is_a_namespace_of_its_own,
    a_name_that_nobody_accepts_is_unknown,
    the_first_that_accepts_a_name_has_it,
    a_predicate_is_asked_for_every_client,
    a_predicate_that_panics_refuses,
    who_goes_while_it_is_asked_about_leaves_nothing,
    a_child_goes_with_its_last_client,
    a_child_stays_while_someone_holds_it,
    a_child_may_be_kept,
    there_are_at_most_as_many_as_allowed,
    one_connection_is_in_few,
    a_parent_reaches_all_its_children,
    a_parent_moves_and_disconnects,
    a_parent_gathers_the_answers_of_all_its_children,
    answers_that_a_parent_waits_for_in_vain_are_told_by_the_timeout,
}

async fn a_name_that_matches_is_a_namespace_of_its_own(mode: WebSocketMode) {
    let server = serve(mode, rooms());
    let ann = enter(&server, "/room-1").await.expect("a room");
    let bob = enter(&server, "/room-2").await.expect("a room");
    assert_eq!(ann.emit_with_ack(&Where).await, "room 1 in /room-1");
    assert_eq!(bob.emit_with_ack(&Where).await, "room 2 in /room-2");
    let one = server.hub().namespace("/room-1").expect("it exists");
    one.emit(&News("one".into())).expect("emitted");
    assert_eq!(ann.expect::<News>().await, News("one".into()));
    bob.sync().await;
    assert_eq!(bob.pending(), []);
    // A second client is in the same.
    let carl = enter(&server, "/room-1").await.expect("a room");
    assert_eq!(children(&server), 2);
    one.to("odd").emit(&News("odd".into())).expect("emitted");
    for client in [&ann, &carl] {
        assert_eq!(client.expect::<News>().await, News("odd".into()));
    }
}

async fn a_name_that_nobody_accepts_is_unknown(mode: WebSocketMode) {
    let server = serve(mode, rooms());
    // Of 256 bytes, and of one more.
    let longest = format!("/room-{:0250}", 1);
    enter(&server, &longest).await.expect("a room");
    let long = format!("/room-{:0251}", 1);
    for name in ["/room", "/room-", "/room-1/x", "/", &long] {
        assert_eq!(refusal(&server, name).await, "Invalid namespace", "{name}");
        assert!(name == "/" || server.hub().namespace(name).is_none());
    }
    // What does not fit the session's type is told by it.
    let told = "invalid namespace name: `one` is no u32";
    assert_eq!(refusal(&server, "/room-one").await, told);
    until("nothing is left", || children(&server) == 0).await;
}

async fn the_first_that_accepts_a_name_has_it(mode: WebSocketMode) {
    let tenants = async |name: &str, _: &ConnectAuth| {
        tokio::task::yield_now().await;
        let tenant = name.strip_prefix("/room-");
        Ok(tenant.map(|tenant| Params::from_iter([("tenant", tenant)])))
    };
    let hub = Hub::builder()
        .dynamic_namespace::<Room>("/room-{id}0")
        .namespace_with(NamespaceBuilder::accepted_by::<Tenant>("tenants", tenants))
        .dynamic_namespace::<Room>(ROOMS)
        .namespace::<Tenant>("/room-fixed");
    let server = serve(mode, hub);
    for (name, answer) in [
        ("/room-70", "room 7 in /room-70"),
        ("/room-7", "tenant 7"),
        ("/room-fixed", "tenant ?"),
    ] {
        let client = enter(&server, name).await.expect("let in");
        assert_eq!(client.emit_with_ack(&Where).await, answer);
        let parent = server.hub().parent("tenants").expect("registered");
        assert_eq!(parent.children().len(), usize::from(name == "/room-7"));
    }
}

async fn a_predicate_is_asked_for_every_client(mode: WebSocketMode) {
    #[derive(Deserialize)]
    struct Card {
        member: Option<bool>,
    }
    let members = async |_: &str, auth: &ConnectAuth| match auth.parse::<Card>()?.member {
        Some(true) => Ok(Some(Params::default())),
        Some(false) => Err(Refusal::new("members only")),
        None => Ok(None),
    };
    let members = NamespaceBuilder::accepted_by::<Tenant>("members", members);
    let server = serve(mode, Hub::builder().namespace_with(members));
    let card = |member: bool| {
        let auth = serde_json::json!({ "member": member });
        TestClient::builder(&server)
            .namespace("/club")
            .auth(&auth)
            .connect()
    };
    let member = card(true).await.expect("let in");
    // That the namespace exists does not open it.
    assert_eq!(
        card(false).await.expect_err("refused").message,
        "members only"
    );
    assert_eq!(refusal(&server, "/club").await, "Invalid namespace");
    assert_eq!(
        server.hub().stats().refused_connects,
        [("predicate", 1), ("unknown_namespace", 1)].into()
    );
    assert_eq!(member.emit_with_ack(&Where).await, "tenant ?");
    assert_eq!(children(&server), 1);
}

async fn a_predicate_that_panics_refuses(mode: WebSocketMode) {
    let panics = async |_: &str, _: &ConnectAuth| panic!("in a predicate");
    let broken = NamespaceBuilder::accepted_by::<Tenant>("broken", panics);
    let server = serve(mode, Hub::builder().namespace_with(broken));
    assert_eq!(refusal(&server, "/x").await, "internal server error");
    assert_eq!(server.hub().stats().panics, 1);
    until("nothing is left", || children(&server) == 0).await;
}

async fn who_goes_while_it_is_asked_about_leaves_nothing(mode: WebSocketMode) {
    let waits = async |_: &str, _: &ConnectAuth| std::future::pending().await;
    let slow = NamespaceBuilder::accepted_by::<Tenant>("slow", waits);
    let server = serve(mode, Hub::builder().namespace_with(slow));
    let mut client = RawClient::open(&server).await;
    client.send("40/x,").await;
    until("it is asked about", || children(&server) == 1).await;
    // It is nobody's child yet.
    assert!(server.hub().namespace("/x").is_none());
    let parent = server.hub().parent("slow").expect("registered");
    assert_eq!(parent.children().len(), 0);
    drop(client);
    until("nothing is left", || children(&server) == 0).await;
}

async fn a_child_goes_with_its_last_client(mode: WebSocketMode) {
    let server = serve(mode, rooms());
    let ann = enter(&server, "/room-1").await.expect("a room");
    let bob = enter(&server, "/room-1").await.expect("a room");
    ann.disconnect().await;
    assert_eq!(bob.emit_with_ack(&Where).await, "room 1 in /room-1");
    assert_eq!(children(&server), 1);
    drop(bob);
    until("it has gone", || children(&server) == 0).await;
    assert!(server.hub().namespace("/room-1").is_none());
    // Its successor is as new.
    let carl = enter(&server, "/room-1").await.expect("a room");
    let room = server.hub().namespace("/room-1").expect("it exists");
    let members = room.to("odd").fetch_sockets().await.expect("members");
    assert_eq!(
        members.iter().map(|m| m.id()).collect::<Vec<_>>(),
        [carl.id()]
    );
}

async fn a_child_stays_while_someone_holds_it(mode: WebSocketMode) {
    let server = serve(mode, rooms());
    let ann = enter(&server, "/room-1").await.expect("a room");
    let held = server.hub().namespace("/room-1").expect("it exists");
    ann.disconnect().await;
    until("it is empty", || server.hub().stats().sockets == 0).await;
    // A handle reaches whoever comes later.
    let bob = enter(&server, "/room-1").await.expect("a room");
    held.emit(&News("still".into())).expect("emitted");
    assert_eq!(bob.expect::<News>().await, News("still".into()));
    bob.disconnect().await;
    until("it is empty", || server.hub().stats().sockets == 0).await;
    drop(held);
    until("it has gone", || children(&server) == 0).await;
}

async fn a_child_may_be_kept(mode: WebSocketMode) {
    let kept = rooms().cleanup_empty_child_namespaces(false);
    let server = serve(mode, kept.max_dynamic_namespaces(1));
    refusal(&server, "/room-none").await;
    until("one that accepted nobody is not", || children(&server) == 0).await;
    let ann = enter(&server, "/room-1").await.expect("a room");
    ann.disconnect().await;
    until("it is empty", || server.hub().stats().sockets == 0).await;
    assert!(server.hub().namespace("/room-1").is_some());
    assert_eq!(refusal(&server, "/room-2").await, "too many namespaces");
}

async fn there_are_at_most_as_many_as_allowed(mode: WebSocketMode) {
    let server = serve(mode, rooms().max_dynamic_namespaces(2));
    let ann = enter(&server, "/room-1").await.expect("a room");
    let _bob = enter(&server, "/room-2").await.expect("a room");
    assert_eq!(refusal(&server, "/room-3").await, "too many namespaces");
    let stats = server.hub().stats();
    let refused = [("max_dynamic_namespaces", 1)].into();
    assert_eq!(stats.refused_namespaces, refused);
    assert_eq!(stats.refused_connects, refused);
    let _carl = enter(&server, "/room-2").await.expect("one that exists");
    ann.disconnect().await;
    until("there is place again", || children(&server) == 1).await;
    enter(&server, "/room-3").await.expect("a room");
}

async fn one_connection_is_in_few(mode: WebSocketMode) {
    let hub = rooms()
        .namespace::<Tenant>("/")
        .max_namespaces_per_connection(2);
    let server = serve(mode, hub);
    let mut client = RawClient::open(&server).await;
    for name in ["/room-1,", "/room-2,"] {
        client.send(&format!("40{name}")).await;
        assert!(matches!(client.next().await, Frame::Text(text) if text.contains("sid")));
    }
    client.send("40/room-3,").await;
    client
        .expect_text(r#"44/room-3,{"message":"too many namespaces"}"#)
        .await;
    assert_eq!(children(&server), 2);
    // Those that are registered by name do not count.
    client.send("40").await;
    assert!(matches!(client.next().await, Frame::Text(text) if text.contains("sid")));
}

async fn a_parent_reaches_all_its_children(mode: WebSocketMode) {
    let hub = rooms().dynamic_namespace::<Tenant>("/tenant/{tenant}");
    let server = serve(mode, hub);
    let one = enter(&server, "/room-1").await.expect("a room");
    let two = enter(&server, "/room-2").await.expect("a room");
    let three = enter(&server, "/room-3").await.expect("a room");
    let acme = enter(&server, "/tenant/acme").await.expect("a tenant");
    let hub = server.hub();
    let rooms = hub.parent(ROOMS).expect("registered");
    assert!(hub.parent("/nowhere").is_none());
    let mut names: Vec<_> = rooms
        .children()
        .iter()
        .map(|c| c.name().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["/room-1", "/room-2", "/room-3"]);

    let news = |text: &str| News(text.to_owned());
    rooms.emit(&news("all")).expect("emitted");
    rooms.clone().to("odd").emit(&news("odd")).expect("emitted");
    rooms
        .clone()
        .except("odd")
        .emit(&news("even"))
        .expect("emitted");
    rooms
        .volatile()
        .emit_raw("news", &["raw"])
        .expect("emitted");
    for (client, texts) in [
        (&one, &["all", "odd", "raw"][..]),
        (&two, &["all", "even", "raw"]),
        (&three, &["all", "odd", "raw"]),
        (&acme, &[]),
    ] {
        for text in texts {
            assert_eq!(client.expect::<News>().await, news(text));
        }
        client.sync().await;
        assert_eq!(client.pending(), []);
    }
}

async fn a_parent_moves_and_disconnects(mode: WebSocketMode) {
    let server = serve(mode, rooms());
    let one = enter(&server, "/room-1").await.expect("a room");
    let two = enter(&server, "/room-2").await.expect("a room");
    let rooms = server.hub().parent(ROOMS).expect("registered");
    rooms.join(["lobby"]).await.expect("joined");
    rooms
        .clone()
        .to("odd")
        .leave(["lobby"])
        .await
        .expect("left");
    let found = rooms
        .clone()
        .to("lobby")
        .fetch_sockets()
        .await
        .expect("found");
    assert_eq!(found.iter().map(|s| s.id()).collect::<Vec<_>>(), [two.id()]);
    rooms
        .clone()
        .to("odd")
        .disconnect(false)
        .await
        .expect("told");
    assert_eq!(
        one.expect_disconnect().await.as_str(),
        "io server disconnect"
    );
    assert_eq!(two.emit_with_ack(&Where).await, "room 2 in /room-2");
    rooms.disconnect(true).await.expect("told");
    assert_eq!(
        two.expect_disconnect().await.as_str(),
        "io server disconnect"
    );
    until("all have gone", || children(&server) == 0).await;
}

async fn a_parent_gathers_the_answers_of_all_its_children(mode: WebSocketMode) {
    let server = serve(mode, rooms());
    let rooms = server.hub().parent(ROOMS).expect("registered");
    let nobody = rooms.emit_with_ack(&Ready).await.expect("emitted");
    assert!(nobody.is_complete() && nobody.into_values().is_empty());

    let mut clients = Vec::new();
    for number in 1..=3 {
        let client = enter(&server, &format!("/room-{number}")).await.unwrap();
        client.answer(move |_: Ready| number);
        clients.push(client);
    }
    let acks = rooms.emit_with_ack(&Ready).await.expect("emitted");
    assert!(acks.is_complete());
    let mut answers: Vec<_> = acks
        .iter()
        .map(|(id, number)| (id, *number.expect("a number")))
        .collect();
    answers.sort_by_key(|(_, number)| *number);
    let expected = clients.iter().map(|client| Some(client.id())).zip(1..);
    assert_eq!(answers, expected.collect::<Vec<_>>());

    let odd = rooms.clone().to("odd").emit_with_ack(&Ready).await;
    let mut odd = odd.expect("emitted").into_values();
    odd.sort_unstable();
    assert_eq!(odd, [1, 3]);
    let raw = rooms.except("odd").emit_raw_with_ack("ready", &()).await;
    let raw = raw.expect("emitted").into_values();
    assert_eq!(raw[0].args::<(u32,)>().unwrap(), (2,));
}

async fn answers_that_a_parent_waits_for_in_vain_are_told_by_the_timeout(mode: WebSocketMode) {
    let server = serve(mode, rooms());
    let rooms = server.hub().parent(ROOMS).expect("registered");
    let mut clients = Vec::new();
    for name in ["/room-1", "/room-2", "/room-3"] {
        clients.push(enter(&server, name).await.unwrap());
    }
    clients[1].answer(|_: Ready| 2);
    let time = Duration::from_secs(2);
    let since = Instant::now();
    let acks = rooms.timeout(time).emit_with_ack(&Ready).await.unwrap();
    let elapsed = since.elapsed();
    assert!(elapsed >= time, "{elapsed:?}");
    assert!(elapsed < 2 * time, "the time of one for all: {elapsed:?}");
    assert!(!acks.is_complete());
    assert_eq!(acks.into_values(), [2]);
    for silent in [0, 2] {
        clients[silent].expect::<Ready>().await;
    }
}

/// A name is left and asked for again, by several clients at once on several workers: each is in
/// the one namespace of that name that the others of the moment are in.
#[actix_web::test]
async fn who_comes_while_a_child_goes_is_in_the_one_that_others_find() {
    let server = TestServer::builder(rooms().build().expect("a hub"))
        .workers(4)
        .start();
    let busy = (0..8).map(async |_| {
        for round in 0..50 {
            let client = enter(&server, "/room-1").await.expect("a room");
            let room = server.hub().namespace("/room-1").expect("it exists");
            room.to(client.id())
                .emit(&News("you".into()))
                .expect("emitted");
            assert_eq!(client.expect::<News>().await, News("you".into()));
            match round % 2 {
                0 => drop(client),
                _ => client.disconnect().await,
            }
        }
    });
    futures_util::future::join_all(busy).await;
    until("nothing is left", || children(&server) == 0).await;
}

/// A client leaves and comes back while it is being disconnected: that was for its former socket.
#[actix_web::test]
async fn a_disconnect_does_not_reach_the_next_socket() {
    let hub = Hub::builder().dynamic_namespace::<Tenant>("/{tenant}");
    let server = serve(WebSocketMode::Handoff, hub);
    let mut client = crate::wire::Wire::open(&server).await;
    client.text("40/a,").await;
    client.next().await;
    let at_once = [r#"42/a,["kick_all"]"#, "41/a,", "40/a,"].map(crate::wire::text);
    client.write(&at_once.concat()).await;
    let reply = client.next().await;
    assert!(
        matches!(&reply, crate::wire::Message::Text(text) if text.contains("sid")),
        "{reply:?}"
    );
    client.text(r#"42/a,1["where"]"#).await;
    client.expect(r#"43/a,1["tenant a"]"#).await;
}

/// Two clients ask for a name at the same moment: one parent gets it, and both clients.
#[actix_web::test]
async fn two_that_are_asked_about_at_once_end_in_one_namespace() {
    static GATE: Semaphore = Semaphore::const_new(0);
    let slow = async |_: &str, _: &ConnectAuth| {
        GATE.acquire().await.expect("open").forget();
        Ok(Some(Params::from_iter([("tenant", "slow")])))
    };
    let slow = NamespaceBuilder::accepted_by::<Tenant>("slow", slow);
    let server = serve(WebSocketMode::Handoff, Hub::builder().namespace_with(slow));
    let open = async {
        until("both are asked about", || {
            server.hub().stats().connections == 2
        })
        .await;
        GATE.add_permits(2);
    };
    let (ann, bob, ()) = tokio::join!(enter(&server, "/x"), enter(&server, "/x"), open);
    let (ann, bob) = (ann.expect("let in"), bob.expect("let in"));
    let parent = server.hub().parent("slow").expect("registered");
    assert_eq!(parent.children().len(), 1);
    let found = parent.fetch_sockets().await.expect("found");
    assert_eq!(found.len(), 2);
    drop((ann, bob));
}

#[test]
fn what_is_no_pattern_or_taken_is_refused() {
    for pattern in ["/room", "/{}", "/{a}{b}"] {
        let hub = Hub::builder().dynamic_namespace::<Room>(pattern).build();
        assert!(matches!(hub, Err(BuildError::NamespacePattern(text)) if text == pattern));
    }
    let twice = rooms().dynamic_namespace::<Tenant>(&ROOMS[1..]).build();
    assert!(matches!(twice, Err(BuildError::DuplicateNamespace(name)) if name == ROOMS));
}
