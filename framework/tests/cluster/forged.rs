//! What a node claims that is not what it says: whoever can write to Redis may pose as one.

use std::{future::pending, sync::Arc, time::Duration};

use roomcast::{
    adapter::{
        Adapter, AdapterContext, AdapterError, AdapterFuture, Data, Inbound, IntoAdapter, Message,
        PublishError, Received,
    },
    prelude::*,
    testing::TestServer,
};
use tokio::sync::{Mutex, mpsc};

use crate::common::{member::members, within};
use crate::waiting::PATIENCE;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Ask;

/// More than this no node is believed to have.
const MOST: u64 = 1 << 24;

/// An adapter to one other node, which claims to ask so many clients, and answers for some.
struct Claiming {
    clients: u64,
    answers: usize,
    asked: mpsc::Sender<String>,
    to_answer: Mutex<mpsc::Receiver<String>>,
}

impl Claiming {
    fn new(clients: u64, answers: usize) -> Self {
        let (asked, to_answer) = mpsc::channel(10);
        Self {
            clients,
            answers,
            asked,
            to_answer: Mutex::new(to_answer),
        }
    }
}

impl IntoAdapter for Claiming {
    fn into_adapter(self, _: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        Ok(Arc::new(self))
    }
}

impl Adapter for Claiming {
    fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
        inbound.connected();
        Box::pin(async move {
            let mut to_answer = self.to_answer.lock().await;
            while let Some(request) = to_answer.recv().await {
                let says = |message| {
                    inbound.receive(Received {
                        namespace: "/",
                        from: Some("claiming"),
                        message,
                    });
                };
                let request = || request.clone().into();
                let count = self.clients;
                says(Message::ClientCount {
                    request: request(),
                    count,
                });
                for _ in 0..self.answers {
                    let value = Some(Data::json("1"));
                    says(Message::ClientAck {
                        request: request(),
                        value,
                    });
                }
            }
            pending().await
        })
    }

    fn attach(&self, _: &Arc<str>) {}

    fn detach(&self, _: &str) {}

    fn publish(&self, _: &str, message: &Message<'_>) -> Result<(), PublishError> {
        if let Message::Broadcast {
            request: Some(request),
            ..
        } = message
        {
            self.asked.try_send(request.to_string()).expect("room");
        }
        Ok(())
    }

    fn respond(&self, _: &str, _: &str, _: &Message<'_>) -> Result<(), PublishError> {
        Ok(())
    }

    fn server_count(&self, _: &str) -> AdapterFuture<'_, Result<usize, AdapterError>> {
        Box::pin(async { Ok(2) })
    }

    fn close(&self) -> AdapterFuture<'_, ()> {
        Box::pin(async {})
    }
}

async fn asks(claiming: Claiming, time: Duration) -> (TestServer, roomcast::Acks<u32>) {
    let (hub, _) = members();
    let server = TestServer::start(hub.adapter(claiming).build().expect("a hub"));
    let cluster = server.hub().cluster().expect("an adapter");
    within("it is connected", cluster.connected()).await;
    let acks = server.hub().everyone().timeout(time);
    let acks = acks.emit_with_ack(&Ask).await.expect("acks");
    (server, acks)
}

#[actix_web::test]
async fn a_node_that_claims_endless_clients_is_believed_to_have_as_many_as_a_node_may() {
    let claiming = Claiming::new(u64::MAX, 3);
    let (server, acks) = asks(claiming, Duration::from_secs(3)).await;
    assert!(!acks.is_complete());
    assert_eq!(acks.into_values(), [1, 1, 1]);
    assert_eq!(server.hub().stats().ack_timeouts, MOST - 3);
}

#[actix_web::test]
async fn a_node_that_claims_what_it_may_is_believed() {
    let (server, acks) = asks(Claiming::new(3, 3), PATIENCE).await;
    assert!(acks.is_complete());
    assert_eq!(acks.into_values(), [1, 1, 1]);
    assert_eq!(server.hub().stats().ack_timeouts, 0);
}
