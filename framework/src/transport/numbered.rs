use bytes::{Bytes, BytesMut};

use super::frame::{Frame, Handling};
use crate::protocol::{
    socket_io::encode,
    websocket::{Opcode, frame::encode_header},
};

/// Characters of an offset. Always the same, so that it finds its room in a packet that has been
/// encoded and framed before.
pub(crate) const OFFSET_LEN: usize = 10;

const NO_OFFSET: &str = "----------";

/// What stands behind the offset in its text: the end of the string and of the list.
const BEHIND: usize = r#""]"#.len();

/// An EVENT packet whose last argument will be its offset. The bytes are complete but for that.
pub(crate) struct Unnumbered {
    frame: Frame,
    /// Where the offset begins.
    at: usize,
}

impl Unnumbered {
    /// A packet as [`Frame::packet`] makes it, one argument longer.
    pub(crate) fn packet<E>(
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, E>,
        handling: Handling,
    ) -> Result<Self, E> {
        // The type of the Engine.IO packet stands before what is written here.
        let mut len = 1;
        let frame = Frame::packet(|out| {
            let start = out.len();
            let attachments = write(out)?;
            encode::push_argument(out, NO_OFFSET);
            len += out.len() - start;
            Ok(attachments)
        })?;
        let (_, header) = encode_header(Opcode::Text, len);
        Ok(Self {
            frame: frame.with(handling),
            at: header + len - BEHIND - OFFSET_LEN,
        })
    }

    pub(crate) fn is_volatile(&self) -> bool {
        self.frame.handling.volatile
    }

    /// Writes the offset into its room.
    pub(crate) fn number(self, offset: &[u8; OFFSET_LEN]) -> Frame {
        let Frame { bytes, handling } = self.frame;
        // Nobody else has them yet, so nothing is copied.
        let mut bytes = bytes
            .try_into_mut()
            .unwrap_or_else(|shared| BytesMut::from(&*shared));
        if let Some(room) = bytes.get_mut(self.at..self.at + OFFSET_LEN) {
            room.copy_from_slice(offset);
        }
        Frame {
            bytes: bytes.freeze(),
            handling,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn numbered(text: &str, attachments: Vec<Bytes>) -> Bytes {
        let write = |out: &mut Vec<u8>| {
            out.extend_from_slice(text.as_bytes());
            Ok::<_, ()>(attachments)
        };
        let packet = Unnumbered::packet(write, Handling::default()).unwrap();
        packet.number(b"0123456789").bytes
    }

    #[test]
    fn the_offset_is_the_last_argument_whatever_the_length_of_the_frame() {
        for len in [0, 100, 108, 110, 120, 200, 65_520, 70_000] {
            let text = format!(r#"2["{}"]"#, "x".repeat(len));
            let plain = numbered(&text, Vec::new());
            let plain = String::from_utf8_lossy(&plain).into_owned();
            let expected = format!(r#"42["{}","0123456789"]"#, "x".repeat(len));
            assert!(plain.ends_with(&expected), "{len}");
        }
    }

    #[test]
    fn attachments_stay_behind_the_text() {
        let bytes = numbered(r#"51-["e",0]"#, vec![Bytes::from_static(b"----------")]);
        assert_eq!(
            bytes,
            &b"\x81\x18451-[\"e\",0,\"0123456789\"]\x82\x0a----------"[..]
        );
    }

    #[test]
    fn the_bytes_are_not_copied() {
        let write = |out: &mut Vec<u8>| {
            out.extend_from_slice(br#"2["e"]"#);
            Ok::<_, ()>(Vec::new())
        };
        let packet = Unnumbered::packet(write, Handling::default()).unwrap();
        let before = packet.frame.bytes.as_ptr();
        assert_eq!(packet.number(b"0123456789").bytes.as_ptr(), before);
    }
}
