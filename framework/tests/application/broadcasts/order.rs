//! The order of what one handler emits, and of what one client sends.

use roomcast::{
    WebSocketMode,
    prelude::*,
    testing::{TestClient, TestServer},
};

use super::{WORKERS, numbers, serve};
use crate::common::{
    both,
    member::{Number, Relay},
};

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
