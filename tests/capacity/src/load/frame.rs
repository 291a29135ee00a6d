//! WebSocket as far as these clients speak it (RFC 6455, section 5.2).

/// A text frame, the last of its message.
const TEXT: u8 = 0x81;

/// Clients mask what they send. What for does not concern a client that is alone with its server, so the key is the same.
const MASK: [u8; 4] = [0x5c, 0x1f, 0xa7, 0x36];

/// Without a reason.
pub(crate) const CLOSE: [u8; 6] = [0x88, 0x80, MASK[0], MASK[1], MASK[2], MASK[3]];

pub(crate) const OPCODE_TEXT: u8 = 0x1;
pub(crate) const OPCODE_CLOSE: u8 = 0x8;

pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
    /// Of the whole frame.
    pub(crate) length: usize,
}

/// The frame that carries a text.
pub(crate) fn text(payload: &str) -> Vec<u8> {
    let payload = payload.as_bytes();
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(TEXT);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..126), _) => frame.push(0x80 | short),
        (_, Ok(medium)) => {
            frame.push(0x80 | 126);
            frame.extend(medium.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    frame.extend(masked.map(|(byte, key)| byte ^ key));
    frame
}

/// The frame that `bytes` begin with, unless some of it is still to come.
pub(crate) fn first(bytes: &[u8]) -> Option<Frame<'_>> {
    let (&[head, length], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match length & 0x7f {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u16::from_be_bytes(*length).into(), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*length), rest)
        }
        short => (short.into(), rest),
    };
    let payload = rest.get(..usize::try_from(length).ok()?)?;
    Some(Frame {
        opcode: head & 0xf,
        payload,
        length: bytes.len() - rest.len() + payload.len(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_frame_is_complete_with_its_last_byte() {
        for size in [0, 125, 126, 65_535, 65_536] {
            let masked = text(&"x".repeat(size));
            // As the server writes it: without a mask.
            let header = masked.len() - size - MASK.len();
            let mut frame = masked[..header].to_vec();
            frame[1] &= 0x7f;
            frame.extend(vec![b'x'; size]);

            assert!(first(&frame[..frame.len() - 1]).is_none(), "{size}");
            frame.push(0x89);
            let read = first(&frame).unwrap();
            assert_eq!((read.opcode, read.payload.len()), (OPCODE_TEXT, size));
            assert_eq!(read.length, frame.len() - 1);
        }
    }

    #[test]
    fn what_is_sent_is_masked() {
        assert_eq!(
            text("2")[..],
            [0x81, 0x81, 0x5c, 0x1f, 0xa7, 0x36, b'2' ^ 0x5c]
        );
    }
}
