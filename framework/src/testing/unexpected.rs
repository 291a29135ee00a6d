//! What a test is told when something else came than it expected.

use std::{fmt, panic::Location};

use super::{Disconnected, PATIENCE, Received};

/// The message of a failed expectation.
pub(super) struct Unexpected {
    pub(super) expected: String,
    pub(super) instead: Instead,
    /// What was sent and received before, oldest first.
    pub(super) before: Vec<String>,
    /// Where the test expects it: panics in async functions cannot track their callers.
    pub(super) at: &'static Location<'static>,
}

pub(super) enum Instead {
    Nothing,
    Other(Received),
    DoesNotFit(Received, String),
    Ended(Disconnected),
}

impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => write!(f, "nothing came within {PATIENCE:?}"),
            Self::Other(received) => write!(f, "{received} came"),
            Self::DoesNotFit(received, why) => write!(f, "{received} does not fit: {why}"),
            Self::Ended(how) => write!(f, "the client was disconnected: {how}"),
        }
    }
}

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: expected {}, but {}",
            self.at, self.expected, self.instead
        )?;
        if self.before.is_empty() {
            return f.write_str("nothing came before");
        }
        f.write_str("before that, oldest first:")?;
        self.before
            .iter()
            .try_for_each(|line| write!(f, "\n  {line}"))
    }
}
