//! A long-polling client that says exactly what the test wants.

use roomcast::testing::TestServer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::http::Answer;
use crate::waiting::PATIENCE;

/// One request on a connection of its own, whose answer has not been read.
pub(crate) struct Pending(TcpStream);

impl Pending {
    pub(crate) async fn start(server: &TestServer, request: &str) -> Self {
        let stream = TcpStream::connect(server.addr()).await;
        let mut stream = stream.expect("a connection");
        let sent = stream.write_all(request.as_bytes()).await;
        sent.expect("a server that reads");
        Self(stream)
    }

    pub(crate) async fn write(&mut self, bytes: &str) {
        let sent = self.0.write_all(bytes.as_bytes()).await;
        sent.expect("a server that reads");
    }

    /// Waits until the head of the answer has come; its body, which may take longer, has not been read.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, self.0.read_u8()).await;
            head.push(byte.expect("a head in time").expect("a head"));
        }
        String::from_utf8(head).expect("a head of text")
    }

    /// What remains to be read; the server closes the connection behind it.
    pub(crate) async fn rest(mut self) -> String {
        let mut rest = String::new();
        let read = timeout(PATIENCE, self.0.read_to_string(&mut rest)).await;
        read.expect("an end in time").expect("an end");
        rest
    }

    /// The answer; the server closes the connection behind it.
    pub(crate) async fn answer(mut self) -> Answer {
        let mut received = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut received)).await;
        read.expect("an answer in time").expect("an answer");
        Answer::parse(received)
    }
}

/// A polling session.
pub(crate) struct Poller<'a> {
    pub(crate) server: &'a TestServer,
    pub(crate) sid: String,
    pub(crate) open: String,
}

impl<'a> Poller<'a> {
    /// Opens a session.
    pub(crate) async fn open(server: &'a TestServer) -> Self {
        let answer = get(server, "EIO=4&transport=polling", "").await;
        let answer = answer.answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let open = answer.text().to_owned();
        let sid = open.split('"').nth(3).expect("a sid").to_owned();
        Self { server, sid, open }
    }

    /// Opens a session in the namespace `/`.
    pub(crate) async fn connected(server: &'a TestServer) -> Self {
        let client = Self::open(server).await;
        client.post("40").await.expect(200, "ok");
        let reply = client.poll().await;
        assert!(reply.text().starts_with(r#"40{"sid":""#), "{reply:?}");
        client
    }

    pub(crate) fn query(&self, transport: &str) -> String {
        format!("EIO=4&transport={transport}&sid={}", self.sid)
    }

    pub(crate) async fn start_poll(&self) -> Pending {
        get(self.server, &self.query("polling"), "").await
    }

    pub(crate) async fn poll(&self) -> Answer {
        self.start_poll().await.answer().await
    }

    /// A POST of which only a part of the body has been sent.
    pub(crate) async fn start_post(&self, length: usize, body: &str, headers: &str) -> Pending {
        let head = format!(
            "POST /socket.io/?{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n{body}",
            self.query("polling")
        );
        Pending::start(self.server, &head).await
    }

    pub(crate) async fn post(&self, body: &str) -> Answer {
        self.start_post(body.len(), body, "").await.answer().await
    }
}

pub(crate) async fn get(server: &TestServer, query: &str, headers: &str) -> Pending {
    let head = format!(
        "GET /socket.io/?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"
    );
    Pending::start(server, &head).await
}
