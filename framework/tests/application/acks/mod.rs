//! Acknowledgements in both directions: what is answered, what is not, and who waits how long.

mod answering;
mod asking;
mod gathering;

use roomcast::{
    WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};

use crate::common::member::{Hall, members};
use crate::waiting::PATIENCE;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Question(String);

fn question(text: &str) -> Question {
    Question(text.to_owned())
}

async fn raw(server: &TestServer) -> RawClient {
    let mut client = RawClient::open(server).await;
    client.send("40").await;
    let Frame::Text(_) = client.next().await else {
        panic!("not connected");
    };
    client
}

fn asking(mode: WebSocketMode) -> (TestServer, Hall) {
    let (hub, hall) = members();
    let hub = hub
        .websocket_mode(mode)
        .ack_timeout(PATIENCE)
        .build()
        .expect("a hub");
    (TestServer::builder(hub).workers(2).start(), hall)
}

/// A raw client that is a member, and its socket.
async fn raw_member(server: &TestServer, hall: &mut Hall) -> (RawClient, Socket) {
    let client = raw(server).await;
    (client, hall.next().await)
}
