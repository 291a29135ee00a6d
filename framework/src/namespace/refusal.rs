use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    error::{AckError, EmitError},
    event::raw,
};

/// Why a client may not connect to a namespace: it gets a CONNECT_ERROR with this message and
/// data, and its `connect_error` event.
///
/// ```
/// use roomcast::Refusal;
///
/// let refusal = Refusal::new("not authorized").with_data(&serde_json::json!({"code": "E001"}));
/// assert_eq!(refusal.message(), "not authorized");
/// ```
#[derive(Debug)]
pub struct Refusal {
    message: String,
    data: Option<Box<RawValue>>,
}

impl Refusal {
    /// Refuses with a text for the client.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            data: None,
        }
    }

    /// Adds data for the client. A value that does not serialize is left out, and traced.
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        self.data = raw(data, &self.message);
        self
    }

    /// What the client is told.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn data(&self) -> Option<&RawValue> {
        self.data.as_deref()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.message)
    }
}

impl std::error::Error for Refusal {}

impl From<&str> for Refusal {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

/// So that `connect` can use `?` on emits and joins. The client learns no more than that the
/// server failed.
impl From<EmitError> for Refusal {
    fn from(error: EmitError) -> Self {
        tracing::debug!(%error, "an emit failed in connect");
        Self::new("the server could not deliver")
    }
}

/// So that `connect` can ask its client something with `?`.
impl From<AckError> for Refusal {
    fn from(error: AckError) -> Self {
        tracing::debug!(%error, "an emit with ack failed in connect");
        Self::new("the client did not answer")
    }
}
