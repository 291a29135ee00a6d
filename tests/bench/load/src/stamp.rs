//! What a message carries: who sent it, its number, and when.
//!
//! `{"m":"~PPPPP.SSSSSSSSSS.NNNNNNNNNNNNNNNNNNNN~","p":"xxx"}`, in decimal digits: all messages of a run have one size, and the
//! stamp is found without parsing the JSON around it.

use std::io::Write;

/// Behind `{"m":"`.
const LENGTH: usize = "~PPPPP.SSSSSSSSSS.NNNNNNNNNNNNNNNNNNNN~".len();

/// The size of a message without padding.
pub(crate) const SHORTEST: usize = r#"{"m":"","p":""}"#.len() + LENGTH;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) publisher: usize,
    /// Counts the publisher's messages from 0.
    pub(crate) number: u64,
    /// Nanoseconds since the start of the program.
    pub(crate) at: u64,
}

impl Stamp {
    /// Appends a message of so many bytes, which are [`SHORTEST`] at least.
    pub(crate) fn write(self, out: &mut Vec<u8>, size: usize) {
        let Self {
            publisher,
            number,
            at,
        } = self;
        // A vector takes everything.
        let _ = write!(
            out,
            r#"{{"m":"~{publisher:05}.{number:010}.{at:020}~","p":""#
        );
        out.resize(out.len() + size.saturating_sub(SHORTEST), b'x');
        out.extend_from_slice(br#""}"#);
    }

    /// The stamp of the message in this text, if there is a whole one.
    pub(crate) fn find(text: &[u8]) -> Option<Self> {
        let start = text.iter().position(|byte| *byte == b'~')?;
        let stamp = text.get(start..start + LENGTH)?;
        if [stamp[6], stamp[17], stamp[LENGTH - 1]] != *b"..~" {
            return None;
        }
        Some(Self {
            publisher: usize::try_from(digits(&stamp[1..6])?).ok()?,
            number: digits(&stamp[7..17])?,
            at: digits(&stamp[18..38])?,
        })
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp {
        publisher: 12_345,
        number: 77,
        at: 123_456_789_012,
    };

    #[test]
    fn a_message_has_the_size_asked_for_and_its_stamp() {
        for size in [SHORTEST, 128, 2_000] {
            let mut message = Vec::new();
            STAMP.write(&mut message, size);
            assert_eq!(message.len(), size);
            assert_eq!(Stamp::find(&message), Some(STAMP));
        }
    }

    #[test]
    fn a_damaged_stamp_is_none() {
        let mut message = Vec::new();
        STAMP.write(&mut message, 128);
        for at in [6, 8, 12, 30, 44] {
            let mut damaged = message.clone();
            damaged[at] = b'?';
            assert_eq!(Stamp::find(&damaged), None, "byte {at}");
        }
        assert_eq!(Stamp::find(&message[..40]), None);
        assert_eq!(Stamp::find(b"99999999999999999999999"), None);
    }
}
