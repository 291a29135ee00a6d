//! Requests as they are on the wire.

use crate::waiting::PATIENCE;
use roomcast::testing::TestServer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// The headers of a WebSocket handshake (RFC 6455 section 1.2).
pub(crate) const UPGRADE: &[(&str, &str)] = &[
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// What opens a session.
pub(crate) const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
pub(crate) const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The server has ended the connection behind the answer.
    pub(crate) closed: bool,
}

impl Answer {
    /// The head of the answer in what has been received, with what came behind it as the body.
    pub(crate) fn parse(mut received: Vec<u8>) -> Self {
        let end = end_of_head(&received);
        let end = end.unwrap_or_else(|| panic!("a head: {}", String::from_utf8_lossy(&received)));
        let body = received.split_off(end);
        let head = String::from_utf8(received).expect("a head of text");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Self {
            status: status.expect("a status"),
            head,
            body,
            closed: false,
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.text()), (status, body));
    }

    /// The headers whose name begins so, in lower case, in order of their names.
    pub(crate) fn headers(&self, prefix: &str) -> Vec<(String, &str)> {
        let lines = self.head.lines().skip(1);
        let headers = lines.filter_map(|line| line.split_once(": "));
        let mut headers: Vec<_> = headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .filter(|(name, _)| name.starts_with(prefix))
            .collect();
        headers.sort_unstable();
        headers
    }

    /// The value of a header; its name in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// Sends a request and reads its answer; after `Connection: close`, to the end of the stream.
pub(crate) async fn request(
    server: &TestServer,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let exchange = exchange(server, method, target, headers, "");
    timeout(PATIENCE, exchange)
        .await
        .expect("an answer in time")
}

/// The same with a body, whose length stands in the headers.
pub(crate) async fn post(
    server: &TestServer,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let exchange = exchange(server, "POST", target, headers, body);
    timeout(PATIENCE, exchange)
        .await
        .expect("an answer in time")
}

/// The head of a request.
pub(crate) fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

async fn exchange(
    server: &TestServer,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let stream = TcpStream::connect(server.addr()).await;
    let mut stream = stream.expect("a connection");
    let request = head(method, target, headers) + body;
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("a server that reads");

    let mut received = Vec::new();
    while end_of_head(&received).is_none() {
        let read = stream.read_buf(&mut received).await;
        let text = String::from_utf8_lossy(&received);
        assert_ne!(
            read.expect("a server that writes"),
            0,
            "the head ends: {text}"
        );
    }
    // Frames may follow a 101.
    let mut answer = Answer::parse(received);
    let length: usize = answer
        .header("content-length")
        .map_or(0, |length| length.parse().expect("a length"));
    while answer.body.len() < length {
        let read = stream.read_buf(&mut answer.body).await;
        assert_ne!(read.expect("a server that writes"), 0, "the body ends");
    }
    if answer.header("connection") == Some("close") {
        // Or actix-web lingers, lest the client lose an answer while it still sends.
        stream.shutdown().await.expect("a connection");
        answer.closed = stream.read(&mut [0]).await.is_ok_and(|read| read == 0);
    }
    answer
}

fn end_of_head(received: &[u8]) -> Option<usize> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n");
    end.map(|end| end + 4)
}

/// A file comes with this tag, and only to those who do not have it yet.
pub(crate) async fn assert_cached(server: &TestServer, target: &str, tag: &str) {
    let fetch = async |known: &str| {
        let headers = [("If-None-Match", known)];
        let answer = request(server, "GET", target, &headers).await;
        assert_eq!(answer.header("etag"), Some(tag), "{known}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=0"));
        answer
    };
    let weak = format!("W/{tag}");
    let among_others = format!("\"other\", {tag}");
    for known in [tag, &weak, &among_others, "*"] {
        fetch(known).await.expect(304, "");
    }
    assert_eq!(fetch("\"other\"").await.status, 200);
}
