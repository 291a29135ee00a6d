//! Why a request, a packet or a session ends.

/// A handshake or request that is refused.
///
/// Code, text and status are those of the Engine.IO server; clients show the text and tests of
/// other implementations compare the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub(crate) enum HandshakeError {
    /// `transport` is unknown or not enabled.
    TransportUnknown,
    /// `sid` names no open session.
    UnknownSession,
    /// A handshake must be a GET.
    BadMethod,
    /// The request contradicts its session, or something in front of the engine refused it.
    BadRequest,
    /// `EIO` is not 4.
    UnsupportedVersion,
}

impl HandshakeError {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::TransportUnknown => 0,
            Self::UnknownSession => 1,
            Self::BadMethod => 2,
            Self::BadRequest => 3,
            // 4 is `Forbidden`, for applications that check requests.
            Self::UnsupportedVersion => 5,
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::UnsupportedVersion => "Unsupported protocol version",
        }
    }

    /// The JSON body of the answer to a plain request, whose status is 400 for all of these. A
    /// WebSocket upgrade is refused with 400 too, and the bare [`message`](Self::message).
    pub(crate) fn body(self) -> String {
        format!(
            r#"{{"code":{},"message":"{}"}}"#,
            self.code(),
            self.message()
        )
    }
}

/// A packet that cannot be decoded; it ends the session with the reason `parse error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    /// Not even a type.
    #[error("empty packet")]
    Empty,
    /// The first character names no packet type.
    #[error("unknown packet type {0:?}")]
    UnknownType(char),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_those_of_the_engine_io_server() {
        let table = [
            (
                HandshakeError::TransportUnknown,
                r#"{"code":0,"message":"Transport unknown"}"#,
            ),
            (
                HandshakeError::UnknownSession,
                r#"{"code":1,"message":"Session ID unknown"}"#,
            ),
            (
                HandshakeError::BadMethod,
                r#"{"code":2,"message":"Bad handshake method"}"#,
            ),
            (
                HandshakeError::BadRequest,
                r#"{"code":3,"message":"Bad request"}"#,
            ),
            (
                HandshakeError::UnsupportedVersion,
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
            ),
        ];
        for (error, body) in table {
            assert_eq!(error.body(), body);
        }
    }
}
