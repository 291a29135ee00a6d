//! What a parent does for all its children.

use std::time::{Duration, Instant};

use roomcast::WebSocketMode;

use super::{News, ROOMS, Ready, Tenant, Where, children, enter, rooms, serve};
use crate::common::{both, until};

both! {
    a_parent_reaches_all_its_children,
    a_parent_moves_and_disconnects,
    a_parent_gathers_the_answers_of_all_its_children,
    answers_that_a_parent_waits_for_in_vain_are_told_by_the_timeout,
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
