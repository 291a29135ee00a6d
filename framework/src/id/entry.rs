//! The ids of entries in streams of Redis.

use std::{fmt, str::FromStr};

/// The id of an entry in a stream of Redis, `<ms>-<seq>`; the default is before the first.
///
/// ```
/// use roomcast::adapter::EntryId;
///
/// let id: EntryId = "1795346290500-1".parse()?;
/// assert!(id > "1795346290500-0".parse()?);
/// assert_eq!(id.to_string(), "1795346290500-1");
/// # Ok::<_, roomcast::adapter::InvalidEntryId>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EntryId {
    /// When it was added, in milliseconds since 1970 by the clock of Redis.
    pub ms: u64,
    /// Its place among those of the same millisecond.
    pub seq: u64,
}

/// A text that is the id of no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an entry: two numbers with a hyphen between them")]
pub struct InvalidEntryId;

impl EntryId {
    /// The least that is greater.
    #[must_use]
    pub fn next(self) -> Self {
        match self.seq.checked_add(1) {
            Some(seq) => Self { seq, ..self },
            None => Self {
                ms: self.ms.saturating_add(1),
                seq: 0,
            },
        }
    }
}

impl FromStr for EntryId {
    type Err = InvalidEntryId;

    fn from_str(text: &str) -> Result<Self, InvalidEntryId> {
        // Rust also reads a number with a plus sign.
        let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) {
            true => digits.parse().map_err(|_| InvalidEntryId),
            false => Err(InvalidEntryId),
        };
        let (ms, seq) = text.split_once('-').ok_or(InvalidEntryId)?;
        Ok(Self {
            ms: number(ms)?,
            seq: number(seq)?,
        })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> EntryId {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn ids_of_entries_are_in_the_order_of_the_stream() {
        let mut order = ["1-0", "1-9", "1-10", "9-0", "10-0", "1795346274255-0"].map(entry);
        let sorted = order;
        order.reverse();
        order.sort();
        assert_eq!(order, sorted);
        assert_eq!(entry("1-9").next(), entry("1-10"));
        assert_eq!(entry("1-18446744073709551615").next(), entry("2-0"));
        assert_eq!(entry("1795346274255-3").to_string(), "1795346274255-3");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "+1-0",
            "1-+0",
            "1--1",
            "1-0-0",
            " 1-0",
            "1-0\n",
            "$",
            "a-0",
            "18446744073709551616-0",
        ] {
            assert_eq!(text.parse::<EntryId>(), Err(InvalidEntryId), "{text}");
        }
    }
}
