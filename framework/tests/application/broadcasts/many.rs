//! What is done to many sockets at once.

use std::collections::{BTreeSet, HashSet};

use roomcast::{
    WebSocketMode,
    testing::{Disconnected, TestClient},
};

use super::{Four, serve};
use crate::common::{both, member::Number, until};

both! {
    fetch_sockets_tells_ids_and_rooms,
    many_sockets_join_leave_and_are_disconnected_at_once,
}

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
