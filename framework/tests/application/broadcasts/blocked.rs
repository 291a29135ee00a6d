//! A worker that is blocked keeps nobody waiting for longer than they said.

use std::time::Duration;

use roomcast::{
    HubBuilder,
    prelude::*,
    testing::{TestClient, TestServer},
};

use super::WORKERS;
use crate::common::{
    member::{Frozen, members},
    until,
};
use crate::waiting::{PATIENCE, within};

const CLIENTS: usize = 4;

/// In what runs out while a worker is blocked nothing has to happen.
const SHORT: Duration = Duration::from_millis(50);

/// Clients of several workers, of which that of the first one does nothing.
async fn one_is_frozen(
    options: impl FnOnce(HubBuilder) -> HubBuilder,
) -> (TestServer, Vec<TestClient>, Frozen) {
    let (hub, mut hall) = members();
    let hub = options(hub).build().expect("a hub");
    let server = TestServer::builder(hub).workers(WORKERS).start();
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(hall.enter(&server, &[]).await.0);
    }
    let frozen = hall.freeze(&clients[0]).await;
    (server, clients, frozen)
}

#[actix_web::test]
async fn the_sockets_of_the_others_are_listed_and_the_node_counts_as_missing() {
    let (server, clients, frozen) = one_is_frozen(|hub| hub).await;
    let everyone = server.hub().everyone();
    let listing = everyone.clone().timeout(SHORT);
    let listed = within("it ends", listing.fetch_sockets())
        .await
        .expect("asked");
    assert_eq!(listed.missing_nodes(), Some(1));
    assert!(listed.iter().all(|socket| socket.id() != clients[0].id()));
    drop(frozen);
    let listing = everyone.timeout(PATIENCE);
    let listed = listing.fetch_sockets().await.expect("asked");
    assert_eq!((listed.len(), listed.missing_nodes()), (CLIENTS, Some(0)));
}

#[actix_web::test]
async fn a_join_is_unconfirmed_and_made_later() {
    let (server, _clients, frozen) = one_is_frozen(|hub| hub.requests_timeout(SHORT)).await;
    let joining = server.hub().everyone().join(["late"]);
    let joined = within("it ends", joining).await;
    let unconfirmed = matches!(joined, Err(EmitError::Unconfirmed { missing: Some(1) }));
    assert!(unconfirmed, "{joined:?}");
    drop(frozen);
    let main = server.hub().namespace("/").expect("registered");
    until("it is made", || main.room_size("late") == CLIENTS).await;
}
