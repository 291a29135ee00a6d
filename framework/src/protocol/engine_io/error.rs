//! Why a request, a packet or a session ends.

use std::borrow::Cow;
use std::fmt;

/// A handshake or request that is refused.
///
/// Code, text and status are those of the Engine.IO server; clients show the text and tests of
/// other implementations compare the code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// The application refused the request, in its own words if it has any.
    Forbidden(Option<Cow<'static, str>>),
    /// `EIO` is not 4.
    UnsupportedVersion,
}

impl HandshakeError {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::TransportUnknown => 0,
            Self::UnknownSession => 1,
            Self::BadMethod => 2,
            Self::BadRequest => 3,
            Self::Forbidden(_) => 4,
            Self::UnsupportedVersion => 5,
        }
    }

    pub(crate) fn message(&self) -> &str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden(None) => "Forbidden",
            Self::Forbidden(Some(message)) => message,
            Self::UnsupportedVersion => "Unsupported protocol version",
        }
    }

    /// The HTTP status of the answer to a plain request.
    ///
    /// A WebSocket upgrade is refused with 400 whatever the error, and with [`message`] as body.
    ///
    /// [`message`]: Self::message
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Forbidden(_) => 403,
            _ => 400,
        }
    }

    /// The JSON body of the answer to a plain request.
    pub(crate) fn body(&self) -> String {
        let message = serde_json::Value::from(self.message());
        format!(r#"{{"code":{},"message":{message}}}"#, self.code())
    }
}

/// A packet that cannot be decoded; it ends the session with [`CloseReason::ParseError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    /// Not even a type.
    #[error("empty packet")]
    Empty,
    /// The first character names no packet type.
    #[error("unknown packet type {0:?}")]
    UnknownType(char),
}

/// Why a session ended, in the words that Engine.IO gives to the layer above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CloseReason {
    /// The peer closed the transport.
    TransportClose,
    /// The transport failed or the peer broke its rules.
    TransportError,
    /// No pong came in time.
    PingTimeout,
    /// A packet could not be decoded.
    ParseError,
    /// This side closed the session.
    ForcedClose,
}

impl CloseReason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_those_of_the_engine_io_server() {
        let table = [
            (
                HandshakeError::TransportUnknown,
                400,
                r#"{"code":0,"message":"Transport unknown"}"#,
            ),
            (
                HandshakeError::UnknownSession,
                400,
                r#"{"code":1,"message":"Session ID unknown"}"#,
            ),
            (
                HandshakeError::BadMethod,
                400,
                r#"{"code":2,"message":"Bad handshake method"}"#,
            ),
            (
                HandshakeError::BadRequest,
                400,
                r#"{"code":3,"message":"Bad request"}"#,
            ),
            (
                HandshakeError::Forbidden(None),
                403,
                r#"{"code":4,"message":"Forbidden"}"#,
            ),
            (
                HandshakeError::UnsupportedVersion,
                400,
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
            ),
        ];
        for (error, status, body) in table {
            assert_eq!(error.status(), status, "{error}");
            assert_eq!(error.body(), body);
        }
    }

    #[test]
    fn the_words_of_the_application_are_escaped() {
        let error = HandshakeError::Forbidden(Some("no \"guests\"\n".into()));
        assert_eq!(error.body(), r#"{"code":4,"message":"no \"guests\"\n"}"#);
        assert_eq!(error.to_string(), "no \"guests\"\n");
    }
}
