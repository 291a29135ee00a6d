//! The client's end of a connection: a task that reads it, answers pings and acks, and fills the
//! inbox; and the half that writes.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde::Deserialize;
use tokio::{sync::Mutex, time::timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{
    ConnectRefused, Disconnected, PATIENCE, Received, RecoveryTicket,
    dial::WebSocket,
    inbox::{Inbox, Packed},
};
use crate::protocol::socket_io::{Assembler, Data, Kind, Limits, Packet, Step, elements};

/// RFC 6455 section 7.4.1: what stands for a close frame without a code, and for none at all.
pub(super) const NO_CODE: u16 = 1005;
pub(super) const NO_CLOSE_FRAME: u16 = 1006;

/// The server is trusted; what it may send is what its own tests limit.
const LIMITS: Limits = Limits {
    max_attachments: usize::MAX,
    max_packet_bytes: usize::MAX,
};

/// Writes messages, those of one packet together. `None` when the connection is over.
pub(super) struct Outgoing(Mutex<Option<SplitSink<WebSocket, Message>>>);

impl Outgoing {
    /// Sends a packet; false if the connection does not take it.
    pub(super) async fn packet(&self, text: Vec<u8>, attachments: Vec<Bytes>) -> bool {
        let mut message = String::from("4");
        message.push_str(&String::from_utf8_lossy(&text));
        let messages = std::iter::once(Message::text(message))
            .chain(attachments.into_iter().map(Message::Binary));
        self.messages(messages).await
    }

    pub(super) async fn message(&self, message: Message) -> bool {
        self.messages(std::iter::once(message)).await
    }

    async fn messages(&self, messages: impl Iterator<Item = Message>) -> bool {
        let sending = async {
            let mut sink = self.0.lock().await;
            let Some(sink) = sink.as_mut() else {
                return Err(Error::ConnectionClosed);
            };
            for message in messages {
                sink.feed(message).await?;
            }
            sink.flush().await
        };
        matches!(timeout(PATIENCE, sending).await, Ok(Ok(())))
    }

    /// Sends what is due, such as the answer to a close frame, and lets go of the connection.
    async fn close(&self) {
        self.messages(std::iter::empty()).await;
        self.0.lock().await.take();
    }
}

pub(super) struct Link {
    incoming: SplitStream<WebSocket>,
    outgoing: Arc<Outgoing>,
    inbox: Arc<Inbox>,
    namespace: String,
    assembler: Assembler,
}

impl Link {
    /// `recovery` is what the client asks to come back with.
    pub(super) fn new(
        socket: WebSocket,
        namespace: &str,
        recovery: Option<RecoveryTicket>,
    ) -> Self {
        let (sink, incoming) = socket.split();
        let inbox = Inbox::default();
        inbox.lock().recovery = recovery;
        Self {
            incoming,
            outgoing: Arc::new(Outgoing(Mutex::new(Some(sink)))),
            inbox: Arc::new(inbox),
            namespace: namespace.to_owned(),
            assembler: Assembler::default(),
        }
    }

    pub(super) fn outgoing(&self) -> Arc<Outgoing> {
        Arc::clone(&self.outgoing)
    }

    pub(super) fn inbox(&self) -> Arc<Inbox> {
        Arc::clone(&self.inbox)
    }

    /// Reads until the connection ends.
    pub(super) async fn run(mut self) {
        loop {
            self.inbox.room().await;
            let ended = match self.incoming.next().await {
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(NO_CODE, |frame| frame.code.into());
                    self.inbox.end(Disconnected::TransportClose(code));
                    true
                }
                Some(Ok(message)) => {
                    self.message(message).await;
                    false
                }
                Some(Err(_)) | None => true,
            };
            if ended {
                return self.outgoing.close().await;
            }
        }
    }

    async fn message(&mut self, message: Message) {
        match message {
            Message::Text(text) => match text.as_str().split_at_checked(1) {
                Some(("4", packet)) => self.text(packet).await,
                Some(("2", "")) => drop(self.outgoing.message(Message::text("3")).await),
                // The open packet.
                Some(("0", _)) => {}
                _ => self.note(format!("<- frame {text:?}")),
            },
            Message::Binary(bytes) => self.attachment(bytes).await,
            Message::Pong(payload) => {
                let number = <[u8; 8]>::try_from(payload.as_ref()).map(u64::from_be_bytes);
                self.inbox
                    .change(|state| state.pong = number.unwrap_or(state.pong));
            }
            Message::Ping(_) | Message::Close(_) | Message::Frame(_) => {}
        }
    }

    fn note(&self, line: String) {
        self.inbox.change(|state| state.remember(line));
    }

    async fn text(&mut self, text: &str) {
        match self.assembler.add_text(text, &LIMITS) {
            Ok(Step::Packet(packet)) => self.packet(packet, &[]).await,
            Ok(Step::Waiting) => {}
            Err(error) => self.note(format!("<- packet {text:?}, which is invalid: {error}")),
        }
    }

    async fn attachment(&mut self, bytes: Bytes) {
        match self.assembler.add_binary(bytes, &LIMITS) {
            Ok(None) => {}
            Ok(Some(complete)) => match complete.packet() {
                Ok(packet) => self.packet(packet, &complete.attachments).await,
                Err(error) => self.note(format!("<- a binary packet, which is invalid: {error}")),
            },
            Err(error) => self.note(format!("<- binary, which is invalid: {error}")),
        }
    }

    async fn packet(&mut self, packet: Packet<'_>, attachments: &[Bytes]) {
        if packet.nsp != self.namespace {
            return self.note(format!("<- a packet of namespace `{}`", packet.nsp));
        }
        match (packet.kind, packet.data) {
            (Kind::Connect, Data::Object(json)) => self.connected(json),
            (Kind::ConnectError, Data::Error(json)) => {
                let refused = ConnectRefused::read(json);
                self.inbox.change(|state| state.refused = Some(refused));
            }
            (Kind::Disconnect, _) => {
                self.inbox.end(Disconnected::ByServer);
                // As socket.io-client does when it is in no namespace any more.
                self.outgoing.message(Message::Close(None)).await;
            }
            (Kind::Event | Kind::BinaryEvent, Data::Event(event)) => {
                self.event(Received {
                    name: event.name.into_owned(),
                    args: event.args.to_owned(),
                    attachments: attachments.to_vec(),
                    ack: packet.id,
                })
                .await;
            }
            (Kind::Ack | Kind::BinaryAck, Data::Ack(array)) => {
                self.ack(packet.id, elements(array), attachments);
            }
            (kind, _) => self.note(format!("<- a packet {kind:?} without its payload")),
        }
    }

    fn connected(&self, json: &str) {
        #[derive(Deserialize)]
        struct Connected<'a> {
            sid: &'a str,
            pid: Option<&'a str>,
        }
        let reply: Option<Connected<'_>> = serde_json::from_str(json).ok();
        let reply = reply.and_then(|reply| Some((reply.sid.parse().ok()?, reply.pid)));
        match reply {
            Some((id, private_id)) => self.inbox.change(|state| {
                state.connected = Some(id);
                state.belongs_to(private_id);
            }),
            None => self.note(format!("<- CONNECT {json}, which has no sid")),
        }
    }

    /// Answers the event, if the test has said how; otherwise it waits for the test.
    async fn event(&mut self, event: Received) {
        if event.ack.is_none()
            && let Some(recovery) = &mut self.inbox.lock().recovery
        {
            recovery.saw(&event.args);
        }
        let Some((text, attachments)) = self.answer(&event) else {
            return self.inbox.change(|state| state.events.push_back(event));
        };
        self.note(format!("<- {event}, which was answered"));
        self.outgoing.packet(text, attachments).await;
    }

    fn answer(&self, event: &Received) -> Option<Packed> {
        let id = event.ack?;
        // The lock is not held while the test's own code runs.
        let (name, mut respond) = self
            .inbox
            .lock()
            .responders
            .remove_entry(event.name.as_str())?;
        let answer = respond(event, &self.namespace, id);
        self.inbox.lock().responders.entry(name).or_insert(respond);
        answer
    }

    fn ack(&self, id: Option<u64>, args: &str, attachments: &[Bytes]) {
        let waiting = id.and_then(|id| self.inbox.lock().acks.remove(&id));
        let answer = Received {
            name: String::new(),
            args: args.to_owned(),
            attachments: attachments.to_vec(),
            ack: None,
        };
        match waiting {
            Some(waiting) => drop(waiting.send(answer)),
            None => self.note(format!("<- an ack that nobody waits for: [{args}]")),
        }
    }
}

impl Drop for Link {
    /// Nobody waits for a task that has ended, however it did.
    fn drop(&mut self) {
        self.inbox.end(Disconnected::TransportClose(NO_CLOSE_FRAME));
    }
}
