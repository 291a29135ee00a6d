//! Why a task failed, in words for whoever started it.

use std::fmt;

pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

/// A message. Not an `Error` itself, so that `?` can turn any error into one.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
