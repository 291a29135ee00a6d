//! WebSocket frames (RFC 6455, section 5.2), as a client writes and reads them: whole messages only.

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

/// More than any message of a run has: a header that says more is damaged.
const LONGEST: u64 = 1 << 20;

/// Appends a masked frame.
pub(crate) fn write(out: &mut Vec<u8>, opcode: u8, mask: [u8; 4], payload: &[u8]) {
    const MASKED: u8 = 0x80;
    out.push(0x80 | opcode);
    match payload.len() {
        length @ 0..126 => out.push(MASKED | length as u8),
        length @ 126..65_536 => {
            out.push(MASKED | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    let masked = payload.iter().zip(mask.iter().cycle());
    out.extend(masked.map(|(byte, mask)| byte ^ mask));
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
    /// Header and payload.
    pub(crate) length: usize,
}

/// The first frame, if all of it is there.
///
/// # Errors
///
/// If it is masked, a fragment, compressed or too long.
pub(crate) fn parse(input: &[u8]) -> Result<Option<Frame<'_>>, String> {
    let [first, second, rest @ ..] = input else {
        return Ok(None);
    };
    if first & 0xf0 != 0x80 || second & 0x80 != 0 {
        return Err(format!("a frame begins with {first:02x} {second:02x}"));
    }
    let (header, length) = match (second, rest) {
        (126, [a, b, ..]) => (4, u64::from(u16::from_be_bytes([*a, *b]))),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (10, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))
        }
        (126 | 127, _) => return Ok(None),
        (length, _) => (2, u64::from(*length)),
    };
    if length > LONGEST {
        return Err(format!("a frame of {length} bytes"));
    }
    let end = header + length as usize;
    Ok(input.get(header..end).map(|payload| Frame {
        opcode: first & 0x0f,
        payload,
        length: end,
    }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// What a server writes.
    fn unmasked(payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x81];
        match payload.len() {
            length @ 0..126 => bytes.push(length as u8),
            length @ 126..65_536 => {
                bytes.push(126);
                bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                bytes.push(127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn the_example_of_the_rfc_is_written_and_read() {
        let mut bytes = Vec::new();
        write(&mut bytes, TEXT, [0x37, 0xfa, 0x21, 0x3d], b"Hello");
        assert_eq!(bytes, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");

        let frame = parse(b"\x81\x05Hello\x89").unwrap().unwrap();
        assert_eq!(
            (frame.opcode, frame.payload, frame.length),
            (TEXT, &b"Hello"[..], 7)
        );
    }

    #[test]
    fn each_form_of_the_length_is_read_once_all_is_there() {
        for length in [0, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let bytes = unmasked(&payload);
            for missing in [1, length / 2 + 1, bytes.len() - 1] {
                assert_eq!(parse(&bytes[..bytes.len() - missing]), Ok(None), "{length}");
            }
            let frame = parse(&bytes).unwrap().unwrap();
            assert_eq!((frame.payload, frame.length), (&payload[..], bytes.len()));
        }
    }

    #[test]
    fn each_form_of_the_length_is_written() {
        for (length, header) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let (payload, mut bytes) = (vec![b'x'; length], Vec::new());
            write(&mut bytes, TEXT, [0; 4], &payload);
            let mut expected = unmasked(&payload);
            expected[1] |= 0x80;
            expected.splice(header..header, [0; 4]);
            assert_eq!(bytes, expected, "{length}");
        }
    }

    #[test]
    fn what_no_server_may_send_is_refused() {
        for bytes in [
            &b"\x01\x00"[..],
            b"\xc1\x00",
            b"\x81\x80",
            b"\x81\x7f\0\0\0\0\xff\0\0\0",
        ] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
