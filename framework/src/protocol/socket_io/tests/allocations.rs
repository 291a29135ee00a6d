//! What decoding takes, measured at the allocator.

use crate::protocol::socket_io::{Assembler, Limits, Step};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

/// So many attachments that room for those that are only announced would be seen.
const LIMITS: Limits = Limits {
    max_attachments: 10_000,
    max_packet_bytes: 10_000,
};

/// What the list of attachments needs for one, twice while it grows.
const ATTACHMENT: usize = 3 * size_of::<Bytes>();

/// The containers around a placeholder, 128 at most, and small change.
const FIXED: usize = 16 * 1024;

#[derive(Clone, Debug)]
enum Message {
    Text(String),
    Binary(Bytes),
}

fn any_message() -> impl Strategy<Value = Message> {
    let count = prop_oneof![1..4_usize, Just(9_999), any::<usize>()];
    let nesting = prop_oneof![
        4 => Just(String::new()),
        1 => ("[\\[{]", 0..5_000_usize).prop_map(|(open, depth)| open.repeat(depth)),
        1 => (0..3_000_usize).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
    ];
    let value = prop_oneof![
        "(\\{\"_placeholder\":true,\"num\":[0-2]\\},?){0,3}",
        (0..5_000_usize).prop_map(|len| format!("\"{}\"", "\\u00e9".repeat(len))),
        any::<String>(),
    ];
    let text = (count, "[0-7]", "(/[a-z]{0,3},)?[0-9]{0,3}", nesting, value).prop_map(
        |(count, kind, head, nesting, value)| {
            let count = if kind.as_str() > "4" {
                format!("{count}-")
            } else {
                String::new()
            };
            format!("{kind}{count}{head}[\"a\",{nesting}{value}]")
        },
    );
    prop_oneof![
        2 => text.prop_map(Message::Text),
        3 => vec(any::<u8>(), 0..3_000).prop_map(|bytes| Message::Binary(bytes.into())),
    ]
}

proptest! {
    #[test]
    fn what_is_announced_takes_nothing(messages in vec(any_message(), 1..30)) {
        let longest = messages.iter().map(|message| match message {
            Message::Text(text) => text.len(),
            Message::Binary(_) => 0,
        });
        let longest = longest.max().unwrap_or_default();
        let mut decoder = Assembler::default();
        let measured = allocation_counter::measure(|| {
            for message in &messages {
                match message {
                    Message::Text(text) => {
                        let step = decoder.add_text(text, &LIMITS);
                        let _ = step.is_ok_and(|step| matches!(step, Step::Packet(_)));
                    }
                    Message::Binary(bytes) => drop(decoder.add_binary(bytes.clone(), &LIMITS)),
                }
            }
        });
        // The stack of what is nested, a byte a level, is there twice while it grows.
        let most = LIMITS.max_packet_bytes + 4 * longest + messages.len() * ATTACHMENT + FIXED;
        prop_assert!(measured.bytes_max as usize <= most);
    }
}
