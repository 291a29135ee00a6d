use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{
    PATIENCE, TestServer,
    dial::{WebSocket, dial},
    link::{NO_CLOSE_FRAME, NO_CODE},
};

/// A WebSocket on which the test itself speaks Engine.IO and Socket.IO, for what a well-behaved
/// client never sends. Nothing is answered by itself but the closing handshake.
///
/// ```
/// use roomcast::{prelude::*, testing::{RawClient, TestServer}};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), roomcast::BuildError> {
/// let server = TestServer::start(Hub::builder().namespace::<Chat>("/").build()?);
/// let mut client = RawClient::open(&server).await;
/// client.send("40/nowhere").await;
/// client.expect_text(r#"44/nowhere,{"message":"Invalid namespace"}"#).await;
/// client.send("42").await; // an event before CONNECT
/// assert_eq!(client.closed().await, 1005, "closed without a code");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RawClient {
    socket: WebSocket,
}

/// What comes on a WebSocket.
///
/// ```
/// use roomcast::testing::{Frame, RawClient};
///
/// async fn is_pinged(client: &mut RawClient) {
///     assert_eq!(client.next().await, Frame::Text("2".into()));
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// The answer to a WebSocket ping.
    Pong(Bytes),
    /// The end, with the close code: 1005 where the close frame has none, 1006 where there was no
    /// close frame.
    Close(u16),
}

impl RawClient {
    /// Opens a WebSocket with this query string, as in `EIO=4&transport=websocket`.
    ///
    /// # Panics
    /// If the server refuses it.
    pub async fn connect(server: &TestServer, query: &str) -> Self {
        let path = &server.hub().core.node.config.path;
        match dial(server.addr(), &format!("{path}/?{query}"), &[]).await {
            Ok(socket) => Self { socket },
            Err(error) => panic!("the WebSocket was refused: {error}"),
        }
    }

    /// Opens an Engine.IO session, whose open packet is already read.
    ///
    /// # Panics
    /// If the server refuses it, or sends something else.
    pub async fn open(server: &TestServer) -> Self {
        let mut client = Self::connect(server, "EIO=4&transport=websocket").await;
        match client.next().await {
            Frame::Text(text) if text.starts_with("0{") => client,
            other => panic!("expected an open packet, but {other:?} came"),
        }
    }

    /// Sends a text message.
    ///
    /// # Panics
    /// If it cannot be sent within [`PATIENCE`].
    pub async fn send(&mut self, text: &str) {
        self.message(Message::text(text)).await;
    }

    /// Sends a binary message.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub async fn send_binary(&mut self, bytes: impl Into<Bytes>) {
        self.message(Message::Binary(bytes.into())).await;
    }

    /// Sends a WebSocket ping.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub async fn ping(&mut self, payload: impl Into<Bytes>) {
        self.message(Message::Ping(payload.into())).await;
    }

    /// Sends a close frame.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub async fn close(&mut self, code: Option<u16>) {
        let frame = code.map(|code| CloseFrame {
            code: CloseCode::from(code),
            reason: "".into(),
        });
        self.message(Message::Close(frame)).await;
    }

    /// Writes bytes to the TCP connection as they are: they need not be valid WebSocket.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let written = timeout(PATIENCE, self.socket.get_mut().write_all(bytes)).await;
        assert!(
            matches!(written, Ok(Ok(()))),
            "the bytes were not sent: {written:?}"
        );
    }

    async fn message(&mut self, message: Message) {
        let sent = timeout(PATIENCE, self.socket.send(message)).await;
        assert!(
            matches!(sent, Ok(Ok(()))),
            "the message was not sent: {sent:?}"
        );
    }

    /// What comes next.
    ///
    /// # Panics
    /// If nothing comes within [`PATIENCE`].
    pub async fn next(&mut self) -> Frame {
        loop {
            let Ok(message) = timeout(PATIENCE, self.socket.next()).await else {
                panic!("nothing came within {PATIENCE:?}");
            };
            return match message {
                Some(Ok(Message::Text(text))) => Frame::Text(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => Frame::Binary(bytes),
                Some(Ok(Message::Pong(payload))) => Frame::Pong(payload),
                Some(Ok(Message::Close(frame))) => {
                    Frame::Close(frame.map_or(NO_CODE, |frame| frame.code.into()))
                }
                Some(Ok(Message::Ping(_) | Message::Frame(_))) => continue,
                Some(Err(_)) | None => Frame::Close(NO_CLOSE_FRAME),
            };
        }
    }

    /// The next message, which must be this text.
    ///
    /// # Panics
    /// If something else comes, or nothing.
    pub async fn expect_text(&mut self, text: &str) {
        let next = self.next().await;
        assert_eq!(next, Frame::Text(text.to_owned()));
    }

    /// The next message, which must be these bytes.
    ///
    /// # Panics
    /// If something else comes, or nothing.
    pub async fn expect_binary(&mut self, bytes: &[u8]) {
        let next = self.next().await;
        assert_eq!(next, Frame::Binary(Bytes::copy_from_slice(bytes)));
    }

    /// The close code that comes next, as in [`Frame::Close`]. Waits until the server has closed
    /// the connection, too.
    ///
    /// # Panics
    /// If something else comes, or the connection stays open.
    pub async fn closed(&mut self) -> u16 {
        let code = match self.next().await {
            Frame::Close(code) => code,
            other => panic!("expected the connection to close, but {other:?} came"),
        };
        let ending = async {
            // Answers the close frame, and spares the server the wait for our end.
            let _ = self.socket.flush().await;
            let _ = self.socket.get_mut().shutdown().await;
            while let Some(Ok(_)) = self.socket.next().await {}
        };
        let ended = timeout(PATIENCE, ending).await;
        assert!(ended.is_ok(), "the server has not closed the connection");
        code
    }
}
