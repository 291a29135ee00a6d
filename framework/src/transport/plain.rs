//! Frames of the default parser read back, for those who need their packet in another form.

use bytes::Bytes;

use super::frame::Frame;
use crate::protocol::socket_io::parser::Packet;

/// The text of a packet and what it refers to, as they stand in a frame.
pub(crate) struct Plain {
    text: Bytes,
    attachments: Vec<Bytes>,
}

impl Plain {
    /// What [`Frame::packet`] has made without a parser; nothing is copied.
    pub(crate) fn of(frame: &Frame) -> Self {
        let mut rest = frame.bytes.clone();
        // The type of the Engine.IO packet stands before the text.
        let mut text = next(&mut rest);
        let text = text.split_off(1.min(text.len()));
        let mut attachments = Vec::new();
        while !rest.is_empty() {
            attachments.push(next(&mut rest));
        }
        Self { text, attachments }
    }

    /// The packet; `None` if it is none.
    pub(crate) fn packet(&self) -> Option<Packet<'_>> {
        let text = std::str::from_utf8(&self.text).ok()?;
        Packet::read(text, &self.attachments).ok()
    }
}

/// Takes the payload of the next frame (RFC 6455 section 5.2), which is ours: whole, not masked.
fn next(rest: &mut Bytes) -> Bytes {
    let short = rest.get(1).copied().unwrap_or_default();
    let (header, len) = match short {
        126 => (4, number(rest.get(2..4))),
        127 => (10, number(rest.get(2..10))),
        short => (2, short.into()),
    };
    let mut frame = rest.split_to(rest.len().min(header + len));
    frame.split_off(frame.len().min(header))
}

fn number(digits: Option<&[u8]>) -> usize {
    let digits = digits.unwrap_or_default();
    digits
        .iter()
        .fold(0, |number, digit| number << 8 | usize::from(*digit))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::protocol::socket_io::parser::ParserError;

    #[test]
    fn a_packet_is_read_back_whatever_the_length_of_its_frames() {
        for len in [0, 1, 120, 126, 200, 65_530, 70_000] {
            let data = format!(
                r#"["e",{{"_placeholder":true,"num":0}},"{}"]"#,
                "x".repeat(len)
            );
            let attachment = Bytes::from(vec![7; len]);
            let frame = Frame::packet(None, |out| {
                out.extend_from_slice(format!("51-/a,12{data}").as_bytes());
                Ok::<_, ParserError>(vec![attachment.clone()])
            });
            let plain = Plain::of(&frame.unwrap());
            let packet = plain.packet().unwrap();
            assert_eq!(packet.data, Some(&*data), "{len}");
            assert_eq!((packet.namespace, packet.id), ("/a", Some(12)));
            assert_eq!(packet.attachments, [attachment]);
        }
    }
}
