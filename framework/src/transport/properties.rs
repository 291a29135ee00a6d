//! A packet that is sent is the packet that is received, whatever carries it.

#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};
use tokio::sync::oneshot;

use super::{
    frame::Frame,
    numbered::OFFSET_LEN,
    poll::{Answer, PollIo},
};
use crate::protocol::{
    engine_io::{Packet as EnginePacket, payload},
    socket_io::{Assembler, Binary, Data, Limits, Step, encode, is_reserved, parser::ParserError},
    websocket::{Opcode, frame},
};

const UNLIMITED: Limits = Limits {
    max_attachments: usize::MAX,
    max_packet_bytes: usize::MAX,
};

/// An event's name, and its attachments, each an argument.
type Event = (String, Vec<Bytes>);

fn any_event() -> impl Strategy<Value = Event> {
    let name = any::<String>().prop_filter("reserved", |name| !is_reserved(name));
    (name, vec(any::<Vec<u8>>().prop_map(Bytes::from), 0..4))
}

fn write((name, attachments): &Event, out: &mut Vec<u8>) -> Result<Vec<Bytes>, ParserError> {
    let written = encode::event(out, "/", None, name, |args| {
        let mut attachments = attachments.iter().cloned();
        attachments.try_for_each(|bytes| args.push(&Binary(bytes)))
    });
    written.map_err(ParserError::new)
}

/// What a client makes of the messages that come.
#[derive(Default)]
struct Receiver {
    assembler: Assembler,
    events: Vec<Event>,
    /// Of the last event.
    args: String,
}

impl Receiver {
    fn packet(&mut self, packet: EnginePacket<'_>) {
        match packet {
            EnginePacket::Message(text) => {
                if let Step::Packet(packet) = self.assembler.add_text(text, &UNLIMITED).unwrap() {
                    self.event(&packet.data, Vec::new());
                }
            }
            EnginePacket::Binary(bytes) => {
                let bytes = Bytes::from(bytes.into_owned());
                if let Some(whole) = self.assembler.add_binary(bytes, &UNLIMITED).unwrap() {
                    self.event(&whole.packet().unwrap().data, whole.attachments.clone());
                }
            }
            other => panic!("{other:?}"),
        }
    }

    fn frames(&mut self, mut frames: &[u8]) {
        while let Some((opcode, data, behind)) = frame::split_sent(frames) {
            match opcode {
                Opcode::Text => {
                    let text = std::str::from_utf8(data).unwrap();
                    self.packet(EnginePacket::decode(text).unwrap());
                }
                _ => self.packet(EnginePacket::Binary(data.into())),
            }
            frames = behind;
        }
        assert!(frames.is_empty());
    }

    fn payload(&mut self, body: &[u8]) {
        let mut rest = Some(std::str::from_utf8(body).unwrap());
        while let Some(body) = rest {
            let (packet, behind) = payload::split(body);
            self.packet(EnginePacket::decode(packet).unwrap());
            rest = behind;
        }
    }

    fn event(&mut self, data: &Data<'_>, attachments: Vec<Bytes>) {
        let Data::Event(event) = data else {
            panic!("{data:?}");
        };
        self.events.push((event.name.to_string(), attachments));
        self.args = event.args.to_owned();
    }
}

proptest! {
    #[test]
    fn events_survive_frames_and_payloads(events in vec(any_event(), 1..8)) {
        let mut frames = Vec::new();
        for event in &events {
            frames.extend_from_slice(&Frame::packet(None, |out| write(event, out))?.bytes);
        }
        let mut receiver = Receiver::default();
        receiver.frames(&frames);
        prop_assert_eq!(&receiver.events, &events);

        // As many polls as it takes.
        let mut receiver = Receiver::default();
        let io = PollIo::default();
        let mut rest = frames.as_slice();
        while !rest.is_empty() {
            let (answer, mut poll) = oneshot::channel();
            io.wait(answer);
            let taken = io.try_write(rest)?;
            rest = &rest[taken..];
            match poll.try_recv() {
                Ok(Answer::Payload { body, .. }) => receiver.payload(&body),
                other => panic!("{other:?}"),
            }
        }
        prop_assert_eq!(&receiver.events, &events);
    }

    #[test]
    fn an_offset_is_one_argument_more(event in any_event(), offset in "[-_A-Za-z0-9]{10}") {
        let frame = Frame::unnumbered(None, |out| write(&event, out))?;
        let frame = frame.number(&<[u8; OFFSET_LEN]>::try_from(offset.as_bytes())?);
        let mut receiver = Receiver::default();
        receiver.frames(&frame.bytes);
        prop_assert_eq!(&receiver.events, &[event]);
        let last = format!("\"{offset}\"");
        prop_assert!(receiver.args.ends_with(&last), "{}", receiver.args);
    }
}
