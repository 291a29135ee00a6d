//! Whom a broadcast reaches, and what else can be done to many sockets at once. The members are
//! spread over several workers throughout.

mod blocked;
mod many;
mod membership;
mod order;
mod reach;

use roomcast::{
    Namespace, WebSocketMode,
    testing::{TestClient, TestServer},
};

use crate::common::member::{Hall, members};

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
