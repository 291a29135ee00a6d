//! Every recorded vector.

use super::super::super::{
    parser::{OwnedPacket, PacketType},
    tests::tree::{Tree, bytes},
};
use super::super::{Msgpack, decode, encode};
use super::{LIMIT, borrowed};
use crate::protocol::socket_io::{
    attachments::collect_attachments,
    parser::{ChunkRef, Decoder as _, Limits},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    #[serde(rename = "parserEncode")]
    encode: Vec<Encode>,
    #[serde(rename = "parserDecode")]
    decode: Vec<Decode>,
}

#[derive(Deserialize)]
struct Encode {
    name: String,
    packet: Described,
    encoded: String,
}

#[derive(Deserialize)]
struct Decode {
    name: String,
    input: Input,
    packets: Vec<Described>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Binary {
        #[serde(rename = "$binary")]
        base64: String,
    },
}

#[derive(Deserialize)]
struct Described {
    r#type: u8,
    nsp: String,
    id: Option<u64>,
    data: Option<Tree>,
}

impl Described {
    /// The packet in this crate's form: what undefined, dates and binary are read as.
    fn packet(&self) -> OwnedPacket {
        let data = self.data.as_ref();
        let (data, attachments) =
            collect_attachments(|| data.map(|data| serde_json::to_string(data).unwrap()));
        OwnedPacket {
            kind: PacketType::from_number(self.r#type).unwrap(),
            namespace: self.nsp.clone(),
            id: self.id,
            data,
            attachments,
        }
    }
}

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!(
        "../../../../../../tests/fixtures/encoders-msgpack.json"
    ))
    .unwrap()
}

#[test]
fn what_node_encodes_is_read_as_it_was_meant() {
    for case in fixtures().encode {
        let packet = decode::packet(&bytes(&case.encoded), LIMIT).unwrap();
        assert_eq!(packet, case.packet.packet(), "{}", case.name);
    }
}

#[test]
fn packets_encode_to_the_bytes_of_node() {
    // Other bytes, and why.
    let differ = [
        // Absent members instead of undefined ones.
        "connect data undefined (as sent by the client)",
        "connect reply",
        "event undefined",
        // Sent by clients only.
        "event from the client (options key)",
        "ack",
        // A string, as JSON has no dates.
        "event date",
        // All binary is sent as `Buffer`.
        "event Uint8Array",
        "event ArrayBuffer",
    ];
    for case in fixtures().encode {
        let packet = case.packet.packet();
        let encoded = encode::packet(&borrowed(&packet)).unwrap();
        assert_eq!(
            encoded == bytes(&case.encoded),
            !differ.contains(&case.name.as_str()),
            "{}: {encoded:02x?}",
            case.name
        );
        assert_eq!(decode::packet(&encoded, LIMIT).unwrap(), packet);
    }
}

#[test]
fn messages_are_read_or_refused_as_recorded() {
    let limits = Limits {
        max_attachments: 0,
        max_packet_bytes: LIMIT,
    };
    for case in fixtures().decode {
        let read = match &case.input {
            Input::Text(text) => Msgpack.add(ChunkRef::Text(text), &limits),
            Input::Binary { base64 } => Msgpack.add(ChunkRef::Binary(&bytes(base64)), &limits),
        };
        match (read, &case.packets[..], case.error.as_deref()) {
            (Ok(Some(packet)), [recorded], None) => {
                assert_eq!(packet, recorded.packet(), "{}", case.name);
            }
            (Err(error), [], Some(recorded)) => {
                let recorded = match recorded {
                    "Could not parse" if case.name == "empty" => "the message ends within a value",
                    "Could not parse" => "0xc1 is no value",
                    "7 trailing bytes" => "text where MessagePack is expected",
                    "Cannot read properties of null (reading 'type')" => "invalid packet type",
                    same => same,
                };
                assert_eq!(error.to_string(), recorded, "{}", case.name);
            }
            (other, ..) => panic!("{}: {other:?}", case.name),
        }
    }
}
