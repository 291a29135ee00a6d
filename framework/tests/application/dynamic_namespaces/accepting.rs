//! Which names there are, and who decides.

use roomcast::{
    BuildError, ConnectAuth, NamespaceBuilder, Params, WebSocketMode,
    prelude::*,
    testing::{RawClient, TestClient},
};
use tokio::sync::Semaphore;

use super::{News, ROOMS, Room, Tenant, Where, children, enter, refusal, rooms, serve};
use crate::common::{both, until};

both! {
    a_name_that_matches_is_a_namespace_of_its_own,
    a_name_that_nobody_accepts_is_unknown,
    the_first_that_accepts_a_name_has_it,
    a_predicate_is_asked_for_every_client,
    a_predicate_that_panics_refuses,
    who_goes_while_it_is_asked_about_leaves_nothing,
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
