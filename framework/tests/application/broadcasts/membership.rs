//! Who is a member when, and what is known of rooms.

use std::collections::BTreeSet;

use roomcast::{WebSocketMode, testing::Disconnected};

use super::{Four, WORKERS, main_of, numbers, serve};
use crate::common::{
    both,
    member::{Join, Leave, Number},
    until,
};

both! {
    who_joins_gets_what_is_emitted_afterwards_and_nothing_from_before,
    who_joins_between_two_emits_gets_the_second_alone,
    members_that_are_disconnected_get_what_was_emitted_before,
    rooms_are_known_while_they_have_members,
    a_socket_knows_its_rooms_even_after_it_has_left_them,
}

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
