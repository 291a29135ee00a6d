//! Clients of the namespace `/`.

use roomcast::testing::{Frame, RawClient, TestClient, TestServer};

pub(crate) async fn connect(server: &TestServer) -> TestClient {
    TestClient::connect(server).await.expect("a client")
}

/// One whose frames are written by hand.
pub(crate) async fn raw(server: &TestServer) -> RawClient {
    let mut client = RawClient::open(server).await;
    client.send("40").await;
    let Frame::Text(reply) = client.next().await else {
        panic!("not a text");
    };
    assert!(reply.starts_with("40{"), "{reply}");
    client
}
