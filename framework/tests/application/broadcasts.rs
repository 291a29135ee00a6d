//! Whom a broadcast reaches, and what else can be done to many sockets at once. The members are
//! spread over several workers throughout.

use std::collections::{BTreeSet, HashSet};

use crate::common::{
    both,
    member::{Hall, Join, Leave, Number, Relay, members},
    until,
};
use roomcast::{
    Namespace, SocketId, WebSocketMode,
    prelude::*,
    testing::{Disconnected, TestClient, TestServer},
};
use serde_json::json;

const WORKERS: usize = 3;

fn serve(mode: WebSocketMode) -> (TestServer, Hall) {
    let (hub, hall) = members();
    let hub = hub.websocket_mode(mode).build().expect("a hub");
    (TestServer::builder(hub).workers(WORKERS).start(), hall)
}

fn main_of(server: &TestServer) -> Namespace {
    server.hub().namespace("/").expect("the main namespace")
}

/// The numbers that have come to a client, when all have.
async fn numbers(client: &TestClient) -> Vec<u32> {
    client.sync().await;
    let number = |received: roomcast::testing::Received| {
        let args: (u32,) = serde_json::from_str(&received.json()).expect("a number");
        args.0
    };
    client.pending().into_iter().map(number).collect()
}

/// Clients in the rooms `a`, `a` and `b`, `b`, and none.
struct Four {
    a: TestClient,
    both: TestClient,
    b: TestClient,
    none: TestClient,
}

impl Four {
    async fn enter(server: &TestServer, hall: &mut Hall) -> Self {
        Self {
            a: hall.enter(server, &["a"]).await.0,
            both: hall.enter(server, &["a", "b"]).await.0,
            b: hall.enter(server, &["b"]).await.0,
            none: hall.enter(server, &[]).await.0,
        }
    }

    /// Who has got what since the last look.
    async fn got(&self) -> [Vec<u32>; 4] {
        [
            numbers(&self.a).await,
            numbers(&self.both).await,
            numbers(&self.b).await,
            numbers(&self.none).await,
        ]
    }
}

both! {
    to_reaches_the_members_of_the_rooms_and_each_of_them_once,
    except_leaves_members_out_and_wins_over_to,
    everyone_is_everyone,
    a_broadcast_of_a_socket_leaves_the_socket_out,
    the_id_of_a_socket_is_its_private_room,
    untyped_events_reach_the_same_sockets,
    attachments_reach_every_receiver,
    volatile_events_reach_clients_that_keep_up,
    who_joins_gets_what_is_emitted_afterwards_and_nothing_from_before,
    who_joins_between_two_emits_gets_the_second_alone,
    members_that_are_disconnected_get_what_was_emitted_before,
    fetch_sockets_tells_ids_and_rooms,
    many_sockets_join_leave_and_are_disconnected_at_once,
    rooms_are_known_while_they_have_members,
    a_socket_knows_its_rooms_even_after_it_has_left_them,
}

async fn to_reaches_the_members_of_the_rooms_and_each_of_them_once(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let four = Four::enter(&server, &mut hall).await;
    let hub = server.hub();
    hub.to("a").emit(&Number(1)).expect("emitted");
    hub.to("a").to("b").emit(&Number(2)).expect("emitted");
    hub.to("b")
        .to("b")
        .to("nobody")
        .emit(&Number(3))
        .expect("emitted");
    hub.to("nobody").emit(&Number(4)).expect("emitted");
    assert_eq!(
        four.got().await,
        [vec![1, 2], vec![1, 2, 3], vec![2, 3], vec![]]
    );
}

async fn except_leaves_members_out_and_wins_over_to(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let four = Four::enter(&server, &mut hall).await;
    let hub = server.hub();
    hub.except("a").emit(&Number(1)).expect("emitted");
    hub.to("a").except("b").emit(&Number(2)).expect("emitted");
    hub.to("a")
        .to("b")
        .except("a")
        .emit(&Number(3))
        .expect("emitted");
    hub.everyone()
        .except("a")
        .except("b")
        .emit(&Number(4))
        .expect("emitted");
    hub.except("nobody").emit(&Number(5)).expect("emitted");
    assert_eq!(
        four.got().await,
        [vec![2, 5], vec![5], vec![1, 3, 5], vec![1, 4, 5]]
    );
}

async fn everyone_is_everyone(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let four = Four::enter(&server, &mut hall).await;
    server.hub().emit(&Number(1)).expect("emitted");
    server
        .hub()
        .everyone()
        .local()
        .emit(&Number(2))
        .expect("emitted");
    main_of(&server).emit(&Number(3)).expect("emitted");
    assert_eq!(
        four.got().await,
        [vec![1, 2, 3], vec![1, 2, 3], vec![1, 2, 3], vec![1, 2, 3]]
    );
}

async fn a_broadcast_of_a_socket_leaves_the_socket_out(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let (client, socket) = hall.enter(&server, &["a"]).await;
    let four = Four::enter(&server, &mut hall).await;
    socket.to("a").emit(&Number(1)).expect("emitted");
    socket.broadcast().emit(&Number(2)).expect("emitted");
    socket.except("b").emit(&Number(3)).expect("emitted");
    assert_eq!(
        four.got().await,
        [vec![1, 2, 3], vec![1, 2], vec![2], vec![2, 3]]
    );
    // From its handler, too.
    client
        .emit_with_ack(&Relay {
            room: "a".into(),
            number: 4,
        })
        .await;
    assert_eq!(four.got().await, [vec![4], vec![4], vec![], vec![]]);
    assert!(numbers(&client).await.is_empty());
}

async fn the_id_of_a_socket_is_its_private_room(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let four = Four::enter(&server, &mut hall).await;
    let hub = server.hub();
    hub.to(four.a.id()).emit(&Number(1)).expect("emitted");
    hub.to(four.none.id())
        .to(four.b.id())
        .to("b")
        .emit(&Number(2))
        .expect("emitted");
    hub.except(four.a.id()).emit(&Number(3)).expect("emitted");
    hub.to("a")
        .except(four.both.id())
        .emit(&Number(4))
        .expect("emitted");
    let stranger: SocketId = "AAAAAAAAAAAAAAAAAAAA".parse().expect("an id");
    hub.to(stranger).emit(&Number(5)).expect("emitted");
    assert_eq!(
        four.got().await,
        [vec![1, 4], vec![2, 3], vec![2, 3], vec![2, 3]]
    );
}

async fn untyped_events_reach_the_same_sockets(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let four = Four::enter(&server, &mut hall).await;
    server
        .hub()
        .to("a")
        .emit_raw("mixed", &json!([1, "two", {"three": null}]))
        .expect("emitted");
    server
        .hub()
        .to("a")
        .emit_raw("bare", &[0; 0])
        .expect("emitted");
    for client in [&four.a, &four.both] {
        let mixed = client.next().await;
        assert_eq!(
            (mixed.name(), mixed.json().as_str()),
            ("mixed", r#"[1,"two",{"three":null}]"#)
        );
        let bare = client.next().await;
        assert_eq!((bare.name(), bare.json().as_str()), ("bare", "[]"));
    }
    let not_a_list = server.hub().everyone().emit_raw("text", "text");
    assert!(
        matches!(not_a_list, Err(roomcast::EmitError::Encode { event, .. }) if event == "text")
    );
    assert_eq!(four.got().await, [const { Vec::<u32>::new() }; 4]);
}

async fn attachments_reach_every_receiver(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let four = Four::enter(&server, &mut hall).await;
    let bytes = Binary::from(vec![7; 100_000]);
    server
        .hub()
        .to("a")
        .emit_raw("file", &(&bytes, "name", &bytes))
        .expect("emitted");
    for client in [&four.a, &four.both] {
        let file = client.next().await;
        assert_eq!(file.attachments(), [bytes.0.clone(), bytes.0.clone()]);
    }
}

async fn volatile_events_reach_clients_that_keep_up(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let (client, socket) = hall.enter(&server, &["a"]).await;
    for number in 1..4 {
        server
            .hub()
            .to("a")
            .volatile()
            .emit(&Number(number))
            .expect("emitted");
        assert_eq!(client.expect::<Number>().await, Number(number));
    }
    socket.volatile().emit(&Number(4)).expect("emitted");
    assert_eq!(client.expect::<Number>().await, Number(4));
    assert_eq!(server.hub().stats().dropped_volatile, 0);
}

// ---- who is a member when

async fn who_joins_gets_what_is_emitted_afterwards_and_nothing_from_before(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let mut clients = Vec::new();
    for number in 0..10 {
        let (client, _) = hall.enter(&server, &[]).await;
        server.hub().to("a").emit(&Number(number)).expect("emitted");
        client.emit_with_ack(&Join("a".into())).await;
        clients.push(client);
    }
    for (joined_after, client) in (0..).zip(&clients) {
        assert_eq!(
            numbers(client).await,
            (joined_after + 1..10).collect::<Vec<_>>()
        );
    }
}

async fn who_joins_between_two_emits_gets_the_second_alone(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let hub = server.hub();
    for _ in 0..2 * WORKERS {
        let (client, socket) = hall.enter(&server, &[]).await;
        let room = client.id().to_string() + "'s";
        hub.to(&room).emit(&Number(1)).expect("emitted");
        socket.join(&room).expect("joined");
        hub.to(&room).emit(&Number(2)).expect("emitted");
        socket.leave(&room).expect("left");
        hub.to(&room).emit(&Number(3)).expect("emitted");
        drop(hub.to(client.id()).join([&room]));
        hub.to(&room).emit(&Number(4)).expect("emitted");
        drop(hub.to(client.id()).leave([&room]));
        hub.to(&room).emit(&Number(5)).expect("emitted");
        assert_eq!(numbers(&client).await, [2, 4]);
    }
}

async fn members_that_are_disconnected_get_what_was_emitted_before(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let four = Four::enter(&server, &mut hall).await;
    let hub = server.hub();
    hub.to("a").emit(&Number(1)).expect("emitted");
    drop(hub.to("a").disconnect(false));
    for client in [&four.a, &four.both] {
        assert_eq!(client.expect::<Number>().await, Number(1));
        assert_eq!(client.expect_disconnect().await, Disconnected::ByServer);
    }
    assert!(numbers(&four.b).await.is_empty());
    until("two are left", || hub.stats().sockets == 2).await;
}

// ---- many sockets

async fn fetch_sockets_tells_ids_and_rooms(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let four = Four::enter(&server, &mut hall).await;
    let hub = server.hub();
    let ids = |clients: &[&TestClient]| {
        clients
            .iter()
            .map(|client| client.id())
            .collect::<HashSet<_>>()
    };
    let fetched = hub.to("a").fetch_sockets().await.expect("an answer");
    let found: HashSet<_> = fetched.iter().map(roomcast::RemoteSocket::id).collect();
    assert_eq!(fetched.len(), 2);
    assert_eq!(found, ids(&[&four.a, &four.both]));
    let both = fetched
        .iter()
        .find(|socket| socket.id() == four.both.id())
        .expect("in both");
    assert_eq!(
        both.rooms().collect::<BTreeSet<_>>(),
        BTreeSet::from(["a", "b"])
    );
    both.emit(&Number(1)).expect("emitted");
    both.leave(["a"]).await.expect("left");
    both.join(["c", "d"]).await.expect("joined");
    hub.to("a").to("c").emit(&Number(2)).expect("emitted");
    assert_eq!(four.got().await, [vec![2], vec![1, 2], vec![], vec![]]);

    assert_eq!(
        hub.everyone()
            .fetch_sockets()
            .await
            .expect("an answer")
            .len(),
        4
    );
    assert_eq!(
        hub.except("a")
            .fetch_sockets()
            .await
            .expect("an answer")
            .len(),
        3
    );
    let private = hub
        .to(four.none.id())
        .fetch_sockets()
        .await
        .expect("an answer");
    assert_eq!(private.len(), 1);
    assert_eq!(
        private[0].rooms().count(),
        0,
        "its private room is not among them"
    );
    private[0].disconnect(true).await.expect("told");
    assert_eq!(four.none.expect_disconnect().await, Disconnected::ByServer);
    assert!(
        hub.to("nobody")
            .fetch_sockets()
            .await
            .expect("an answer")
            .is_empty()
    );
}

async fn many_sockets_join_leave_and_are_disconnected_at_once(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let four = Four::enter(&server, &mut hall).await;
    let hub = server.hub();
    hub.to("a").join(["x", "y"]).await.expect("joined");
    hub.to("x").emit(&Number(1)).expect("emitted");
    hub.everyone()
        .except("x")
        .join(["x"])
        .await
        .expect("joined");
    hub.to("x").emit(&Number(2)).expect("emitted");
    hub.to("b").leave(["x", "nothing"]).await.expect("left");
    hub.to("x").emit(&Number(3)).expect("emitted");
    hub.to("y").emit(&Number(4)).expect("emitted");
    assert_eq!(
        four.got().await,
        [vec![1, 2, 3, 4], vec![1, 2, 4], vec![2], vec![2, 3]]
    );
    hub.except("b").disconnect(true).await.expect("told");
    assert_eq!(four.a.expect_disconnect().await, Disconnected::ByServer);
    assert_eq!(four.none.expect_disconnect().await, Disconnected::ByServer);
    hub.emit(&Number(5)).expect("emitted");
    assert_eq!(four.both.expect::<Number>().await, Number(5));
    assert_eq!(four.b.expect::<Number>().await, Number(5));
    until("their connections are closed", || {
        hub.stats().connections == 2
    })
    .await;
}

async fn rooms_are_known_while_they_have_members(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let four = Four::enter(&server, &mut hall).await;
    let main = main_of(&server);
    let rooms = || BTreeSet::from_iter(main.rooms());
    let sizes = || {
        (
            main.room_size("a"),
            main.room_size("b"),
            server.hub().stats().rooms,
        )
    };
    assert_eq!(rooms(), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    until("all are counted", || sizes() == (2, 2, 2)).await;

    four.both.emit_with_ack(&Leave("a".into())).await;
    four.both.emit_with_ack(&Leave("a".into())).await;
    until("one has left", || sizes() == (1, 2, 2)).await;
    four.a.disconnect().await;
    until("the room is empty", || sizes() == (0, 2, 1)).await;
    assert_eq!(rooms(), BTreeSet::from(["b".to_owned()]));

    drop((four.both, four.b));
    until("nobody is in a room", || sizes() == (0, 0, 0)).await;
    assert!(rooms().is_empty());
    let (_again, _) = hall.enter(&server, &["a"]).await;
    until("the room is back", || sizes() == (1, 0, 1)).await;
    assert!(numbers(&four.none).await.is_empty());
}

async fn a_socket_knows_its_rooms_even_after_it_has_left_them(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let (client, socket) = hall.enter(&server, &["a", "b"]).await;
    client.emit_with_ack(&Join("c".into())).await;
    client.emit_with_ack(&Leave("b".into())).await;
    assert!(socket.is_connected());
    client.disconnect().await;
    until("it has left", || !socket.is_connected()).await;
    assert_eq!(
        BTreeSet::from_iter(socket.rooms()),
        BTreeSet::from(["a".to_owned(), "c".to_owned()])
    );
    assert!(matches!(
        socket.join("d"),
        Err(roomcast::EmitError::Disconnected)
    ));
    assert!(matches!(
        socket.emit(&Number(1)),
        Err(roomcast::EmitError::Disconnected)
    ));
    // The others can still be reached through it.
    let (other, _) = hall.enter(&server, &["a"]).await;
    socket.to("a").emit(&Number(2)).expect("emitted");
    assert_eq!(other.expect::<Number>().await, Number(2));
}

// ---- the order of what one handler emits

#[derive(EventHandlers)]
#[handles(Run)]
struct Narrator;

/// Emits the even numbers below `to` to the room and the odd ones to its own client, and answers.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Run {
    to: u32,
}

impl Session for Narrator {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        Ok(socket.join("room").map(|()| Self)?)
    }
}

impl Handle<Run> for Narrator {
    async fn handle(&mut self, run: Run, socket: &Socket) -> Result<u32, Rejection> {
        for number in 0..run.to {
            match number % 4 {
                0 => socket.hub().to("room").emit(&Number(number))?,
                2 => socket.hub().emit(&Number(number))?,
                _ => socket.emit(&Number(number))?,
            }
            if number % 10 == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(run.to)
    }
}

both! {
    direct_emits_broadcasts_and_the_ack_arrive_in_the_order_of_the_handler,
    what_each_client_sends_arrives_in_its_order_everywhere,
}

async fn direct_emits_broadcasts_and_the_ack_arrive_in_the_order_of_the_handler(
    mode: WebSocketMode,
) {
    let hub = Hub::builder()
        .namespace::<Narrator>("/")
        .websocket_mode(mode);
    let server = TestServer::builder(hub.build().expect("a hub"))
        .workers(WORKERS)
        .start();
    let mut listeners = Vec::new();
    for _ in 0..2 * WORKERS {
        listeners.push(TestClient::connect(&server).await.expect("a listener"));
    }
    let narrator = TestClient::connect(&server).await.expect("a narrator");
    assert_eq!(narrator.emit_with_ack(&Run { to: 100 }).await, 100);
    // The ack is the last: all else has come before it.
    let before: Vec<_> = narrator
        .pending()
        .iter()
        .map(|received| received.json())
        .collect();
    assert_eq!(
        before,
        (0..100)
            .map(|number| format!("[{number}]"))
            .collect::<Vec<_>>()
    );
    let even: Vec<_> = (0..100).filter(|number| number % 2 == 0).collect();
    for listener in &listeners {
        assert_eq!(numbers(listener).await, even);
    }
}

async fn what_each_client_sends_arrives_in_its_order_everywhere(mode: WebSocketMode) {
    let (server, mut hall) = serve(mode);
    let mut senders = Vec::new();
    for _ in 0..WORKERS {
        senders.push(hall.enter(&server, &[]).await.0);
    }
    let mut listeners = Vec::new();
    for _ in 0..WORKERS {
        listeners.push(hall.enter(&server, &["room"]).await.0);
    }
    for round in 0..50 {
        for (sender, client) in (0..).zip(&senders) {
            let number = sender * 1_000 + round;
            client
                .emit(&Relay {
                    room: "room".into(),
                    number,
                })
                .await;
        }
    }
    for listener in &listeners {
        let mut next = [0; WORKERS];
        for _ in 0..50 * WORKERS {
            let Number(number) = listener.expect().await;
            let sender = usize::try_from(number / 1_000).expect("small");
            assert_eq!(number % 1_000, next[sender], "of sender {sender}");
            next[sender] += 1;
        }
    }
}
