//! Requests as they are on the wire.

use roomcast::testing::{PATIENCE, TestServer};
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

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
    /// The server has ended the connection behind the answer.
    pub(crate) closed: bool,
}

impl Answer {
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

async fn exchange(
    server: &TestServer,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut stream = TcpStream::connect(server.addr())
        .await
        .expect("a connection");
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", server.addr());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a server that reads");

    let mut received = Vec::new();
    while !received.windows(4).any(|four| four == b"\r\n\r\n") {
        let read = stream
            .read_buf(&mut received)
            .await
            .expect("a server that writes");
        assert_ne!(
            read,
            0,
            "the head ends: {:?}",
            String::from_utf8_lossy(&received)
        );
    }
    // Frames may follow a 101.
    let text = String::from_utf8_lossy(&received);
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let mut answer = Answer {
        status: status.expect("a status"),
        head: head.to_owned(),
        body: body.to_owned(),
        closed: false,
    };
    let length: usize = answer
        .header("content-length")
        .map_or(0, |length| length.parse().expect("a length"));
    while answer.body.len() < length {
        let mut block = [0; 1024];
        let read = stream.read(&mut block).await.expect("a server that writes");
        assert_ne!(read, 0, "the body ends");
        answer
            .body
            .push_str(&String::from_utf8_lossy(&block[..read]));
    }
    if answer.header("connection") == Some("close") {
        // Or actix-web lingers, lest the client lose an answer while it still sends.
        stream.shutdown().await.expect("a connection");
        answer.closed = stream.read(&mut [0]).await.is_ok_and(|read| read == 0);
    }
    answer
}
