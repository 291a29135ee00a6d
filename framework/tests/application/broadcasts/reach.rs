//! Whom a broadcast reaches, and in which form.

use roomcast::{WebSocketMode, prelude::*};
use serde_json::json;

use super::{Four, main_of, numbers, serve};
use crate::common::{
    both,
    member::{Number, Relay},
};

both! {
    to_reaches_the_members_of_the_rooms_and_each_of_them_once,
    except_leaves_members_out_and_wins_over_to,
    everyone_is_everyone,
    a_broadcast_of_a_socket_leaves_the_socket_out,
    the_id_of_a_socket_is_its_private_room,
    untyped_events_reach_the_same_sockets,
    attachments_reach_every_receiver,
    volatile_events_reach_clients_that_keep_up,
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
