//! Control frames to send (RFC 6455 section 5.5): small enough to be built on the stack.

use std::ops::Deref;

use super::frame::{self, MAX_CONTROL_PAYLOAD};
use super::{Close, Opcode};

/// Two bytes of header and the payload.
const MAX_CONTROL_FRAME: usize = 2 + MAX_CONTROL_PAYLOAD;

/// What is left for the reason of a close frame after its code.
const MAX_CLOSE_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// An encoded control frame; dereferences to its bytes.
#[derive(Debug, Clone)]
pub(crate) struct ControlFrame {
    bytes: [u8; MAX_CONTROL_FRAME],
    len: usize,
}

impl ControlFrame {
    /// A ping. Only the first 125 bytes of `payload` are sent.
    #[cfg(test)]
    pub(crate) fn ping(payload: &[u8]) -> Self {
        Self::new(Opcode::Ping, [payload, &[]])
    }

    /// The answer to a ping, with the payload of that ping. Only the first 125 bytes of `payload` are sent.
    pub(crate) fn pong(payload: &[u8]) -> Self {
        Self::new(Opcode::Pong, [payload, &[]])
    }

    /// A close frame; give it what the peer's close frame said to echo that. A reason of more than 123 bytes is cut
    /// at the end of a character.
    pub(crate) fn close(close: Option<Close<'_>>) -> Self {
        let Some(Close { code, reason }) = close else {
            return Self::new(Opcode::Close, [&[], &[]]);
        };
        let mut end = reason.len().min(MAX_CLOSE_REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let code = code.get().to_be_bytes();
        Self::new(Opcode::Close, [&code, &reason.as_bytes()[..end]])
    }

    fn new(opcode: Opcode, payload: [&[u8]; 2]) -> Self {
        let mut bytes = [0; MAX_CONTROL_FRAME];
        let mut payload_len = 0;
        let payload = payload.into_iter().flatten();
        for (to, from) in bytes[2..].iter_mut().zip(payload) {
            *to = *from;
            payload_len += 1;
        }
        let (header, header_len) = frame::encode_header(opcode, payload_len);
        bytes[..header_len].copy_from_slice(&header[..header_len]);
        Self {
            bytes,
            len: header_len + payload_len,
        }
    }
}

impl Deref for ControlFrame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
