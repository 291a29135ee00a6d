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
    /// The application does not let the client in.
    Forbidden,
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
            Self::Forbidden => 4,
            Self::UnsupportedVersion => 5,
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedVersion => "Unsupported protocol version",
        }
    }

    /// The JSON body of the answer to a plain request. An application that forbids may have a
    /// message of its own.
    pub(crate) fn body(self, message: &str) -> String {
        // A string always serializes.
        let message = serde_json::to_string(message).unwrap_or_default();
        format!(r#"{{"code":{},"message":{message}}}"#, self.code())
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
                HandshakeError::Forbidden,
                r#"{"code":4,"message":"Forbidden"}"#,
            ),
            (
                HandshakeError::UnsupportedVersion,
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
            ),
        ];
        for (error, body) in table {
            assert_eq!(error.body(error.message()), body);
        }
        let quoted = HandshakeError::Forbidden.body("say \"please\"");
        assert_eq!(quoted, r#"{"code":4,"message":"say \"please\""}"#);
    }
}
