//! What holds for every packet and every message.

use super::super::super::parser::{OwnedPacket, PacketType};
use super::{LIMIT, borrowed, decode, encode};
use crate::protocol::socket_io::{Binary, attachments::collect_attachments};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::Value;

/// A JSON value with binary anywhere in it, in which members keep their order.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Tree {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    Binary(Binary),
    List(Vec<Tree>),
    #[serde(serialize_with = "object")]
    Object(Vec<(String, Tree)>),
}

fn object<S: serde::Serializer>(members: &[(String, Tree)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(members.iter().map(|(key, value)| (key, value)))
}

fn tree(binary: bool) -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Nil),
        any::<bool>().prop_map(Tree::Bool),
        any::<u64>().prop_map(Tree::Unsigned),
        any::<i64>().prop_map(Tree::Signed),
        any::<f64>().prop_map(Tree::Float),
        any::<String>().prop_map(Tree::Text),
        any::<Vec<u8>>().prop_map(move |bytes| match binary {
            true => Tree::Binary(bytes.into()),
            false => Tree::Nil,
        }),
    ];
    leaf.prop_recursive(4, 64, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Tree::List),
            prop::collection::vec((any::<String>(), inner), 0..20).prop_map(Tree::Object),
        ]
    })
}

fn packet(kind: PacketType, namespace: String, id: Option<u64>, data: &[Tree]) -> OwnedPacket {
    let (data, attachments) = collect_attachments(|| serde_json::to_string(data).unwrap());
    OwnedPacket {
        kind,
        namespace,
        id,
        data: Some(data),
        attachments,
    }
}

proptest! {
    #[test]
    fn packets_survive_the_wire(
        is_event: bool,
        namespace: String,
        id: Option<u64>,
        data in prop::collection::vec(tree(true), 0..4),
    ) {
        let kind = match is_event {
            true => PacketType::Event,
            false => PacketType::Ack,
        };
        let packet = packet(kind, namespace, id, &data);
        let message = encode::packet(&borrowed(&packet))?;
        prop_assert_eq!(decode::packet(&message, usize::MAX)?, packet);
    }

    #[test]
    fn others_read_the_same_values(data in prop::collection::vec(tree(false), 0..4)) {
        #[derive(serde::Deserialize)]
        struct Packet {
            r#type: u8,
            nsp: String,
            data: Value,
        }
        let packet = packet(PacketType::Event, "/".to_owned(), None, &data);
        let message = encode::packet(&borrowed(&packet))?;
        let Packet { r#type, nsp, data } = rmp_serde::from_slice(&message)?;
        prop_assert_eq!((r#type, nsp.as_str()), (2, "/"));
        let json: Value = serde_json::from_str(packet.data.as_deref().unwrap())?;
        prop_assert!(same(&data, &json), "{} {}", data, json);
    }

    #[test]
    fn any_bytes_are_read_or_refused_within_the_limit(bytes: Vec<u8>) {
        within_the_limit(&bytes);
    }

    /// Most bytes of a valid message stay, so that the damage is met everywhere.
    #[test]
    fn damaged_messages_are_read_or_refused_within_the_limit(
        data in prop::collection::vec(tree(true), 0..4),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut: prop::sample::Index,
    ) {
        let packet = packet(PacketType::Event, "/".to_owned(), Some(1), &data);
        let mut message = encode::packet(&borrowed(&packet))?;
        for (at, byte) in damage {
            let at = at.index(message.len());
            message[at] = byte;
        }
        within_the_limit(&message);
        message.truncate(cut.index(message.len()));
        within_the_limit(&message);
    }

    #[test]
    fn any_text_for_data_is_written_or_refused(data: String) {
        let packet = OwnedPacket {
            data: Some(data),
            ..packet(PacketType::Event, "/".to_owned(), None, &[])
        };
        let _ = encode::packet(&borrowed(&packet));
    }
}

/// What is read can also be sent again.
fn within_the_limit(message: &[u8]) {
    for limit in [100, LIMIT] {
        let mut decoded = None;
        let measured = allocation_counter::measure(|| {
            decoded = decode::packet(message, limit).ok();
        });
        // One value is written before it is counted: each of its bytes takes six at most. What grows is there twice
        // while it is copied.
        let written = limit.min(64 * message.len()) + 6 * message.len();
        assert!(measured.bytes_max as usize <= 4 * written + 8 * 1024);
        if let Some(packet) = decoded {
            let again = encode::packet(&borrowed(&packet)).unwrap();
            // With attachments, members that look like a placeholder would become one.
            if packet.attachments.is_empty() {
                assert_eq!(decode::packet(&again, usize::MAX).unwrap(), packet);
            }
            let text = packet.data.map_or(0, |data| data.len());
            let attached: usize = packet.attachments.iter().map(bytes::Bytes::len).sum();
            // The brackets that end the data are not counted.
            assert!(text + attached <= limit + super::super::json::MAX_DEPTH);
        }
    }
}

/// Numbers by their value, to the precision in which serde_json reads floats.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) else {
                return false;
            };
            left == right || ((left - right) / right).abs() < 1e-12
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, l)| right.get(key).is_some_and(|r| same(l, r)))
        }
        (left, right) => left == right,
    }
}
