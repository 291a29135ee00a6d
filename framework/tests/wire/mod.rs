//! A client made of bytes, for what no library would send; and what the tests with it share.

#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod recovering;

#[allow(unused_imports, reason = "each test takes what it needs")]
pub(crate) use crate::waiting::{until as eventually, within};

use std::{
    collections::HashSet,
    fs, io,
    time::{Duration, Instant},
};

use crate::waiting::{PATIENCE, holds};
use roomcast::{Hub, HubBuilder, WebSocketMode, testing::TestServer};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

pub(crate) const MODES: [WebSocketMode; 2] = [WebSocketMode::Handoff, WebSocketMode::BodyStream];

// RFC 6455 section 5.2: opcodes, the last frame of a message, and the mask bit of a length.
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;
pub(crate) const FIN: u8 = 0x80;
/// The message is deflated (RFC 7692 section 6).
pub(crate) const RSV1: u8 = 0x40;
const MASKED: u8 = 0x80;
const DEFLATED_TEXT: u8 = RSV1 | TEXT;

pub(crate) const HANDSHAKE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\
    host: localhost\r\n\
    connection: upgrade\r\n\
    upgrade: websocket\r\n\
    sec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A receive buffer so small that a peer which does not read is soon noticed.
const SMALL: u32 = 4096;

/// How long a client is read. No test takes a tenth of it; what waits for one message after the other has its end here,
/// however many a server sends.
const LIFE: Duration = Duration::from_secs(180);

/// A masked frame. Masked with zeros, it reads as what it carries.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(first, payload.len() as u64);
    bytes.extend_from_slice(payload);
    bytes
}

/// The header of a frame that declares `len` bytes.
pub(crate) fn head(first: u8, len: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ 0..=125), _) => bytes.push(MASKED | len),
        (_, Ok(len)) => {
            bytes.push(MASKED | 126);
            bytes.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            bytes.push(MASKED | 127);
            bytes.extend_from_slice(&len.to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    frame(FIN | TEXT, text.as_bytes())
}

/// What the server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Text(String),
    Binary(Vec<u8>),
    /// A text that is deflated.
    Deflated(Vec<u8>),
    Pong(Vec<u8>),
    /// A close frame and its code.
    Close(Option<u16>),
    /// The end of the stream: in good order, or reset.
    End,
}

pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
    /// Its end has been told.
    ended: bool,
    gives_up: Instant,
}

impl Wire {
    /// A TCP connection, and nothing more.
    pub(crate) async fn dial(server: &TestServer) -> Self {
        Self::dial_with(server, None).await
    }

    async fn dial_with(server: &TestServer, receive_buffer: Option<u32>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        Self::over(socket.connect(server.addr()).await.unwrap())
    }

    /// A TCP connection to whatever leads to the server.
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            read: Vec::new(),
            ended: false,
            gives_up: Instant::now() + LIFE,
        }
    }

    /// One that takes little before it reads.
    pub(crate) async fn dial_narrow(server: &TestServer) -> Self {
        Self::dial_with(server, Some(SMALL)).await
    }

    /// A WebSocket whose open packet is still to be read.
    pub(crate) async fn upgrade(server: &TestServer) -> Self {
        let mut wire = Self::dial(server).await;
        wire.write(HANDSHAKE.as_bytes()).await;
        wire.head().await;
        wire
    }

    /// A WebSocket with this header in its handshake, and the head of the 101.
    pub(crate) async fn upgrade_with(server: &TestServer, header: &str) -> (Self, String) {
        let mut wire = Self::dial(server).await;
        let head = HANDSHAKE.trim_end();
        wire.write(format!("{head}\r\n{header}\r\n\r\n").as_bytes())
            .await;
        let head = wire.head().await;
        (wire, head)
    }

    /// An Engine.IO session.
    pub(crate) async fn open(server: &TestServer) -> Self {
        let mut wire = Self::upgrade(server).await;
        wire.opened().await;
        wire
    }

    /// A socket in the namespace `/`.
    pub(crate) async fn join(server: &TestServer) -> Self {
        let mut wire = Self::open(server).await;
        wire.connect().await;
        wire
    }

    /// A socket of a client that takes little before it reads.
    pub(crate) async fn join_narrow(server: &TestServer) -> Self {
        let mut wire = Self::dial_with(server, Some(SMALL)).await;
        wire.write(HANDSHAKE.as_bytes()).await;
        wire.head().await;
        wire.opened().await;
        wire.connect().await;
        wire
    }

    pub(crate) async fn opened(&mut self) {
        let open = self.next().await;
        let is_open = matches!(&open, Message::Text(text) if text.starts_with("0{"));
        assert!(is_open, "{open:?}");
    }

    pub(crate) async fn connect(&mut self) {
        self.text("40").await;
        let reply = self.next().await;
        let connected = matches!(&reply, Message::Text(text) if text.starts_with("40{"));
        assert!(connected, "{reply:?}");
    }

    /// The head of the HTTP response, which must be a 101.
    pub(crate) async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head: Vec<_> = self.read.drain(..end + 4).collect();
                assert!(
                    head.starts_with(b"HTTP/1.1 101"),
                    "{:?}",
                    head.escape_ascii().to_string()
                );
                return String::from_utf8(head).unwrap();
            }
            assert!(self.more().await, "the server closed instead of answering");
        }
    }

    /// A request of long-polling, and the body that answers it.
    pub(crate) async fn request(&mut self, method: &str, query: &str, body: &str) -> String {
        self.begin(method, query, body).await;
        self.answer().await
    }

    /// A request of long-polling.
    pub(crate) async fn begin(&mut self, method: &str, query: &str, body: &str) {
        let request = format!(
            "{method} /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: x\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.write(request.as_bytes()).await;
    }

    /// The body that answers a request.
    pub(crate) async fn answer(&mut self) -> String {
        let mut received = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&received);
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Some(length) = head.split("content-length: ").nth(1)
                && let Some(length) = length.lines().next()
                && body.len() >= length.parse::<usize>().unwrap()
            {
                assert!(head.starts_with("HTTP/1.1 200"), "{text}");
                return body.to_owned();
            }
            let read = timeout(PATIENCE, self.stream.read_buf(&mut received)).await;
            let read = read.expect("the server sends nothing").unwrap();
            assert_ne!(read, 0, "{:?}", String::from_utf8_lossy(&received));
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let written = timeout(PATIENCE, self.stream.write_all(bytes)).await;
        written.expect("the server does not read").unwrap();
    }

    /// Writes what a server that has closed meanwhile need not take.
    pub(crate) async fn try_write(&mut self, bytes: &[u8]) {
        let written = timeout(PATIENCE, self.stream.write_all(bytes)).await;
        let _ = written.expect("the server does not read");
    }

    /// A text message.
    pub(crate) async fn text(&mut self, packet: &str) {
        self.write(&text(packet)).await;
    }

    /// What comes next, but for pings of Engine.IO, which are answered.
    pub(crate) async fn next(&mut self) -> Message {
        let next = async {
            loop {
                let message = self.next_unanswered().await;
                if message != Message::Text("2".to_owned()) {
                    return message;
                }
                self.try_write(&text("3")).await;
            }
        };
        within("anything but pings", next).await
    }

    /// What comes next.
    pub(crate) async fn next_unanswered(&mut self) -> Message {
        loop {
            if let Some((message, len)) = parse(&self.read) {
                let in_time = Instant::now() < self.gives_up;
                assert!(in_time, "after {LIFE:?} there is still {message:?}");
                self.read.drain(..len);
                return message;
            }
            if !self.more().await {
                let again = std::mem::replace(&mut self.ended, true);
                assert!(!again, "nothing comes after the end");
                return Message::End;
            }
        }
    }

    pub(crate) async fn expect(&mut self, packet: &str) {
        assert_eq!(self.next().await, Message::Text(packet.to_owned()));
    }

    /// Reads to the end, which must come; the closing handshake is answered. The messages before
    /// the end, and the code of the server's close frame, if there was a frame and a code.
    pub(crate) async fn ended(mut self) -> (Vec<Message>, Option<u16>) {
        let mut before = Vec::new();
        let mut code = None;
        loop {
            match self.next().await {
                Message::End => return (before, code),
                Message::Close(close) => {
                    code = close;
                    self.try_write(&frame(FIN | CLOSE, &[])).await;
                    // Behind a response body the server's end comes at once only after ours.
                    let _ = self.stream.shutdown().await;
                }
                message => before.push(message),
            }
        }
    }

    /// Cuts the connection with a reset.
    pub(crate) fn reset(self) {
        SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }

    /// Reads more; false at the end.
    async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await;
        match read.expect("the server sends nothing") {
            Ok(read) => read > 0,
            Err(error) => match error.kind() {
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => false,
                _ => panic!("{error}"),
            },
        }
    }
}

/// The message that begins here, and the length of its frame. The server does not fragment.
fn parse(bytes: &[u8]) -> Option<(Message, usize)> {
    let (first, len) = (*bytes.first()?, *bytes.get(1)?);
    let (len, start) = match len {
        126 => (
            u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?).into(),
            4,
        ),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
        len => (len.into(), 2),
    };
    let end = start + usize::try_from(len).ok()?;
    let payload = bytes.get(start..end)?;
    assert_eq!(first & FIN, FIN, "a fragment");
    let message = match first & !FIN {
        TEXT => Message::Text(String::from_utf8(payload.to_vec()).unwrap()),
        BINARY => Message::Binary(payload.to_vec()),
        DEFLATED_TEXT => Message::Deflated(payload.to_vec()),
        PONG => Message::Pong(payload.to_vec()),
        CLOSE => Message::Close(match payload {
            [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }),
        opcode => panic!("opcode {opcode}"),
    };
    Some((message, end))
}

/// A server in this mode, with one worker.
pub(crate) fn serve(mode: WebSocketMode, hub: HubBuilder) -> TestServer {
    serve_on(1, mode, hub)
}

pub(crate) fn serve_on(workers: usize, mode: WebSocketMode, hub: HubBuilder) -> TestServer {
    let hub = hub.websocket_mode(mode).build().unwrap();
    TestServer::builder(hub).workers(workers).start()
}

/// Waits until nobody is left, in any sense.
pub(crate) async fn deserted(hub: &Hub) {
    let empty = holds(|| {
        let stats = hub.stats();
        (stats.connections, stats.sockets, stats.rooms) == (0, 0, 0)
    });
    assert!(
        timeout(PATIENCE, empty).await.is_ok(),
        "somebody stayed: {:?}",
        hub.stats()
    );
}

/// TCP sockets that this process has open. Its other descriptors, among them sockets of the system's own kind, come
/// and go with the runtimes of tests that wait for their turn.
pub(crate) fn descriptors() -> usize {
    let links = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let links = links.filter_map(|entry| fs::read_link(entry.path()).ok());
    let open: Vec<_> = links
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?;
            Some(inode.strip_suffix(']')?.to_owned())
        })
        .collect();
    // Not those that are listed as TCP: a connection that was reset is none any more, and is open still.
    let local = fs::read_to_string("/proc/self/net/unix").unwrap();
    let local: HashSet<_> = local
        .lines()
        .filter_map(|line| line.split_whitespace().nth(6))
        .collect();
    let tcp = open.iter().filter(|inode| !local.contains(&***inode));
    tcp.count()
}

/// Bytes of memory that this process has in use.
pub(crate) fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kilobytes = line.trim().trim_end_matches(" kB");
    kilobytes.parse::<usize>().unwrap() * 1024
}
