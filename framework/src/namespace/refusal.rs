use serde::Serialize;
use serde_json::value::RawValue;

use crate::event::{raw, told_to_the_client};

/// The reason of what a session, or the application on its way to one, refuses.
const SESSION: &str = "session";

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
    /// The label in [`Stats::refused_connects`](crate::Stats::refused_connects).
    reason: &'static str,
    message: String,
    data: Option<Box<RawValue>>,
}

impl Refusal {
    /// Refuses with a text for the client.
    pub fn new(message: impl Into<String>) -> Self {
        Self::of(SESSION, message)
    }

    /// Refuses for another reason than the session's.
    pub(crate) fn of(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            data: None,
        }
    }

    /// What the application refused was refused by this part of it.
    pub(super) fn by(self, part: &'static str) -> Self {
        match self.reason {
            SESSION => Self {
                reason: part,
                ..self
            },
            _ => self,
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

    /// No namespace has the name that the client asked for (protocol section 2).
    pub(super) fn unknown_namespace() -> Self {
        Self::of("unknown_namespace", "Invalid namespace")
    }

    /// There are as many as this option allows.
    pub(crate) fn too_many_namespaces(option: &'static str) -> Self {
        Self::of(option, "too many namespaces")
    }

    pub(crate) fn reason(&self) -> &'static str {
        self.reason
    }

    pub(crate) fn data(&self) -> Option<&RawValue> {
        self.data.as_deref()
    }
}

told_to_the_client!(Refusal);
