//! The testing kit itself: what it tells when a test fails, and that it cleans up after itself.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use roomcast::{
    prelude::*,
    testing::{Disconnected, TestClient, TestServer},
};

#[derive(EventHandlers)]
#[handles(Say, Count)]
struct Chat;

#[derive(Serialize, Deserialize, Event)]
struct Say {
    text: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
struct Said {
    text: String,
}

/// Has one field more than what is sent under its name.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(name = "said")]
struct SaidBy {
    text: String,
    user: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
struct Joined;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Count(u32);

impl Session for Chat {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Say> for Chat {
    async fn handle(&mut self, Say { text }: Say, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.hub().emit(&Said { text })?)
    }
}

impl Handle<Count> for Chat {
    async fn handle(&mut self, Count(number): Count, _: &Socket) -> Result<u32, Rejection> {
        number.checked_add(1).ok_or_else(|| "too large".into())
    }
}

fn serve() -> TestServer {
    let hub = Hub::builder().namespace::<Chat>("/").build();
    TestServer::start(hub.expect("a hub"))
}

fn say(text: &str) -> Say {
    Say {
        text: text.to_owned(),
    }
}

/// What the panic of a failed expectation says.
async fn failure<T: std::fmt::Debug>(expectation: impl Future<Output = T>) -> String {
    let failed = AssertUnwindSafe(expectation).catch_unwind().await;
    let payload = failed.expect_err("a failed expectation");
    payload.downcast_ref::<String>().expect("a text").clone()
}

#[actix_web::test]
async fn another_event_than_expected_is_shown_with_what_came_before() {
    let server = serve();
    let client = TestClient::connect(&server).await.expect("a client");
    client.emit(&say("one")).await;
    client.emit(&say("two")).await;
    client.expect::<Said>().await;
    let message = failure(client.expect::<Joined>()).await;
    let (at, rest) = message.split_once(": ").expect("a place");
    assert!(at.contains("kit.rs:"), "{at}");
    assert_eq!(
        rest,
        "expected the event `joined`, but `said` [{\"text\":\"two\"}] came\n\
         before that, oldest first:\n  \
         -> 2[\"say\",{\"text\":\"one\"}]\n  \
         -> 2[\"say\",{\"text\":\"two\"}]\n  \
         <- `said` [{\"text\":\"one\"}]"
    );
}

#[actix_web::test]
async fn an_event_that_does_not_fit_is_shown_with_the_reason() {
    let server = serve();
    let client = TestClient::connect(&server).await.expect("a client");
    client.emit(&say("one")).await;
    let message = failure(client.expect::<SaidBy>()).await;
    let part =
        "`said` [{\"text\":\"one\"}] does not fit: event `said`, argument 1: missing field `user`";
    assert!(message.contains(part), "{message}");
}

#[actix_web::test]
async fn a_rejection_in_place_of_an_answer_is_shown() {
    let server = serve();
    let client = TestClient::connect(&server).await.expect("a client");
    let message = failure(client.emit_with_ack(&Count(u32::MAX))).await;
    assert!(
        message.contains("expected an answer to `count`"),
        "{message}"
    );
    assert!(
        message.contains(r#"{"error":{"message":"too large"}}"#),
        "{message}"
    );
}

#[actix_web::test]
async fn the_end_of_the_connection_is_told_at_once() {
    let server = serve();
    let client = TestClient::connect(&server).await.expect("a client");
    server.hub().drain().await;
    let message = failure(client.expect::<Said>()).await;
    let part = "expected the event `said`, but the client was disconnected: transport close";
    assert!(message.contains(part), "{message}");
    assert!(
        failure(client.emit(&say("x")))
            .await
            .contains("`say` was not emitted")
    );
    assert_eq!(
        client.expect_disconnect().await,
        Disconnected::TransportClose(1001)
    );
}

#[actix_web::test]
async fn what_was_emitted_before_has_come_after_a_sync() {
    let server = serve();
    let client = TestClient::connect(&server).await.expect("a client");
    for number in 0..100 {
        let said = Said {
            text: number.to_string(),
        };
        server.hub().emit(&said).expect("emitted");
    }
    client.sync().await;
    assert_eq!(client.pending().len(), 100);
    assert_eq!(client.pending(), []);
}

#[actix_web::test]
async fn a_server_that_is_dropped_has_ended() {
    let server = serve();
    let client = TestClient::connect(&server).await.expect("a client");
    let address = server.addr();
    drop(server);
    assert_eq!(client.expect_disconnect().await.as_str(), "transport close");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn it_works_on_a_plain_tokio_runtime() {
    let server = serve();
    let client = TestClient::connect(&server).await.expect("a client");
    assert_eq!(client.emit_with_ack(&Count(1)).await, 2);
    server.stop().await;
}
