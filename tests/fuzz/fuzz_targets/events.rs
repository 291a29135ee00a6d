//! Any arguments of an event or an ack, and any auth: no panic, and memory in proportion.
//!
//! The input is the text between the brackets of an event with two attachments.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../framework/src"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the target drives the decoder alone"
)]
mod framework {
    pub(crate) mod config;
    pub(crate) mod entropy;
    pub(crate) mod error;
    pub(crate) mod event;
    pub(crate) mod id;
    pub(crate) mod protocol;
}

use bytes::Bytes;
use framework::event::{Args, Event, Payload, decode, decode_ack, decode_value, encode};
use framework::{config, entropy, error, id, protocol};
use protocol::socket_io::{Assembler, Binary, Data, Limits};
use serde::{Deserialize, Serialize};

/// One argument.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Object {
    text: String,
    bytes: Option<Binary>,
    list: Vec<(i64, bool)>,
}

/// An argument for each field.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct List(String, Vec<Binary>, Option<u64>);

macro_rules! event {
    ($($name:ident $args:expr, $ack:ty, $form:expr;)*) => {$(
        impl Event for $name {
            const NAME: &'static str = "e";
            const ARGS: Args = $args;
            type Ack = $ack;
            const ACK_ARGS: Args = $form;
        }
    )*};
}
event! {
    Object Args::One, List, Args::Many(3);
    List Args::Many(3), Object, Args::One;
}

const LIMITS: Limits = Limits {
    max_attachments: 100,
    max_packet_bytes: 1 << 20,
};

fuzz_target!(|args: &[u8]| {
    let args = String::from_utf8_lossy(args);
    let attachments = [Bytes::from_static(b"one"), Bytes::new()];
    received(&format!("52-[\"e\",{args}]"), attachments, |payload| {
        let most = 64 * args.len() + 2048;
        let measured = allocation_counter::measure(|| read(payload));
        assert!(measured.bytes_max as usize <= most);
        round_trip::<Object>(payload);
        round_trip::<List>(payload);
    });
    let _ = decode_value::<Object>(&args);
    let _ = decode_value::<Option<List>>(&args);
});

fn received(
    text: &str,
    attachments: impl IntoIterator<Item = Bytes>,
    read: impl FnOnce(Payload<'_>),
) {
    let mut assembler = Assembler::default();
    if assembler.add_text(text, &LIMITS).is_err() {
        return;
    }
    let mut attachments = attachments.into_iter();
    let whole = attachments.find_map(|bytes| {
        let added = assembler.add_binary(bytes, &LIMITS);
        added.expect("an attachment that was announced")
    });
    let whole = whole.expect("as many as were announced");
    let packet = whole.packet().expect("a text that was valid before");
    if let Data::Event(event) = packet.data {
        read(Payload {
            args: event.args,
            attachments: &whole.attachments,
        });
    }
}

fn read(payload: Payload<'_>) {
    let _ = decode::<Object>(payload);
    let _ = decode::<List>(payload);
    let _ = decode_ack::<Object>(payload);
    let _ = decode_ack::<List>(payload);
}

/// What was read is read again when it is sent.
fn round_trip<E>(payload: Payload<'_>)
where
    E: Event + Serialize + serde::de::DeserializeOwned + std::fmt::Debug + PartialEq,
{
    let Ok(event) = decode::<E>(payload) else {
        return;
    };
    let mut text = Vec::new();
    let attachments = encode(&event, "/", None, &mut text).expect("an event that was read");
    if attachments.len() > LIMITS.max_attachments || attachments.is_empty() {
        return;
    }
    let text = String::from_utf8(text).expect("JSON");
    received(&text, attachments, |payload| {
        assert_eq!(decode::<E>(payload).ok(), Some(event));
    });
}
