//! An awaited disconnect is done.

use roomcast::{prelude::*, testing::TestClient, testing::TestServer};

/// Disconnects everybody else; the ack is how many of them are still there behind that.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = usize)]
struct Ban;

#[derive(EventHandlers)]
#[handles(Ban)]
struct Guest;

impl Session for Guest {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Ban> for Guest {
    async fn handle(&mut self, _: Ban, socket: &Socket) -> Result<usize, Rejection> {
        let others = socket.broadcast();
        others.disconnect(false).await?;
        Ok(others.fetch_sockets().await?.len())
    }
}

#[actix_web::test]
async fn nobody_is_found_who_was_disconnected() {
    let hub = Hub::builder().namespace::<Guest>("/").build();
    // One worker, on which the handler runs, too.
    let server = TestServer::start(hub.expect("a hub"));
    let banning = TestClient::connect(&server).await.expect("a client");
    let banned = TestClient::connect(&server).await.expect("a client");
    assert_eq!(banning.emit_with_ack(&Ban).await, 0);
    banned.expect_disconnect().await;
}
