//! Events as actix messages: other actors of the application reach a socket through a `Recipient`.

use std::sync::Mutex;

use crate::common::{both, until};
use actix::{Actor, Context, Handler, Message, Recipient};
use roomcast::{
    EmitError, WebSocketMode,
    prelude::*,
    testing::{TestClient, TestServer},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
struct Tick {
    at: u64,
}

/// The listeners of the application's clock.
#[derive(Default)]
struct Listeners(Mutex<Vec<Recipient<Tick>>>);

#[derive(EventHandlers)]
#[handles()]
struct Listener;

impl Session for Listener {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let listeners = socket.state::<Listeners>();
        listeners
            .0
            .lock()
            .expect("no panic before")
            .push(socket.recipient());
        Ok(Self)
    }
}

fn serve(mode: WebSocketMode) -> TestServer {
    let hub = Hub::builder()
        .namespace::<Listener>("/")
        .websocket_mode(mode)
        .state(Listeners::default());
    TestServer::start(hub.build().expect("a hub"))
}

fn listeners(server: &TestServer) -> Vec<Recipient<Tick>> {
    server
        .hub()
        .state::<Listeners>()
        .0
        .lock()
        .expect("no panic before")
        .clone()
}

/// An actor that knows nothing of sockets.
struct Clock(Vec<Recipient<Tick>>);

#[derive(Message)]
#[rtype(result = "()")]
struct Strike(u64);

impl Actor for Clock {
    type Context = Context<Self>;
}

impl Handler<Strike> for Clock {
    type Result = ();

    fn handle(&mut self, Strike(at): Strike, _: &mut Self::Context) {
        for listener in &self.0 {
            listener.try_send(Tick { at }).expect("room in the mailbox");
        }
    }
}

both! {
    an_event_sent_to_a_recipient_arrives_at_its_client,
    an_actor_of_the_application_reaches_many_sockets_in_order,
    a_recipient_of_a_socket_that_has_gone_says_so,
}

async fn an_event_sent_to_a_recipient_arrives_at_its_client(mode: WebSocketMode) {
    let server = serve(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    let other = TestClient::connect(&server).await.expect("another client");
    let recipients = listeners(&server);
    let sent = recipients[0]
        .send(Tick { at: 1 })
        .await
        .expect("a live mailbox");
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(client.expect::<Tick>().await, Tick { at: 1 });
    other.sync().await;
    assert_eq!(other.pending(), []);
}

async fn an_actor_of_the_application_reaches_many_sockets_in_order(mode: WebSocketMode) {
    let server = serve(mode);
    let clients = [
        TestClient::connect(&server).await.expect("a client"),
        TestClient::connect(&server).await.expect("another client"),
    ];
    let clock = Clock(listeners(&server)).start();
    for at in 0..10 {
        clock.send(Strike(at)).await.expect("a clock");
    }
    for client in &clients {
        for at in 0..10 {
            assert_eq!(client.expect::<Tick>().await, Tick { at });
        }
    }
}

async fn a_recipient_of_a_socket_that_has_gone_says_so(mode: WebSocketMode) {
    let server = serve(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    let recipient = listeners(&server).remove(0);
    client.disconnect().await;
    until("it is gone", || server.hub().stats().sockets == 0).await;
    let sent = recipient
        .send(Tick { at: 1 })
        .await
        .expect("its mailbox is still there");
    assert!(matches!(sent, Err(EmitError::Disconnected)), "{sent:?}");
    until("the mailbox closes", || !recipient.connected()).await;
}
