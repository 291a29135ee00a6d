//! What holds for every message and every payload.

use super::*;
use crate::config::SlowConsumer;
use bytes::Bytes;
use proptest::{collection::vec, option, prelude::*};

type Text = Cow<'static, str>;

fn text() -> impl Strategy<Value = Text> {
    any::<String>().prop_map(Cow::Owned)
}

fn names() -> impl Strategy<Value = Vec<Text>> {
    vec(text(), 0..20)
}

/// Numbers are integers here: floats may lose a bit in serde_json.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 32, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(serde_json::Value::Array),
            vec((any::<String>(), inner), 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A value, with binary only if `binary`.
fn value(binary: bool) -> impl Strategy<Value = Data<'static>> {
    (json(), vec(any::<Vec<u8>>(), 0..3)).prop_map(move |(json, bytes)| match binary {
        false => Data::json(json.to_string()),
        true => {
            let attachments: Vec<_> = bytes.into_iter().map(Bytes::from).collect();
            let places = (0..attachments.len())
                .map(|num| serde_json::json!({ "_placeholder": true, "num": num }));
            let list: Vec<_> = std::iter::once(json).chain(places).collect();
            Data {
                json: serde_json::Value::from(list).to_string().into(),
                attachments,
            }
        }
    })
}

fn event(binary: bool) -> impl Strategy<Value = Data<'static>> {
    value(binary).prop_map(|data| Data {
        json: format!(r#"["e",{}]"#, data.json).into(),
        ..data
    })
}

fn flags() -> impl Strategy<Value = Flags> {
    let policy = prop_oneof![
        Just(SlowConsumer::Close),
        Just(SlowConsumer::DropNewest),
        Just(SlowConsumer::DropOldest),
        Just(SlowConsumer::Latest),
    ];
    let policy = option::of((policy, any::<u64>()));
    let flags = (
        any::<bool>(),
        any::<bool>(),
        any::<Option<u64>>(),
        any::<bool>(),
        policy,
    );
    flags.prop_map(
        |(volatile, compress, timeout, single, slow_consumer)| Flags {
            volatile,
            compress,
            timeout,
            expect_single_response: single,
            slow_consumer,
        },
    )
}

fn options() -> impl Strategy<Value = Options<'static>> {
    (names(), names(), flags()).prop_map(|(rooms, except, flags)| Options {
        rooms,
        except,
        flags,
    })
}

fn socket(binary: bool) -> impl Strategy<Value = SocketDetails<'static>> {
    (text(), names(), value(binary)).prop_map(|(id, rooms, data)| SocketDetails {
        id,
        handshake: r#"{"query":{"a":"b"}}"#.into(),
        rooms,
        data,
    })
}

/// A request's or an answer's id: NUL begins those for ids only.
fn id() -> impl Strategy<Value = Text> {
    "[A-Za-z0-9_-]{0,16}".prop_map(Cow::Owned)
}

/// A message that both dialects know; with `binary` where both allow it.
fn message() -> impl Strategy<Value = Message<'static>> {
    prop_oneof![
        (event(true), options(), option::of(id())).prop_map(|(data, options, request)| {
            Message::Broadcast {
                data,
                options,
                request,
            }
        }),
        (options(), names()).prop_map(|(options, rooms)| Message::Join { options, rooms }),
        (options(), names()).prop_map(|(options, rooms)| Message::Leave { options, rooms }),
        (options(), any::<bool>())
            .prop_map(|(options, close)| Message::Disconnect { options, close }),
        (options(), id()).prop_map(|(options, request)| Message::FetchSockets { options, request }),
        (id(), vec(socket(false), 0..4))
            .prop_map(|(request, sockets)| Message::Sockets { request, sockets }),
        (event(false), option::of(id()))
            .prop_map(|(data, request)| Message::ServerSideEmit { data, request }),
        (id(), option::of(value(false)))
            .prop_map(|(request, value)| Message::ServerSideAck { request, value }),
        (id(), any::<u64>()).prop_map(|(request, count)| Message::ClientCount { request, count }),
        (id(), option::of(value(true)))
            .prop_map(|(request, value)| Message::ClientAck { request, value }),
    ]
}

/// The classic adapter tells flags with events only.
fn as_classic(mut message: Message<'static>) -> Message<'static> {
    match &mut message {
        Message::Join { options, .. }
        | Message::Leave { options, .. }
        | Message::Disconnect { options, .. }
        | Message::FetchSockets { options, .. } => options.flags = Flags::default(),
        _ => {}
    }
    message
}

fn read_classic<'a>(message: &Message<'_>, payload: &'a [u8]) -> Result<Message<'a>, WireError> {
    match message {
        Message::Broadcast { request: None, .. } => broadcast(payload),
        Message::Sockets { .. }
        | Message::ServerSideAck { .. }
        | Message::ClientCount { .. }
        | Message::ClientAck { .. } => classic_answer(payload),
        _ => request(payload),
    }
}

proptest! {
    #[test]
    fn messages_survive_the_classic_wire(message in message().prop_map(as_classic), nsp: String) {
        for sender in [Sender::Node("node"), Sender::Emitter] {
            let payload = classic::encode(sender, &nsp, &message)?;
            prop_assert_eq!(&read_classic(&message, &payload)?, &message);
        }
    }

    #[test]
    fn messages_survive_the_cluster_adapters_wire(message in message(), uid: String, nsp: String) {
        for encoding in [Encoding::Smallest, Encoding::Msgpack] {
            let payload = layer::encode(&uid, &nsp, &message, encoding)?;
            let read = Envelope::read(&payload)?;
            prop_assert_eq!((&*read.uid, &*read.nsp), (&*uid, &*nsp));
            prop_assert_eq!(&envelope(&payload)?, &message);
        }
    }

    #[test]
    fn messages_survive_a_stream(message in message()) {
        let encoded = Fields::encode(&message, false)?;
        let kind = encoded.kind.to_string();
        let entry = Entry::read(fields(&kind, Some(&encoded.data)))?.unwrap();
        let read = entry.decode()?;
        prop_assert_eq!(read, Content::Message { message, packet_id: None });
    }

    #[test]
    fn any_bytes_are_read_or_refused_within_bounds(bytes: Vec<u8>) {
        within_bounds(&bytes);
    }

    /// Most bytes of a message stay, so that the damage is met everywhere.
    #[test]
    fn damaged_messages_are_read_or_refused_within_bounds(
        message in message().prop_map(as_classic),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut: prop::sample::Index,
    ) {
        for mut payload in [
            classic::encode(Sender::Node("node"), "/", &message)?,
            layer::encode("node", "/", &message, Encoding::Smallest)?,
            layer::encode("node", "/", &message, Encoding::Msgpack)?,
            Fields::encode(&message, false)?.data,
        ] {
            for (at, byte) in &damage {
                let at = at.index(payload.len());
                payload[at] = *byte;
            }
            within_bounds(&payload);
            payload.truncate(cut.index(payload.len()));
            within_bounds(&payload);
        }
    }
}

/// What is read takes memory in proportion to what has arrived, whatever lengths it declares: the
/// worst are lists of empty texts and of empty attachments.
fn within_bounds(payload: &[u8]) {
    for kind in ["3", "8", "12"] {
        let measured = allocation_counter::measure(|| {
            let _ = broadcast(payload).is_ok();
            let _ = request(payload).is_ok();
            let _ = classic_answer(payload).is_ok();
            let _ = Envelope::read(payload).map(|envelope| envelope.decode().is_ok());
            let fields = fields(kind, Some(payload));
            let _ = Entry::read(fields).map(|entry| entry.map(|entry| entry.decode().is_ok()));
        });
        let most = 512 * payload.len() + 16 * 1024;
        assert!(measured.bytes_max as usize <= most, "{measured:?}");
    }
}
