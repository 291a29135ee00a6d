//! The base64 of binary packets in text form, with the leniency of Node's `Buffer`.
//!
//! Clients see Node accept missing padding, the URL alphabet and stray characters, so these are
//! protocol, not error handling; strict decoders of general libraries refuse them.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Marks a byte outside of both alphabets.
const STRAY: u8 = 0xff;

const VALUES: [u8; 256] = {
    let mut values = [STRAY; 256];
    let mut value = 0;
    while value < STANDARD.len() {
        values[STANDARD[value] as usize] = value as u8;
        value += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};

/// Appends the standard padded form of `bytes`.
pub(crate) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let digit = |bits: u32, shift: u32| STANDARD[(bits >> shift & 63) as usize];
    out.reserve(bytes.len().div_ceil(3) * 4);
    let mut groups = bytes.chunks_exact(3);
    for group in &mut groups {
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        out.extend([
            digit(bits, 18),
            digit(bits, 12),
            digit(bits, 6),
            digit(bits, 0),
        ]);
    }
    match *groups.remainder() {
        [a] => {
            let bits = u32::from_be_bytes([0, a, 0, 0]);
            out.extend([digit(bits, 18), digit(bits, 12), b'=', b'=']);
        }
        [a, b] => {
            let bits = u32::from_be_bytes([0, a, b, 0]);
            out.extend([digit(bits, 18), digit(bits, 12), digit(bits, 6), b'=']);
        }
        _ => {}
    }
}

/// Decodes whatever can be decoded: strays are skipped, the first `=` ends the data, and bits that
/// do not fill a byte are dropped.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len().div_ceil(4) * 3);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in text.bytes().take_while(|byte| *byte != b'=') {
        let value = VALUES[usize::from(byte)];
        if value == STRAY {
            continue;
        }
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What Node 20 answers to `Buffer.from(text, "base64")`.
    #[test]
    fn decodes_what_node_decodes() {
        for (text, bytes) in [
            ("", &[][..]),
            ("=", &[]),
            ("A", &[]),
            ("AQ", &[1]),
            ("AQ=", &[1]),
            ("AQI", &[1, 2]),
            ("AQIDB", &[1, 2, 3]),
            ("A Q I D", &[1, 2, 3]),
            ("A*QID", &[1, 2, 3]),
            ("AQ-_", &[1, 15, 191]),
            ("A=QID", &[]),
            ("*=AQID", &[]),
            ("AQ==BAUG", &[1]),
            ("AQID====BAUG", &[1, 2, 3]),
            ("é\u{1e}AQID", &[1, 2, 3]),
        ] {
            assert_eq!(decode(text), bytes, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(bytes: Vec<u8>) {
            let mut text = Vec::new();
            encode(&bytes, &mut text);
            prop_assert_eq!(text.len() % 4, 0);
            prop_assert_eq!(decode(std::str::from_utf8(&text)?), bytes);
        }

        #[test]
        fn any_text_decodes(text: String) {
            prop_assert!(decode(&text).len() <= text.len());
        }
    }
}
