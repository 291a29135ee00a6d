//! Any payload that may come from Redis: no panic, memory in proportion, and messages that survive
//! being sent on.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../framework/src"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the target drives the codecs alone"
)]
mod framework {
    pub(crate) mod config;
    pub(crate) mod error;
    pub(crate) mod protocol;

    pub(crate) mod cluster {
        pub(crate) mod adapter {
            mod message;
            pub(crate) use message::{Data, Flags, Message, Options, SocketDetails};
        }
        pub(crate) mod wire;
    }
}

use framework::cluster::{
    adapter::Message,
    wire::{
        WireError,
        classic::{Answer, Broadcast, Request},
        entry::{Entry, SessionRecord},
        layer::{self, Content, Encoding, Envelope, has_binary},
    },
};
use framework::{config, error, protocol};

fuzz_target!(|payload: &[u8]| {
    let measured = allocation_counter::measure(|| {
        let read = [
            Broadcast::read(payload).and_then(|broadcast| Ok(broadcast.decode()?.1)),
            Request::read(payload).and_then(Request::decode),
            Answer::read(payload).and_then(Answer::decode),
            Envelope::read(payload).and_then(|envelope| envelope.decode().map(message)?),
        ];
        drop(read);
        let _ = SessionRecord::decode(payload).is_ok();
    });
    assert!(measured.bytes_max as usize <= 512 * payload.len() + 16 * 1024);

    if let Ok(broadcast) = Broadcast::read(payload)
        && let Ok((_, message)) = broadcast.decode()
    {
        survives(&message);
    }
    if let Ok(request) = Request::read(payload) {
        let _ = request.confirmation();
        if let Ok(message) = request.decode() {
            survives(&message);
        }
    }
    if let Ok(message) = Answer::read(payload).and_then(Answer::decode) {
        survives(&message);
    }
    if let Ok(envelope) = Envelope::read(payload)
        && let Ok(Content::Message { message, .. }) = envelope.decode()
    {
        survives(&message);
    }
    for kind in ["1", "3", "4", "6", "7", "8", "9", "11", "12"] {
        let fields = [
            (&b"uid"[..], &b"u"[..]),
            (b"nsp", b"/"),
            (b"type", kind.as_bytes()),
            (b"data", payload),
        ];
        if let Ok(Some(entry)) = Entry::read(fields)
            && let Ok(Content::Message { message, .. }) = entry.decode()
        {
            survives(&message);
        }
    }
});

fn message(content: Content<'_>) -> Result<Message<'_>, WireError> {
    match content {
        Content::Message { message, .. } => Ok(message),
        _ => Err(WireError::Unsupported),
    }
}

fn survives(message: &Message<'_>) {
    // With attachments, what looks like a placeholder would become one.
    if has_binary(message) {
        let _ = layer::encode("u", "/", message, Encoding::Msgpack);
        return;
    }
    let payload = match layer::encode("u", "/", message, Encoding::Smallest) {
        Ok(payload) => payload,
        Err(WireError::Unsupported) => return,
        Err(error) => panic!("{error}"),
    };
    let envelope = Envelope::read(&payload).expect("an envelope");
    let again = envelope.decode().and_then(self::message);
    assert_eq!(&again.expect("the message"), message);
}
