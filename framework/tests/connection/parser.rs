//! Parsers of the application's own: what they are given, and what their failures cost.

use crate::common::{
    both,
    journal::{Entries, Journal, journal},
};
use bytes::Bytes;
use roomcast::{
    Binary, EmitError, WebSocketMode,
    parser::{
        Chunk, ChunkRef, Decoder, Limits, OwnedPacket, Packet, PacketType, Parser, ParserError,
    },
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};

/// One line of text `type namespace id data`, in which U+001E is not escaped, then a message for each
/// attachment.
struct Lines;

/// A packet whose attachments have not all come: `+n` at the end of the line tells how many.
#[derive(Default)]
struct Reader {
    waiting: Option<(OwnedPacket, usize)>,
}

impl Parser for Lines {
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Chunk>, ParserError> {
        let Packet {
            kind,
            namespace,
            id,
            data,
            attachments,
        } = packet;
        let data = data.unwrap_or("-");
        if data.contains("unspeakable") || namespace.contains("unspeakable") {
            return Err(ParserError::new("no word for it"));
        }
        assert!(!data.contains("explosive"), "in encode");
        if data.contains("silent") {
            return Ok(Vec::new());
        }
        let id = id.map_or("-".to_owned(), |id| id.to_string());
        let data = data.replace(r"\u001e", "\u{1e}");
        let line = format!("{} {namespace} {id} {data}", kind.number());
        let binary = attachments.iter().cloned().map(Chunk::Binary);
        Ok([Chunk::Text(line)].into_iter().chain(binary).collect())
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Reader::default())
    }
}

impl Decoder for Reader {
    fn add(&mut self, chunk: ChunkRef<'_>, _: &Limits) -> Result<Option<OwnedPacket>, ParserError> {
        match (chunk, self.waiting.take()) {
            (ChunkRef::Text(line), None) => {
                let (packet, attachments) = read(line)?;
                if attachments == 0 {
                    return Ok(Some(packet));
                }
                self.waiting = Some((packet, attachments));
                Ok(None)
            }
            (ChunkRef::Binary(bytes), Some((mut packet, missing))) => {
                packet.attachments.push(Bytes::copy_from_slice(bytes));
                if missing == 1 {
                    return Ok(Some(packet));
                }
                self.waiting = Some((packet, missing - 1));
                Ok(None)
            }
            _ => Err(ParserError::new("out of order")),
        }
    }
}

fn read(line: &str) -> Result<(OwnedPacket, usize), ParserError> {
    assert!(!line.contains("explosive"), "in add");
    let (line, attachments) = line.split_once(" +").unwrap_or((line, "0"));
    let mut words = line.splitn(4, ' ');
    let mut word = || words.next().ok_or_else(|| ParserError::new("too short"));
    let kind = word()?.parse().ok().and_then(PacketType::from_number);
    let packet = OwnedPacket {
        kind: kind.ok_or_else(|| ParserError::new("no such type"))?,
        namespace: word()?.to_owned(),
        id: word()?.parse().ok(),
        data: Some(word()?.to_owned()).filter(|data| data != "-"),
        attachments: Vec::new(),
    };
    Ok((packet, attachments.parse().map_err(ParserError::new)?))
}

#[derive(EventHandlers)]
#[handles(Echo, Say, Ask)]
struct Talker;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = Echo)]
struct Echo {
    bytes: Binary,
    text: String,
}

/// To everyone, the sender too.
#[derive(Serialize, Deserialize, Event)]
struct Say(String);

/// Asks the sender something, and tells everyone the answer.
#[derive(Serialize, Deserialize, Event)]
struct Ask;

#[derive(Serialize, Event)]
#[event(ack = String)]
struct Question;

impl Session for Talker {
    type Auth = serde_json::Value;

    async fn connect(auth: Self::Auth, socket: &Socket) -> Result<Self, Refusal> {
        socket.emit_raw("hello", &[auth])?;
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        socket.state::<Journal>().write(reason);
    }
}

impl Handle<Echo> for Talker {
    async fn handle(&mut self, echo: Echo, _: &Socket) -> Result<Echo, Rejection> {
        Ok(echo)
    }
}

impl Handle<Say> for Talker {
    async fn handle(&mut self, say: Say, socket: &Socket) -> Result<(), Rejection> {
        match socket.namespace().everyone().emit(&say) {
            Err(EmitError::Parser(error)) => Ok(socket.emit_raw("failed", &[error.to_string()])?),
            other => Ok(other?),
        }
    }
}

impl Handle<Ask> for Talker {
    async fn handle(&mut self, _: Ask, socket: &Socket) -> Result<(), Rejection> {
        let socket = socket.clone();
        actix_web::rt::spawn(async move {
            let answer = socket.emit_with_ack(&Question).await;
            let _ = socket.emit_raw("answer", &[answer.ok()]);
        });
        Ok(())
    }
}

fn serve(mode: WebSocketMode) -> (TestServer, Entries) {
    let (journal, entries) = journal();
    let hub = Hub::builder()
        .namespace::<Talker>("/")
        .namespace::<Talker>("/other")
        .websocket_mode(mode)
        .parser(Lines)
        .state(journal);
    (TestServer::start(hub.build().expect("a hub")), entries)
}

/// A client in the main namespace.
async fn enter(server: &TestServer) -> RawClient {
    let mut client = RawClient::open(server).await;
    client.send("40 / - -").await;
    assert!(text(&mut client).await.starts_with(r#"40 / - {"sid":""#));
    client.expect_text(r#"42 / - ["hello",{}]"#).await;
    client
}

async fn text(client: &mut RawClient) -> String {
    match client.next().await {
        Frame::Text(text) => text,
        other => panic!("expected text, but {other:?} came"),
    }
}

/// The client can still talk.
async fn works(client: &mut RawClient) {
    client.send(r#"42 / - ["say","on"]"#).await;
    client.expect_text(r#"42 / - ["say","on"]"#).await;
}

both! {
    every_kind_of_packet_passes_through_the_parser,
    a_decoder_that_errs_or_panics_costs_its_connection_only,
    a_packet_that_does_not_fit_its_type_costs_its_connection,
    an_event_that_cannot_be_encoded_is_an_error_of_its_emit,
    a_reply_that_cannot_be_encoded_closes_the_connection,
}

async fn every_kind_of_packet_passes_through_the_parser(mode: WebSocketMode) {
    let (server, mut entries) = serve(mode);
    let mut client = enter(&server).await;

    client
        .send(r#"42 / 7 ["echo",{"bytes":{"_placeholder":true,"num":1},"text":"é"}] +2"#)
        .await;
    client.send_binary(vec![9]).await;
    client.send_binary(vec![1, 2]).await;
    client
        .expect_text(r#"43 / 7 [{"bytes":{"_placeholder":true,"num":0},"text":"é"}]"#)
        .await;
    client.expect_binary(&[1, 2]).await;

    client.send(r#"42 / - ["ask"]"#).await;
    client.expect_text(r#"42 / 0 ["question"]"#).await;
    client.send(r#"43 / 0 ["yes"]"#).await;
    client.expect_text(r#"42 / - ["answer","yes"]"#).await;

    client.send("40 /nowhere - -").await;
    client
        .expect_text(r#"44 /nowhere - {"message":"Invalid namespace"}"#)
        .await;
    // The reference looks into no event, and handles none of these.
    for unnamed in [r#"["disconnect"]"#, "[]", "[null]", "-"] {
        client.send(&format!("42 / - {unnamed}")).await;
    }
    works(&mut client).await;

    client.send("41 / - -").await;
    assert_eq!(
        entries.next().await,
        DisconnectReason::ClientNamespaceDisconnect.as_str()
    );
    client.send(r#"40 / - {"token":7}"#).await;
    assert!(text(&mut client).await.starts_with("40 / - "));
    client.expect_text(r#"42 / - ["hello",{"token":7}]"#).await;
    server
        .hub()
        .everyone()
        .disconnect(false)
        .await
        .expect("all");
    client.expect_text("41 / - -").await;
}

async fn a_decoder_that_errs_or_panics_costs_its_connection_only(mode: WebSocketMode) {
    let (server, mut entries) = serve(mode);
    let mut bystander = enter(&server).await;
    for message in ["49 / - -", r#"42 / - ["explosive"]"#] {
        let mut client = enter(&server).await;
        client.send(message).await;
        assert_eq!(client.closed().await, 1005, "{message}");
        assert_eq!(entries.next().await, DisconnectReason::ForcedClose.as_str());
        works(&mut bystander).await;
    }
    let stats = server.hub().stats();
    assert_eq!(stats.panics, 1);
    assert_eq!(stats.refused_packets, [("parser", 1)].into());
}

async fn a_packet_that_does_not_fit_its_type_costs_its_connection(mode: WebSocketMode) {
    let (server, _entries) = serve(mode);
    for message in [
        "40 other - -",
        "40 /a,b - -",
        "40 / - []",
        "41 / - {}",
        "42 / - {}",
        r#"42 / - ["say""#,
        "43 / 1 7",
        "44 / - {}",
        "42 /other - []",
    ] {
        let mut client = enter(&server).await;
        client.send(message).await;
        assert_eq!(client.closed().await, 1005, "{message}");
    }
}

async fn an_event_that_cannot_be_encoded_is_an_error_of_its_emit(mode: WebSocketMode) {
    let (server, _entries) = serve(mode);
    let mut client = enter(&server).await;
    client.send(r#"42 / - ["say","unspeakable"]"#).await;
    client
        .expect_text(r#"42 / - ["failed","no word for it"]"#)
        .await;
    let error = server.hub().everyone().emit(&Say("explosive".into()));
    assert!(matches!(error, Err(EmitError::Parser(_))), "{error:?}");
    let error = server.hub().everyone().emit(&Say("silent".into()));
    assert!(matches!(error, Err(EmitError::Parser(_))), "{error:?}");
    let several = Say("\u{1e}2probe\u{1e}4hello".into());
    let error = server.hub().everyone().emit(&several);
    assert!(
        matches!(error, Err(EmitError::Parser(_))),
        "on long-polling it is three packets: {error:?}"
    );
    works(&mut client).await;
}

async fn a_reply_that_cannot_be_encoded_closes_the_connection(mode: WebSocketMode) {
    let (server, _entries) = serve(mode);
    let mut bystander = enter(&server).await;
    let mut client = RawClient::open(&server).await;
    client.send("40 /unspeakable - -").await;
    assert_eq!(client.closed().await, 1005);
    works(&mut bystander).await;
}
