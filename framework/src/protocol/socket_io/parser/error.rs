use std::{error::Error, fmt};

/// Why a [`Parser`](super::Parser) cannot write a packet, or refuses what it was given to read.
///
/// Made of any other error, or of a text:
///
/// ```
/// use roomcast::parser::ParserError;
///
/// fn number(text: &str) -> Result<u64, ParserError> {
///     match text {
///         "" => Err(ParserError::new("empty")),
///         text => text.parse().map_err(ParserError::new),
///     }
/// }
/// # assert_eq!(number("").unwrap_err().to_string(), "empty");
/// # assert_eq!(number("7").unwrap(), 7);
/// ```
#[derive(Debug)]
pub struct ParserError(Box<dyn Error + Send + Sync>);

impl ParserError {
    /// From another error, or a text. It is traced and never sent to a client.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for ParserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for ParserError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl From<serde_json::Error> for ParserError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error)
    }
}
