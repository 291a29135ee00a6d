use crate::protocol::socket_io::msgpack::MsgpackError;

/// Why bytes are no message, or a message has no bytes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("not UTF-8")]
    Utf8,
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("not MessagePack: {0}")]
    Msgpack(#[from] MsgpackError),
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("not {0} where one is expected")]
    Expected(&'static str),
    #[error("a message of unknown type {0}")]
    UnknownType(u64),
    #[error("a packet of type {0}, which no node sends to others")]
    PacketType(u64),
    #[error("an event without a name that clients accept")]
    Event,
    #[error("an answer to nothing that is asked here")]
    Answer,
    /// Something that other adapters ask.
    #[error("this message does not exist in the form of this adapter")]
    Unsupported,
}
