//! What a peer can do wrong, and the close code that answers it.

use super::CloseCode;

/// Why the bytes of a peer were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("a reserved bit is set, but nothing that was negotiated gives it a meaning here")]
    ReservedBit,
    #[error("opcode {0:#x} is reserved")]
    ReservedOpcode(u8),
    #[error("a frame from a client is not masked")]
    Unmasked,
    #[error("a control frame is fragmented")]
    ControlFragmented,
    #[error("a control frame carries more than 125 bytes")]
    ControlTooLong,
    #[error("a payload length is not encoded in the fewest bytes")]
    LengthNotMinimal,
    #[error("the most significant bit of a 64-bit payload length is set")]
    LengthOutOfRange,
    #[error("a continuation frame without a message to continue")]
    UnexpectedContinuation,
    #[error("a new message begins inside a fragmented one")]
    ExpectedContinuation,
    #[error("a message is longer than the limit")]
    MessageTooBig,
    #[error("a message has more fragments than the limit")]
    TooManyFragments,
    #[error("text is not valid UTF-8")]
    InvalidUtf8,
    #[error("a deflated message cannot be inflated")]
    InvalidDeflate,
    #[error("the payload of a close frame is a single byte")]
    CloseTruncated,
    #[error("close code {0} must not be sent")]
    CloseCode(u16),
}

impl Error {
    /// The code of the close frame that answers this error.
    pub(crate) fn close_code(self) -> CloseCode {
        match self {
            Self::InvalidUtf8 | Self::InvalidDeflate => CloseCode::INVALID_PAYLOAD,
            // A message in too many pieces is one that is too big to process: its pieces cost, not its bytes.
            Self::MessageTooBig | Self::TooManyFragments => CloseCode::TOO_BIG,
            Self::ReservedBit
            | Self::ReservedOpcode(_)
            | Self::Unmasked
            | Self::ControlFragmented
            | Self::ControlTooLong
            | Self::LengthNotMinimal
            | Self::LengthOutOfRange
            | Self::UnexpectedContinuation
            | Self::ExpectedContinuation
            | Self::CloseTruncated
            | Self::CloseCode(_) => CloseCode::PROTOCOL_ERROR,
        }
    }

    /// A short stable name, fit for the label of a counter.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::ReservedBit => "reserved_bit",
            Self::ReservedOpcode(_) => "reserved_opcode",
            Self::Unmasked => "unmasked",
            Self::ControlFragmented => "control_fragmented",
            Self::ControlTooLong => "control_too_long",
            Self::LengthNotMinimal => "length_not_minimal",
            Self::LengthOutOfRange => "length_out_of_range",
            Self::UnexpectedContinuation => "unexpected_continuation",
            Self::ExpectedContinuation => "expected_continuation",
            Self::MessageTooBig => "message_too_big",
            Self::TooManyFragments => "too_many_fragments",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::InvalidDeflate => "invalid_deflate",
            Self::CloseTruncated => "close_truncated",
            Self::CloseCode(_) => "close_code",
        }
    }
}
