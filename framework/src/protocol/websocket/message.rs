//! What the decoder hands out.

use std::str;

use super::{Close, Error, Opcode};

/// A whole message, reassembled and unmasked; a control frame is a message of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    /// To be answered with a pong of the same payload.
    Ping(&'a [u8]),
    Pong(&'a [u8]),
    /// To be answered with a close frame, unless we sent one before.
    Close(Option<Close<'a>>),
}

impl<'a> Message<'a> {
    /// Bytes of its payload.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes.len(),
            Self::Close(_) => 0,
        }
    }

    /// Gives a payload the meaning of its opcode.
    ///
    /// # Errors
    /// [`Error::InvalidUtf8`] in a text, and all that a close frame can have wrong.
    pub(super) fn parse(opcode: Opcode, payload: &'a [u8]) -> Result<Self, Error> {
        Ok(match opcode {
            Opcode::Text => Self::Text(str::from_utf8(payload).map_err(|_| Error::InvalidUtf8)?),
            Opcode::Binary => Self::Binary(payload),
            Opcode::Ping => Self::Ping(payload),
            Opcode::Pong => Self::Pong(payload),
            Opcode::Close => Self::Close(Close::parse(payload)?),
        })
    }
}
