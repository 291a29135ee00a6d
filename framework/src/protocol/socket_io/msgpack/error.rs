/// Why a message is no packet, or a packet no message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("text where MessagePack is expected")]
    Text,
    #[error("the message ends within a value")]
    Truncated,
    #[error("{0} trailing bytes")]
    Trailing(usize),
    /// The one byte that MessagePack never uses.
    #[error("0xc1 is no value")]
    Reserved,
    #[error("invalid packet type")]
    Type,
    #[error("invalid namespace")]
    Namespace,
    #[error("invalid payload")]
    Payload,
    #[error("invalid packet id")]
    Id,
    #[error("a key that is no text, number, boolean or nil")]
    Key,
    #[error("data nested deeper than {limit}")]
    TooDeep { limit: usize },
    #[error("a packet of more than {limit} bytes in memory")]
    TooLarge { limit: usize },
    #[error("the data is not JSON")]
    Json,
    /// A string, list or value of more than 2^32 - 1 bytes.
    #[error("too long for MessagePack")]
    TooLong,
    /// Memory takes all that is written: this does not happen.
    #[error("cannot be written")]
    Write,
}

impl From<std::io::Error> for Error {
    fn from(_: std::io::Error) -> Self {
        Self::Write
    }
}

impl From<rmp::encode::ValueWriteError> for Error {
    fn from(_: rmp::encode::ValueWriteError) -> Self {
        Self::Write
    }
}
