//! Events with room for their offset in the log, which is known only when they are emitted.

use std::{num::NonZeroU32, sync::OnceLock};

use bytes::{Bytes, BytesMut};

use super::frame::{Frame, Handling};
use crate::{
    id::SocketId,
    protocol::{
        socket_io::{
            encode,
            parser::{Parser, ParserError},
        },
        websocket::{Opcode, frame::encode_header},
    },
};

/// Characters of an offset. Always the same, so that it finds its room in a packet that has been
/// encoded and framed before.
pub(crate) const OFFSET_LEN: usize = 10;

/// Stands for the offset where its place is known.
const NO_OFFSET: &str = "----------";

/// What stands behind the offset in its text: the end of the string and of the list.
const BEHIND: usize = r#""]"#.len();

/// Stands for the offset where a custom parser may put it anywhere, so that it is looked for. It is
/// random and never sent: nobody can pass other data off as it.
fn marker() -> Result<&'static str, getrandom::Error> {
    static MARKER: OnceLock<SocketId> = OnceLock::new();
    let marker = match MARKER.get() {
        Some(marker) => marker,
        None => {
            let fresh = SocketId::random()?;
            MARKER.get_or_init(|| fresh)
        }
    };
    Ok(marker.as_str().get(..OFFSET_LEN).unwrap_or_default())
}

impl Frame {
    /// An EVENT packet as [`packet`](Self::packet) makes it, and one argument more: its offset,
    /// which it gets with [`number`](Self::number).
    ///
    /// # Errors
    /// As [`packet`](Self::packet), and if `parser` does not write texts as they are.
    pub(crate) fn unnumbered<E: From<ParserError>>(
        parser: Option<&dyn Parser>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, E>,
    ) -> Result<Self, E> {
        let stands_for_it = match parser {
            None => NO_OFFSET,
            Some(_) => marker().map_err(|error| ParserError::new(error.to_string()))?,
        };
        // The type of the Engine.IO packet stands before what is written here.
        let mut len = 1;
        let frame = Self::packet(parser, |out| {
            let start = out.len();
            let attachments = write(out)?;
            encode::push_argument(out, &format!("\"{stands_for_it}\""));
            len += out.len() - start;
            Ok::<_, E>(attachments)
        })?;
        let at = match parser {
            None => Some(encode_header(Opcode::Text, len).1 + len - BEHIND - OFFSET_LEN),
            Some(_) => frame
                .bytes
                .windows(OFFSET_LEN)
                .rposition(|window| window == stands_for_it.as_bytes()),
        };
        let offset_at = at.and_then(|at| NonZeroU32::new(at.try_into().ok()?));
        if offset_at.is_none() {
            return Err(E::from(ParserError::new(
                "connection state recovery needs a parser that writes texts as they are",
            )));
        }
        Ok(frame.with(Handling {
            offset_at,
            ..Handling::default()
        }))
    }

    /// Writes the offset into its room.
    pub(crate) fn number(self, offset: &[u8; OFFSET_LEN]) -> Self {
        let Self { bytes, handling } = self;
        // Nobody else has them yet, so nothing is copied.
        let mut bytes = bytes
            .try_into_mut()
            .unwrap_or_else(|shared| BytesMut::from(&*shared));
        let at = handling
            .offset_at
            .map_or(usize::MAX, |at| at.get() as usize);
        if let Some(room) = bytes
            .get_mut(at..)
            .and_then(|rest| rest.get_mut(..OFFSET_LEN))
        {
            room.copy_from_slice(offset);
        }
        Self {
            bytes: bytes.freeze(),
            handling: Handling {
                offset_at: None,
                ..handling
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::protocol::socket_io::parser::{Chunk, Decoder, Packet};

    fn unnumbered(text: &str, attachments: Vec<Bytes>) -> Frame {
        let write = |out: &mut Vec<u8>| {
            out.extend_from_slice(text.as_bytes());
            Ok::<_, ParserError>(attachments)
        };
        Frame::unnumbered(None, write).unwrap()
    }

    #[test]
    fn the_offset_is_the_last_argument_whatever_the_length_of_the_frame() {
        for len in [0, 100, 108, 110, 120, 200, 65_520, 70_000] {
            let text = format!(r#"2["{}"]"#, "x".repeat(len));
            let frame = unnumbered(&text, Vec::new()).number(b"0123456789");
            let numbered = String::from_utf8_lossy(&frame.bytes).into_owned();
            let expected = format!(r#"42["{}","0123456789"]"#, "x".repeat(len));
            assert!(numbered.ends_with(&expected), "{len}");
        }
    }

    #[test]
    fn attachments_stay_behind_the_text() {
        let frame = unnumbered(r#"51-["e",0]"#, vec![Bytes::from_static(b"----------")]);
        assert_eq!(
            frame.number(b"0123456789").bytes,
            &b"\x81\x18451-[\"e\",0,\"0123456789\"]\x82\x0a----------"[..]
        );
    }

    /// Each packet's data, then its attachments.
    struct Plain;

    impl Parser for Plain {
        fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Chunk>, ParserError> {
            let data = packet.data.unwrap_or_default().to_owned();
            let attachments = packet.attachments.iter().cloned().map(Chunk::Binary);
            Ok([Chunk::Text(data)].into_iter().chain(attachments).collect())
        }

        fn decoder(&self) -> Box<dyn Decoder> {
            unreachable!("nothing is decoded")
        }
    }

    #[test]
    fn nothing_else_is_taken_for_the_room_of_the_offset() {
        let guess = Bytes::from_static(NO_OFFSET.as_bytes());
        let frame = Frame::unnumbered(Some(&Plain), |out| {
            out.extend_from_slice(r#"51-["e",{"_placeholder":true,"num":0}]"#.as_bytes());
            Ok::<_, ParserError>(vec![guess.clone()])
        });
        let bytes = frame.unwrap().number(b"0123456789").bytes;
        assert!(bytes.ends_with(&guess));
        assert!(String::from_utf8_lossy(&bytes).contains(r#","0123456789"]"#));
    }

    #[test]
    fn the_bytes_are_not_copied() {
        let frame = unnumbered(r#"2["e"]"#, Vec::new());
        let before = frame.bytes.as_ptr();
        assert_eq!(frame.number(b"0123456789").bytes.as_ptr(), before);
    }
}
