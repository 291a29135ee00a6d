//! Why an incoming packet is refused.

/// A message that is not a valid packet where it arrived; it costs the whole connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("unknown packet type {0:?}")]
    UnknownType(char),
    /// The count of attachments is missing, not an integer or below 1.
    #[error("illegal number of attachments")]
    IllegalAttachments,
    #[error("{count} attachments, {limit} allowed")]
    TooManyAttachments { count: usize, limit: usize },
    /// From a custom parser: without its slash, or with a comma.
    #[error("illegal namespace")]
    IllegalNamespace,
    /// The ack id is not a number of 64 bits.
    #[error("illegal ack id")]
    IllegalId,
    /// Not JSON, or JSON that does not fit the packet's type.
    #[error("invalid payload")]
    InvalidPayload,
    #[error("reserved event name")]
    ReservedName,
    /// A placeholder names no attachment.
    #[error("illegal placeholder")]
    IllegalPlaceholder,
    #[error("binary packet nested deeper than {limit}")]
    TooDeep { limit: usize },
    /// The text and attachments of one packet together.
    #[error("binary packet of more than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("text while attachments are missing")]
    UnexpectedText,
    #[error("binary while no attachment is expected")]
    UnexpectedBinary,
}

impl DecodeError {
    /// A constant word per cause, for counters.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::UnknownType(_) => "unknown_type",
            Self::IllegalAttachments => "illegal_attachments",
            Self::TooManyAttachments { .. } => "too_many_attachments",
            Self::IllegalNamespace => "illegal_namespace",
            Self::IllegalId => "illegal_id",
            Self::InvalidPayload => "invalid_payload",
            Self::ReservedName => "reserved_name",
            Self::IllegalPlaceholder => "illegal_placeholder",
            Self::TooDeep { .. } => "too_deep",
            Self::TooLarge { .. } => "too_large",
            Self::UnexpectedText => "unexpected_text",
            Self::UnexpectedBinary => "unexpected_binary",
        }
    }
}
