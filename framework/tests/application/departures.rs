//! Sessions that take their time to end, and who takes the place of their connections meanwhile.

use std::sync::{Arc, Mutex};

use crate::common::{NEVER, both, within};
use roomcast::{
    SocketId, WebSocketMode,
    prelude::*,
    testing::{TestClient, TestServer},
};
use tokio::sync::Notify;

/// Ends when it is told to, and leaves something to its heir.
#[derive(EventHandlers)]
#[handles()]
struct Testator;

#[derive(Default)]
struct Will {
    dying: Notify,
    opened: Notify,
    heir: Mutex<Option<SocketId>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Estate(u32);

impl Session for Testator {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        let will = socket.state::<Arc<Will>>();
        will.dying.notify_one();
        will.opened.notified().await;
        if let Some(heir) = *will.heir.lock().unwrap() {
            socket.namespace().to(heir).emit(&Estate(1)).unwrap();
        }
    }
}

both!(what_a_session_emits_in_its_end_is_written_at_once_to_who_came_meanwhile);

async fn what_a_session_emits_in_its_end_is_written_at_once_to_who_came_meanwhile(
    mode: WebSocketMode,
) {
    let will = Arc::new(Will::default());
    let hub = Hub::builder()
        .namespace::<Testator>("/")
        .websocket_mode(mode)
        .state(Arc::clone(&will))
        // Which would write what was forgotten.
        .ping_interval(NEVER)
        .build()
        .unwrap();
    // One worker, so that the connection's place is the next one's.
    let server = TestServer::builder(hub).workers(1).start();
    drop(TestClient::connect(&server).await.unwrap());
    within("it ends", will.dying.notified()).await;
    let heir = TestClient::connect(&server).await.unwrap();
    *will.heir.lock().unwrap() = Some(heir.id());
    will.opened.notify_one();
    assert_eq!(heir.expect::<Estate>().await, Estate(1));
}
