//! The codec as a peer meets it: by rule, by memory, by property, and beside another implementation.

mod allocations;
mod deflate;
mod deflated_frames;
mod encode;
mod memory;
mod negotiation;
mod oracle;
mod properties;
mod rules;

use super::{Close, Decoder, Error, Input, Limits, Message};

const FIN: u8 = 0x80;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

const LIMITS: Limits = Limits {
    max_message: 1 << 20,
    max_fragments: 1024,
};

/// A message that outlives the decoder's borrow.
#[derive(Debug, Clone, PartialEq)]
enum Owned {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

impl From<Message<'_>> for Owned {
    fn from(message: Message<'_>) -> Self {
        match message {
            Message::Text(text) => Self::Text(text.into()),
            Message::Binary(bytes) => Self::Binary(bytes.into()),
            Message::Ping(payload) => Self::Ping(payload.into()),
            Message::Pong(payload) => Self::Pong(payload.into()),
            Message::Close(close) => {
                Self::Close(close.map(|Close { code, reason }| (code.get(), reason.into())))
            }
        }
    }
}

/// A masked frame with the given first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, payload.len() as u64);
    bytes.extend(
        payload
            .iter()
            .zip(KEY.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

/// The header of a masked frame with the given first byte.
fn header(first: u8, declared: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match declared {
        0..=125 => bytes.push(0x80 | declared as u8),
        126..=0xFFFF => {
            bytes.push(0x80 | 126);
            bytes.extend((declared as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend(declared.to_be_bytes());
        }
    }
    bytes.extend(KEY);
    bytes
}

/// What a decoder made of a stream.
#[derive(Debug, PartialEq)]
struct Outcome {
    messages: Vec<Owned>,
    error: Option<Error>,
}

impl Outcome {
    fn messages(messages: impl Into<Vec<Owned>>) -> Self {
        Self {
            messages: messages.into(),
            error: None,
        }
    }

    fn error(error: Error) -> Self {
        Self {
            messages: Vec::new(),
            error: Some(error),
        }
    }
}

/// Feeds `chunks` as one read block each to a new decoder.
fn decode_chunks<'c>(limits: &Limits, chunks: impl IntoIterator<Item = &'c [u8]>) -> Outcome {
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    for chunk in chunks {
        if let Err(error) = feed(&mut decoder, limits, chunk, &mut messages) {
            return Outcome {
                messages,
                error: Some(error),
            };
        }
    }
    Outcome::messages(messages)
}

/// Feeds one read block.
fn feed(
    decoder: &mut Decoder,
    limits: &Limits,
    chunk: &[u8],
    messages: &mut Vec<Owned>,
) -> Result<(), Error> {
    let mut block = chunk.to_vec();
    let mut input = Input::new(&mut block);
    while let Some(message) = decoder.decode(limits, &mut input)? {
        messages.push(message.into());
    }
    assert!(input.is_empty(), "the decoder left input behind");
    Ok(())
}

/// Decodes `bytes` in one block and byte by byte, which must not differ.
fn decode(bytes: &[u8]) -> Outcome {
    let whole = decode_chunks(&LIMITS, [bytes]);
    let bytewise = decode_chunks(&LIMITS, bytes.chunks(1));
    assert_eq!(whole, bytewise, "in one block and byte by byte");
    whole
}
