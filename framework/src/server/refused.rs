//! Requests that the engine refuses: what the client is answered, and what the application is told.

use std::borrow::Cow;

use actix_web::{Error, HttpRequest, HttpResponse, http::StatusCode};

use super::http::Http;
use crate::{
    namespace::{Core, Handshake},
    protocol::engine_io::HandshakeError,
    transport::handshake::is_upgrade,
};

/// A request that was refused, as
/// [`HubBuilder::on_connection_error`](crate::HubBuilder::on_connection_error) is told of it.
#[derive(Debug)]
pub struct ConnectionError<'a> {
    refused: &'a Refused,
    request: &'a Handshake,
}

impl<'a> ConnectionError<'a> {
    pub(super) fn new(refused: &'a Refused, request: &'a Handshake) -> Self {
        Self { refused, request }
    }

    /// The code of Engine.IO.
    ///
    /// | code | message |
    /// | --- | --- |
    /// | 0 | `Transport unknown` |
    /// | 1 | `Session ID unknown` |
    /// | 2 | `Bad handshake method` |
    /// | 3 | `Bad request` |
    /// | 4 | `Forbidden`, or what [`allow_request`](crate::HubBuilder::allow_request) said |
    /// | 5 | `Unsupported protocol version` |
    #[must_use]
    pub fn code(&self) -> u8 {
        self.refused.error.code()
    }

    /// What the client was told.
    #[must_use]
    pub fn message(&self) -> &'a str {
        self.refused.message()
    }

    /// What exactly was wrong, which the client was not told.
    #[must_use]
    pub fn context(&self) -> &'a ErrorContext {
        &self.refused.context
    }

    /// The request: URL, headers, address.
    #[must_use]
    pub fn request(&self) -> &'a Handshake {
        self.request
    }
}

/// What was wrong with a request that was refused; from [`ConnectionError::context`].
///
/// ```
/// use roomcast::{ErrorContext, Hub};
///
/// let builder = Hub::builder().on_connection_error(|error| {
///     if let ErrorContext::Sid(sid) = error.context() {
///         eprintln!("no session {sid}: is the load balancer sticky?");
///     }
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorContext {
    /// Code 0: the parameter `transport`, if there is one.
    Transport(Option<String>),
    /// Code 1: the parameter `sid`.
    Sid(String),
    /// Code 2: the method.
    Method(String),
    /// Code 3: asks for a WebSocket without being an upgrade.
    TransportHandshake,
    /// Code 3: the session is on another transport, and cannot change to this one, or is about to.
    TransportMismatch {
        /// The parameter `transport`.
        transport: &'static str,
        /// What the session is on.
        previous_transport: &'static str,
    },
    /// Code 3: the parameter `EIO` is not that of the session, which is always 4.
    ProtocolMismatch(Option<String>),
    /// Code 3: the system's random source failed.
    IdGeneration(String),
    /// Code 4: the text of the application, if it gave one.
    Forbidden(Option<String>),
    /// Code 4: the header `Origin`, which [`check_origin`](crate::HubBuilder::check_origin) does
    /// not let in.
    Origin(String),
    /// Code 5: the parameter `EIO`, if there is one.
    Protocol(Option<String>),
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message())]
pub(super) struct Refused {
    error: HandshakeError,
    context: ErrorContext,
}

impl Refused {
    pub(super) fn new(error: HandshakeError, context: ErrorContext) -> Self {
        Self { error, context }
    }

    fn message(&self) -> &str {
        match &self.context {
            ErrorContext::Forbidden(Some(text)) => text,
            _ => self.error.message(),
        }
    }

    /// The label in [`Stats::refused_handshakes`](crate::Stats::refused_handshakes).
    pub(super) fn reason(&self) -> &'static str {
        match self.error {
            HandshakeError::TransportUnknown => "transport_unknown",
            HandshakeError::UnknownSession => "session_id_unknown",
            HandshakeError::BadMethod => "bad_handshake_method",
            HandshakeError::BadRequest => "bad_request",
            HandshakeError::Forbidden => "forbidden",
            HandshakeError::UnsupportedVersion => "unsupported_protocol_version",
        }
    }

    /// A plain request gets the code as JSON; an upgrade always 400 and the bare text (section 3).
    pub(super) fn response(&self, req: &HttpRequest) -> HttpResponse {
        let message = self.message();
        if is_upgrade(req) {
            let mut response = HttpResponse::BadRequest();
            response.force_close();
            return response.content_type("text/html").body(message.to_owned());
        }
        let status = match self.error {
            HandshakeError::Forbidden => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        HttpResponse::build(status)
            .content_type("application/json")
            .body(self.error.body(message))
    }
}

/// Refuses an upgrade that is not one to WebSocket.
pub(super) fn not_a_websocket(core: &Core, req: &HttpRequest, error: &Error) -> HttpResponse {
    core.node.metrics.refused_handshakes.add("websocket");
    let http = core.states.of::<Http>();
    tracing::debug!(peer = ?http.client(req).address, reason = "websocket", %error, "handshake refused");
    error.error_response()
}

/// Why [`allow_request`](crate::HubBuilder::allow_request) does not let a client in, in the text
/// that the client gets. The default is Engine.IO's own, `Forbidden`.
///
/// ```
/// use roomcast::Forbidden;
///
/// let plain = Forbidden::default();
/// let told = Forbidden::new("not today");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forbidden(Option<Cow<'static, str>>);

impl Forbidden {
    /// With a text for the client.
    #[must_use]
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Some(text.into()))
    }
}

impl From<Forbidden> for Refused {
    fn from(Forbidden(text): Forbidden) -> Self {
        let text = text.map(Cow::into_owned);
        Self::new(HandshakeError::Forbidden, ErrorContext::Forbidden(text))
    }
}
