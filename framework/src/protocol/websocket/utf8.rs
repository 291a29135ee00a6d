//! UTF-8 checked as it arrives.

use std::str;

use super::Error;

/// Checks a text that arrives in pieces, cut anywhere, and refuses it at the first byte that no text could have
/// there (RFC 6455 section 8.1; the Autobahn suite calls this failing fast).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Utf8Check {
    /// A character that the last piece has cut: its first `len` bytes.
    cut: [u8; 4],
    len: u8,
}

impl Utf8Check {
    /// Checks the next piece. Whether the text may end after it is left to whoever sees the whole text.
    ///
    /// # Errors
    /// [`Error::InvalidUtf8`]
    pub(crate) fn push(&mut self, mut piece: &[u8]) -> Result<(), Error> {
        while self.len > 0 {
            let Some((byte, rest)) = piece.split_first() else {
                return Ok(());
            };
            piece = rest;
            self.extend_cut(*byte)?;
        }
        for byte in cut_character(piece)? {
            self.extend_cut(*byte)?;
        }
        Ok(())
    }

    fn extend_cut(&mut self, byte: u8) -> Result<(), Error> {
        let end = usize::from(self.len);
        if let Some(free) = self.cut.get_mut(end) {
            *free = byte;
        }
        let still_cut = cut_character(self.cut.get(..=end).unwrap_or_default())?;
        self.len = if still_cut.is_empty() {
            0
        } else {
            self.len + 1
        };
        Ok(())
    }
}

/// The beginning of a character (up to three bytes) that `text` ends with.
fn cut_character(text: &[u8]) -> Result<&[u8], Error> {
    match str::from_utf8(text) {
        Ok(_) => Ok(&[]),
        // No error length: the end of the input came, not an impossible byte.
        Err(error) if error.error_len().is_none() => {
            Ok(text.get(error.valid_up_to()..).unwrap_or_default())
        }
        Err(_) => Err(Error::InvalidUtf8),
    }
}
