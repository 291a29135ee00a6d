//! Samples of the chapter "Parsers".

use roomcast::{
    HubBuilder,
    parser::{
        Chunk, ChunkRef, Decoder, Limits, Msgpack, OwnedPacket, Packet, PacketType, Parser,
        ParserError,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(crate) fn msgpack(builder: HubBuilder) -> HubBuilder {
    // ANCHOR: msgpack
    builder.parser(Msgpack)
    // ANCHOR_END: msgpack
}

// ANCHOR: packet
/// `{"type":2,"nsp":"/","id":7,"data":["say","hello"]}`, and no binary.
#[derive(Serialize, Deserialize)]
struct Readable<'a> {
    r#type: u8,
    nsp: &'a str,
    id: Option<u64>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}
// ANCHOR_END: packet

// ANCHOR: encode
struct ReadableParser;

impl Parser for ReadableParser {
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Chunk>, ParserError> {
        if !packet.attachments.is_empty() {
            return Err(ParserError::new("there is no binary here"));
        }
        let text = serde_json::to_string(&Readable {
            r#type: packet.kind.number(),
            nsp: packet.namespace,
            id: packet.id,
            data: packet.data.map(serde_json::from_str).transpose()?,
        })?;
        Ok(vec![Chunk::Text(text)])
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(ReadableDecoder)
    }
}
// ANCHOR_END: encode

// ANCHOR: decode
struct ReadableDecoder;

impl Decoder for ReadableDecoder {
    fn add(&mut self, chunk: ChunkRef<'_>, _: &Limits) -> Result<Option<OwnedPacket>, ParserError> {
        let ChunkRef::Text(text) = chunk else {
            return Err(ParserError::new("there is no binary here"));
        };
        let packet: Readable<'_> = serde_json::from_str(text)?;
        let kind = PacketType::from_number(packet.r#type);
        Ok(Some(OwnedPacket {
            kind: kind.ok_or_else(|| ParserError::new("no such type"))?,
            namespace: packet.nsp.to_owned(),
            id: packet.id,
            data: packet.data.map(|data| data.get().to_owned()),
            attachments: Vec::new(),
        }))
    }
}
// ANCHOR_END: decode

#[cfg(test)]
mod tests {
    use roomcast::{
        BuildError,
        prelude::*,
        testing::{Frame, RawClient, TestServer},
    };

    use super::{HubBuilder, ReadableParser, msgpack};

    #[derive(EventHandlers)]
    #[handles(Say)]
    struct Talk;

    #[derive(Deserialize, Event)]
    #[event(ack = String)]
    struct Say(String);

    impl Session for Talk {
        type Auth = ();

        async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
            Ok(Self)
        }
    }

    impl Handle<Say> for Talk {
        async fn handle(&mut self, Say(text): Say, _: &Socket) -> Result<String, Rejection> {
            Ok(text)
        }
    }

    fn serve(with: impl FnOnce(HubBuilder) -> HubBuilder) -> Result<TestServer, BuildError> {
        let hub = with(Hub::builder().namespace::<Talk>("/"));
        Ok(TestServer::start(hub.build()?))
    }

    #[actix_web::test]
    async fn both_sides_speak_the_form_of_the_parser() -> Result<(), BuildError> {
        let server = serve(|builder| builder.parser(ReadableParser))?;
        let mut client = RawClient::open(&server).await;
        client.send(r#"4{"type":0,"nsp":"/"}"#).await;
        let reply = client.next().await;
        assert!(matches!(reply, Frame::Text(text) if text.starts_with(r#"4{"type":0,"nsp":"/""#)));
        client
            .send(r#"4{"type":2,"nsp":"/","id":7,"data":["say","hello"]}"#)
            .await;
        client
            .expect_text(r#"4{"type":3,"nsp":"/","id":7,"data":["hello"]}"#)
            .await;
        client.send("40").await;
        assert_eq!(client.closed().await, 1005);
        Ok(())
    }

    #[actix_web::test]
    async fn a_client_with_another_parser_is_cut_off() -> Result<(), BuildError> {
        let server = serve(msgpack)?;
        let mut client = RawClient::open(&server).await;
        client.send("40").await;
        assert_eq!(client.closed().await, 1005);
        Ok(())
    }
}
