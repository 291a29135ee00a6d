//! One Engine.IO packet and its text form.

use super::base64;
use super::error::ParseError;
use std::borrow::Cow;

/// A packet, which borrows its payload from the text it was decoded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// The session's parameters as JSON; sent by servers only.
    Open(&'a str),
    Close,
    /// Empty as a heartbeat, `probe` during an upgrade.
    Ping(&'a str),
    /// Empty as a heartbeat, `probe` during an upgrade.
    Pong(&'a str),
    Message(&'a str),
    /// A binary message. On WebSocket it travels as a binary frame without a type.
    Binary(Cow<'a, [u8]>),
    Upgrade,
    Noop,
}

impl<'a> Packet<'a> {
    /// Decodes the text form: a WebSocket text message, or one packet of a polling payload.
    pub(crate) fn decode(text: &'a str) -> Result<Self, ParseError> {
        let mut rest = text.chars();
        let kind = rest.next().ok_or(ParseError::Empty)?;
        let data = rest.as_str();
        Ok(match kind {
            '0' => Self::Open(data),
            '1' => Self::Close,
            '2' => Self::Ping(data),
            '3' => Self::Pong(data),
            '4' => Self::Message(data),
            '5' => Self::Upgrade,
            '6' => Self::Noop,
            'b' => Self::Binary(base64::decode(data).into()),
            other => return Err(ParseError::UnknownType(other)),
        })
    }

    /// Appends the text form.
    #[cfg_attr(not(test), allow(dead_code, reason = "for tests and the fuzz target"))]
    pub(crate) fn encode_text(&self, out: &mut Vec<u8>) {
        let (kind, data) = match self {
            Self::Open(data) => (b'0', *data),
            Self::Close => (b'1', ""),
            Self::Ping(data) => (b'2', *data),
            Self::Pong(data) => (b'3', *data),
            Self::Message(data) => (b'4', *data),
            Self::Upgrade => (b'5', ""),
            Self::Noop => (b'6', ""),
            Self::Binary(bytes) => {
                out.push(b'b');
                return base64::encode(bytes, out);
            }
        };
        out.push(kind);
        out.extend_from_slice(data.as_bytes());
    }
}
