//! Beside `tungstenite`, an independent implementation: the same streams, the same messages.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{self, Cursor, Read, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message as Theirs, WebSocket};

use super::super::{CloseCode, ControlFrame, Opcode, frame};
use super::properties::any_stream;
use super::*;

/// As small as in the other properties, but for the number of fragments, which tungstenite does not limit.
const SMALL: Limits = Limits {
    max_message: 300,
    max_fragments: u32::MAX,
};

/// A stream to read from; what is written to it (the oracle answers pings) is dropped.
struct OneWay(Cursor<Vec<u8>>);

impl Read for OneWay {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            // A stream that goes on later, not one that has ended.
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for OneWay {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How the oracle's reading of a stream ended.
#[derive(Debug, PartialEq)]
enum End {
    /// It waits for more.
    Open,
    /// A close frame with a code that it does not allow: it goes on with 1002 in its place.
    ForbiddenCode,
    Refused,
}

/// Up to a close frame, as our decoder does.
fn read_theirs(stream: &[u8], role: Role, limits: &Limits) -> (Vec<Owned>, End) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits.max_message))
        .max_frame_size(Some(limits.max_message));
    let stream = OneWay(Cursor::new(stream.to_vec()));
    let mut socket = WebSocket::from_raw_socket(stream, role, Some(config));
    let mut messages = Vec::new();
    loop {
        let message = match socket.read() {
            Ok(Theirs::Text(text)) => Owned::Text(text.as_str().into()),
            Ok(Theirs::Binary(bytes)) => Owned::Binary(bytes.into()),
            Ok(Theirs::Ping(payload)) => Owned::Ping(payload.into()),
            Ok(Theirs::Pong(payload)) => Owned::Pong(payload.into()),
            Ok(Theirs::Close(close)) => {
                let close = close.map(|close| (close.code.into(), close.reason.as_str().into()));
                if close == Some((1002, "Protocol violation".into())) {
                    return (messages, End::ForbiddenCode);
                }
                messages.push(Owned::Close(close));
                return (messages, End::Open);
            }
            Ok(Theirs::Frame(_)) => unreachable!("reading yields no raw frames"),
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return (messages, End::Open);
            }
            Err(_) => return (messages, End::Refused),
        };
        messages.push(message);
    }
}

/// What a client may say, close frames aside.
fn any_message() -> impl Strategy<Value = Owned> {
    let control = || vec(any::<u8>(), 0..=125);
    prop_oneof![
        "\\PC{0,200}".prop_map(Owned::Text),
        vec(any::<u8>(), 0..300).prop_map(Owned::Binary),
        vec(any::<u8>(), 65_530..65_540).prop_map(Owned::Binary),
        control().prop_map(Owned::Ping),
        control().prop_map(Owned::Pong),
    ]
}

fn any_close() -> impl Strategy<Value = Option<(u16, String)>> {
    let code = prop_oneof![1000..=1003_u16, 1007..=1013_u16, 3000..=4999_u16];
    prop::option::of((code, "[a-z\u{e9}\u{20ac}]{0,40}"))
}

/// One message of a client, and how it is sent.
#[derive(Debug, Clone)]
struct Sent {
    message: Owned,
    /// Where its payload is cut into fragments, if it may be.
    cuts: Vec<prop::sample::Index>,
    /// A ping after each fragment.
    ping: Option<Vec<u8>>,
    key: [u8; 4],
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let ping = prop::option::weighted(0.3, vec(any::<u8>(), 0..20));
    (
        any_message(),
        vec(any::<prop::sample::Index>(), 0..4),
        ping,
        any::<[u8; 4]>(),
    )
        .prop_map(|(message, cuts, ping, key)| Sent {
            message,
            cuts,
            ping,
            key,
        })
}

impl Sent {
    /// Writes the frames with the oracle's own encoder, and the messages that they should be read as.
    fn write(&self, stream: &mut Vec<u8>, expected: &mut Vec<Owned>) {
        let (opcode, payload) = match &self.message {
            Owned::Text(text) => (OpCode::Data(Data::Text), text.as_bytes()),
            Owned::Binary(bytes) => (OpCode::Data(Data::Binary), bytes.as_slice()),
            Owned::Ping(bytes) => (OpCode::Control(Control::Ping), bytes.as_slice()),
            Owned::Pong(bytes) => (OpCode::Control(Control::Pong), bytes.as_slice()),
            Owned::Close(_) => unreachable!("close frames are compared on their own"),
        };
        let mut cuts: Vec<usize> = match opcode {
            OpCode::Data(_) => self
                .cuts
                .iter()
                .map(|cut| cut.index(payload.len() + 1))
                .collect(),
            OpCode::Control(_) => Vec::new(),
        };
        cuts.sort_unstable();
        cuts.push(payload.len());
        let last = cuts.len() - 1;
        let mut start = 0;
        for (index, end) in cuts.into_iter().enumerate() {
            let opcode = if index == 0 {
                opcode
            } else {
                OpCode::Data(Data::Continue)
            };
            self.write_frame(index == last, opcode, &payload[start..end], stream);
            start = end;
            if let Some(ping) = self.ping.as_ref().filter(|_| index < last) {
                self.write_frame(true, OpCode::Control(Control::Ping), ping, stream);
                expected.push(Owned::Ping(ping.clone()));
            }
        }
        expected.push(self.message.clone());
    }

    fn write_frame(&self, is_final: bool, opcode: OpCode, payload: &[u8], stream: &mut Vec<u8>) {
        let header = FrameHeader {
            is_final,
            opcode,
            mask: Some(self.key),
            ..FrameHeader::default()
        };
        Frame::from_payload(header, payload.to_vec().into())
            .format(stream)
            .unwrap();
    }
}

/// The differences that we mean to have. In all of them it is we who refuse, but for close code 1014.
fn is_meant(ours: &Outcome, theirs: &End) -> bool {
    match (ours.error, theirs) {
        // RFC 6455 section 5.2 forbids it; tungstenite does not look.
        (Some(Error::LengthNotMinimal), _) => true,
        // tungstenite hands out a close frame of its own in place of the peer's.
        (Some(Error::CloseCode(_)), End::ForbiddenCode) => true,
        // 1014 came into IANA's registry after RFC 6455.
        (None, End::ForbiddenCode) => {
            matches!(ours.messages.last(), Some(Owned::Close(Some((1014, _)))))
        }
        // We refuse as early as it is certain, tungstenite when the frame or its header is complete.
        (Some(_), End::Open) => true,
        _ => false,
    }
}

proptest! {
    #[test]
    fn what_their_client_sends_is_what_we_read(
        sent in vec(any_sent(), 1..8),
        chunk in prop_oneof![1..200_usize, Just(65_536)],
    ) {
        let (mut stream, mut expected) = (Vec::new(), Vec::new());
        for sent in &sent {
            sent.write(&mut stream, &mut expected);
        }
        prop_assert_eq!(
            decode_chunks(&LIMITS, stream.chunks(chunk)),
            Outcome::messages(expected)
        );
    }

    #[test]
    fn what_we_send_is_what_their_client_reads(
        mut messages in vec(any_message(), 1..8),
        close in any_close(),
    ) {
        let mut stream = Vec::new();
        for message in &messages {
            match message {
                Owned::Text(text) => frame::write(Opcode::Text, text.as_bytes(), &mut stream),
                Owned::Binary(bytes) => frame::write(Opcode::Binary, bytes, &mut stream),
                Owned::Ping(payload) => stream.extend_from_slice(&ControlFrame::ping(payload)),
                Owned::Pong(payload) => stream.extend_from_slice(&ControlFrame::pong(payload)),
                Owned::Close(_) => unreachable!("close frames come last"),
            }
        }
        let said = close.as_ref().map(|(code, reason)| Close {
            code: CloseCode::new(*code).unwrap(),
            reason,
        });
        stream.extend_from_slice(&ControlFrame::close(said));
        messages.push(Owned::Close(close));
        prop_assert_eq!(read_theirs(&stream, Role::Client, &LIMITS), (messages, End::Open));
    }

    #[test]
    fn on_any_stream_we_differ_only_where_we_mean_to(
        stream in prop_oneof![4 => any_stream(), 1 => vec(any::<u8>(), 0..200)],
    ) {
        let ours = decode_chunks(&SMALL, [stream.as_slice()]);
        let (their_messages, their_end) = read_theirs(&stream, Role::Server, &SMALL);
        let same_end = ours.error.is_some() == (their_end != End::Open);
        if same_end && ours.messages == their_messages {
            return Ok(());
        }
        prop_assert!(is_meant(&ours, &their_end), "{:?}\n{:?} {:?}", ours, their_messages, their_end);
        // Even then, what was handed out before the difference is the same.
        let both = ours.messages.len().min(their_messages.len());
        prop_assert_eq!(&ours.messages[..both], &their_messages[..both]);
    }
}
