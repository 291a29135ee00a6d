//! How the place of an event in its namespace's log is written.

use crate::{id::EntryId, transport::numbered::OFFSET_LEN};

/// In the order of their character codes, so that offsets sort as texts too.
const ALPHABET: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/// The place of an event in the log; 0 is before the first. On the wire six bits a character, which
/// is enough for a million events a second in 36,000 years. Of a log that all nodes share it is the
/// [id of an entry](EntryId).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Offset(pub(crate) u128);

impl From<EntryId> for Offset {
    fn from(entry: EntryId) -> Self {
        Self(u128::from(entry.ms) << 64 | u128::from(entry.seq))
    }
}

impl From<Offset> for EntryId {
    #[expect(clippy::cast_possible_truncation, reason = "each half")]
    fn from(Offset(number): Offset) -> Self {
        Self {
            ms: (number >> 64) as u64,
            seq: number as u64,
        }
    }
}

impl Offset {
    pub(crate) fn text(self) -> [u8; OFFSET_LEN] {
        let mut text = [0; OFFSET_LEN];
        for (character, shift) in text.iter_mut().rev().zip((0..).step_by(6)) {
            *character = ALPHABET[(self.0 >> shift) as usize & 63];
        }
        text
    }

    /// What a client claims to have seen last.
    pub(crate) fn from_peer(text: &str) -> Option<Self> {
        let text: &[u8; OFFSET_LEN] = text.as_bytes().try_into().ok()?;
        text.iter()
            .try_fold(0, |number, character| {
                let digit = ALPHABET.binary_search(character).ok()? as u128;
                Some(number << 6 | digit)
            })
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_text_of_an_offset_sorts_as_the_offset_does_and_reads_back() {
        let mut last = String::new();
        for number in [0, 1, 63, 64, 4095, 4096, 1 << 40, (1 << 60) - 1] {
            let text = String::from_utf8(Offset(number).text().to_vec()).unwrap_or_default();
            assert_eq!(Offset::from_peer(&text), Some(Offset(number)));
            assert!(text > last, "{text}");
            last = text;
        }
    }

    #[test]
    fn what_is_not_an_offset_is_refused() {
        for text in [
            "",
            "abc",
            "---------1x",
            "--------- ",
            "Q82-IvN.0",
            "ä--------",
        ] {
            assert_eq!(Offset::from_peer(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn offsets_sort_as_their_texts_and_read_back(one in 0..1_u128 << 60, other in 0..1_u128 << 60) {
            let (one, other) = (Offset(one), Offset(other));
            let text = one.text();
            prop_assert_eq!(Offset::from_peer(std::str::from_utf8(&text)?), Some(one));
            prop_assert_eq!(text.cmp(&other.text()), one.cmp(&other));
        }

        #[test]
        fn any_text_is_an_offset_or_is_not(text in prop_oneof!["[-_A-Za-z0-9]{10}", ".{8,12}", ".*"]) {
            if let Some(offset) = Offset::from_peer(&text) {
                prop_assert_eq!(offset.text(), text.as_bytes());
            }
        }
    }
}
