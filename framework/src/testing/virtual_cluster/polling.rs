//! A client over HTTP long-polling: its WebSocket ends here, and what passes through it goes in requests.

use std::sync::Arc;

use futures_util::{SinkExt, Stream, StreamExt, stream::SplitSink};
use serde::Deserialize;
use tokio::{
    io::{DuplexStream, duplex},
    sync::{mpsc, oneshot},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message, protocol::Role},
};

use super::{
    requests::{Answer, Request},
    server::Call,
    wire::{Way, Wire},
};
use crate::{
    protocol::engine_io::{base64, payload},
    testing::dial::{self, DialError, WebSocket},
};

/// Bytes between the client and its requests.
const CAPACITY: usize = 64 * 1024;

type Near = WebSocketStream<DuplexStream>;

pub(super) struct Polling {
    /// Of one node; a request comes to any.
    pub(super) workers: Vec<mpsc::Sender<Call>>,
    pub(super) wire: Arc<Wire>,
    pub(super) target: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
}

impl Polling {
    /// Begins a session.
    pub(super) async fn open(mut self) -> Result<WebSocket, DialError> {
        #[derive(Deserialize)]
        struct Open {
            sid: String,
        }
        let payload = self.ask(None).await?;
        let (packet, _) = payload::split(&payload);
        let open: Option<Open> = packet
            .strip_prefix('0')
            .and_then(|json| serde_json::from_str(json).ok());
        let refused = || DialError::Refused {
            status: 200,
            body: payload.clone(),
        };
        let Open { sid } = open.ok_or_else(refused)?;
        self.target.push_str("&sid=");
        self.target.push_str(&sid);
        let (client, near) = duplex(CAPACITY);
        let near = WebSocketStream::from_raw_socket(near, Role::Server, None).await;
        tokio::spawn(self.run(near, payload));
        let client = dial::Stream::Bridge(client);
        Ok(WebSocketStream::from_raw_socket(client, Role::Client, None).await)
    }

    /// The body of the answer to a POST, or without a body to a GET.
    async fn ask(&self, body: Option<Vec<u8>>) -> Result<String, DialError> {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            target: self.target.clone(),
            headers: self.headers.clone(),
            wire: Arc::clone(&self.wire),
            body,
            answer,
        };
        let worker = self.workers.get(self.wire.pick(self.workers.len()));
        let worker = worker.ok_or(DialError::Down)?;
        // A worker that has ended drops it.
        let sent = worker.send(Call::Request(request)).await;
        sent.map_err(|_| DialError::Down)?;
        let Answer { status, body } = answered.await.map_err(|_| DialError::Down)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        match status {
            200 => Ok(body),
            _ => Err(DialError::Refused { status, body }),
        }
    }

    /// Until either side ends it, or it is reset.
    async fn run(self, near: Near, open: String) {
        let (sink, stream) = near.split();
        tokio::select! {
            biased;
            () = self.wire.over() => {}
            () = self.post(stream) => {}
            () = self.poll(sink, open) => {}
        }
        self.wire.refuse(Way::Up);
        self.wire.refuse(Way::Down);
    }

    async fn post(&self, mut sent: impl Stream<Item = Result<Message, Error>> + Unpin) {
        while let Some(Ok(message)) = sent.next().await {
            let mut body = Vec::new();
            match message {
                Message::Text(text) => body.extend_from_slice(text.as_bytes()),
                Message::Binary(bytes) => payload::append_binary(&mut body, &bytes),
                Message::Close(_) => body.push(b'1'),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            }
            let is_last = body == b"1";
            if self.ask(Some(body)).await.is_err() || is_last {
                return;
            }
        }
    }

    async fn poll(&self, mut client: SplitSink<Near, Message>, mut payload: String) {
        loop {
            let mut rest = Some(payload.as_str());
            while let Some(packets) = rest {
                let (packet, next) = payload::split(packets);
                rest = next;
                let message = match packet.split_at_checked(1) {
                    Some(("b", data)) => Message::Binary(base64::decode(data).into()),
                    Some(("1", "")) => Message::Close(None),
                    Some(("6", "")) => continue,
                    _ => Message::text(packet),
                };
                let is_last = matches!(message, Message::Close(_));
                if client.send(message).await.is_err() || is_last {
                    return;
                }
            }
            payload = match self.ask(None).await {
                Ok(payload) => payload,
                Err(_) => return,
            };
        }
    }
}
