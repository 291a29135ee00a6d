//! Why a page is not let in.

use crate::namespace::Refusal;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// It shows neither a session that is known nor a password.
    Unknown,
    Wrong,
    /// Its address has shown too much that was wrong.
    TooOften,
    /// Too many passwords wait to be hashed.
    Busy,
    /// Where it is kept who has logged in.
    #[cfg(feature = "redis")]
    StoreAway,
    NoRandom,
}

impl Denied {
    /// What is counted.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Unknown | Self::Wrong => "credentials",
            Self::TooOften => "rate",
            Self::Busy => "busy",
            #[cfg(feature = "redis")]
            Self::StoreAway => "store",
            Self::NoRandom => "internal",
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::new(match denied {
            // The page knows this text: it forgets its session then, and asks for the password.
            Denied::Unknown | Denied::Wrong => "invalid credentials",
            Denied::TooOften | Denied::Busy => "too many logins",
            #[cfg(feature = "redis")]
            Denied::StoreAway => "the session store cannot be reached",
            Denied::NoRandom => "internal server error",
        })
    }
}
