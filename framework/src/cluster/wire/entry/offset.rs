use std::{fmt, str::FromStr};

/// The id of an entry, `<ms>-<seq>`, which is the offset of the event in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Offset {
    ms: u64,
    seq: u64,
}

/// A text that is the id of no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an entry: two numbers with a hyphen between them")]
pub(crate) struct InvalidOffset;

impl Offset {
    /// The least that is greater.
    pub(crate) fn next(self) -> Self {
        match self.seq.checked_add(1) {
            Some(seq) => Self { seq, ..self },
            None => Self {
                ms: self.ms.saturating_add(1),
                seq: 0,
            },
        }
    }

    /// When the entry was added, by the clock of Redis: milliseconds since 1970.
    pub(crate) fn ms(self) -> u64 {
        self.ms
    }
}

impl FromStr for Offset {
    type Err = InvalidOffset;

    fn from_str(text: &str) -> Result<Self, InvalidOffset> {
        // Rust also reads a number with a plus sign.
        let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) {
            true => digits.parse().map_err(|_| InvalidOffset),
            false => Err(InvalidOffset),
        };
        let (ms, seq) = text.split_once('-').ok_or(InvalidOffset)?;
        Ok(Self {
            ms: number(ms)?,
            seq: number(seq)?,
        })
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(text: &str) -> Offset {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn offsets_are_in_the_order_of_the_stream() {
        let mut order = ["1-0", "1-9", "1-10", "9-0", "10-0", "1795346274255-0"].map(offset);
        let sorted = order;
        order.reverse();
        order.sort();
        assert_eq!(order, sorted);
        assert_eq!(offset("1-9").next(), offset("1-10"));
        assert_eq!(offset("1-18446744073709551615").next(), offset("2-0"));
        assert_eq!(offset("1795346274255-3").to_string(), "1795346274255-3");
        assert_eq!(offset("1795346274255-3").ms(), 1_795_346_274_255);
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
            assert_eq!(text.parse::<Offset>(), Err(InvalidOffset), "{text}");
        }
    }
}
