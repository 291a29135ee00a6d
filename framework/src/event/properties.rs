//! What holds for every event and every argument list.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::{collection::vec, option, prelude::*};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Args, Event, Payload, Rejection, decode, decode_ack, decode_value, encode};
use crate::protocol::socket_io::{Assembler, Binary, Data, Limits, Step, elements};

/// One argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Object {
    text: String,
    bytes: Option<Binary>,
    list: Vec<(i64, bool)>,
    map: BTreeMap<String, Binary>,
}

/// An argument for each field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct List(String, Vec<Binary>, Option<u64>, Object);

/// No argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

macro_rules! event {
    ($($name:ident $args:expr, $ack:ty, $form:expr;)*) => {$(
        impl Event for $name {
            const NAME: &'static str = "event \"\u{20ac}\"";
            const ARGS: Args = $args;
            type Ack = $ack;
            const ACK_ARGS: Args = $form;
        }
    )*};
}
event! {
    Object Args::One, List, Args::Many(4);
    List Args::Many(4), Object, Args::One;
    Nothing Args::None, (), Args::None;
}

fn bytes() -> impl Strategy<Value = Binary> {
    any::<Vec<u8>>().prop_map(Binary::from)
}

fn object() -> impl Strategy<Value = Object> {
    let map = prop::collection::btree_map(any::<String>(), bytes(), 0..3);
    (
        any::<String>(),
        option::of(bytes()),
        any::<Vec<(i64, bool)>>(),
        map,
    )
        .prop_map(|(text, bytes, list, map)| Object {
            text,
            bytes,
            list,
            map,
        })
}

fn list() -> impl Strategy<Value = List> {
    (
        any::<String>(),
        vec(bytes(), 0..3),
        any::<Option<u64>>(),
        object(),
    )
        .prop_map(|(text, list, number, object)| List(text, list, number, object))
}

const UNLIMITED: Limits = Limits {
    max_attachments: usize::MAX,
    max_packet_bytes: usize::MAX,
};

/// Hands the arguments of a packet to `read`, if it is an event or an ack.
fn receive<R>(
    text: &str,
    attachments: Vec<Bytes>,
    read: impl FnOnce(Payload<'_>) -> R,
) -> Option<R> {
    let mut assembler = Assembler::default();
    let mut whole = None;
    let packet = match assembler.add_text(text, &UNLIMITED).ok()? {
        Step::Packet(packet) => packet,
        Step::Waiting => {
            for attachment in attachments {
                whole = assembler.add_binary(attachment, &UNLIMITED).ok()?;
            }
            whole.as_ref()?.packet().ok()?
        }
    };
    let args = match packet.data {
        Data::Event(event) => event.args,
        Data::Ack(array) => elements(array),
        _ => return None,
    };
    let attachments = whole.as_ref().map_or(&[][..], |whole| &whole.attachments);
    Some(read(Payload { args, attachments }))
}

fn round_trip<E: Event + Serialize + DeserializeOwned>(event: &E, id: Option<u64>) -> E {
    let mut text = Vec::new();
    let attachments = encode::encode(event, "/", id, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    receive(&text, attachments, decode).unwrap().unwrap()
}

fn ack_round_trip<E: Event>(ack: &E::Ack) -> E::Ack
where
    E::Ack: Serialize + DeserializeOwned,
{
    let mut text = Vec::new();
    let attachments = encode::encode_ack::<E>("/", 7, ack, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    receive(&text, attachments, decode_ack::<E>)
        .unwrap()
        .unwrap()
}

/// JSON of any form, and what is only like it.
fn junk() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        "\\{\"_placeholder\":(true|false|1),\"num\":(-1|0|1|2|0\\.5|1e0|\"0\"|1e999)\\}",
        "\"(\\\\u[0-9a-f]{4}){1,3}\"",
        "[\\[\\]{},:\"0-9a-z]{0,6}",
        (1..300_usize).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
    ];
    let key = "(text|bytes|list|map|[a-z]{0,3})";
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|values| format!("[{}]", values.join(" , "))),
            vec((key, inner), 0..5).prop_map(|members| {
                let members = members
                    .iter()
                    .map(|(key, value)| format!("\"{key}\":{value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn events_and_answers_survive_the_wire(object in object(), list in list(), id: Option<u64>) {
        prop_assert_eq!(&round_trip(&object, id), &object);
        prop_assert_eq!(&round_trip(&list, id), &list);
        prop_assert_eq!(round_trip(&Nothing, id), Nothing);
        prop_assert_eq!(&ack_round_trip::<Object>(&list), &list);
        prop_assert_eq!(&ack_round_trip::<List>(&object), &object);
        ack_round_trip::<Nothing>(&());
    }

    #[test]
    fn untyped_events_survive_the_wire(list in list(), id: Option<u64>) {
        let mut text = Vec::new();
        let attachments = encode::encode_raw("e", "/", id, &list, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let read = |payload: Payload<'_>| decode::decode_list("e", payload);
        let received: Result<List, Rejection> = receive(&text, attachments, read).unwrap();
        prop_assert_eq!(received.unwrap(), list);
    }

    #[test]
    fn any_arguments_are_read_or_refused_in_proportion(
        args in vec(junk(), 0..5),
        attached in vec(any::<Vec<u8>>(), 0..3),
    ) {
        let args = args.join(",");
        let head = match attached.len() {
            0 => "2".to_owned(),
            count => format!("5{count}-"),
        };
        let text = format!("{head}[\"e\",{args}]");
        let attached: Vec<_> = attached.into_iter().map(Bytes::from).collect();
        let most = 64 * (text.len() + attached.len()) + 2048;
        receive(&text, attached, |payload| {
            let measured = allocation_counter::measure(|| {
                let _ = decode::<Object>(payload);
                let _ = decode::<List>(payload);
                let _ = decode::<Nothing>(payload);
                let _ = decode_ack::<Object>(payload);
                let _ = decode_ack::<List>(payload);
                let _ = decode::decode_list::<(Binary, Vec<String>)>("e", payload);
                let _ = decode::decode_list::<Vec<Option<Binary>>>("e", payload);
            });
            assert!(measured.bytes_max as usize <= most, "{} of {most}", measured.bytes_max);
        });
    }

    #[test]
    fn any_auth_is_read_or_refused(auth in prop_oneof![junk(), any::<String>()]) {
        let _ = decode_value::<Object>(&auth);
        let _ = decode_value::<Option<List>>(&auth);
        let _ = decode_value::<()>(&auth);
    }
}
