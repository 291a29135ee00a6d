use serde::Serialize;
use serde_json::value::RawValue;

use super::{Rejects, told::told_to_the_client};

/// Why an event was refused: by the framework, because its payload does not fit, or by a handler or
/// a middleware.
///
/// It is counted, traced at debug, handed to [`Session::rejected`](crate::Session::rejected), and
/// if the client asked for an ack, answered with `{"error": {"message": …, "data": …}}` unless
/// the session decides otherwise.
///
/// ```
/// use roomcast::Rejection;
///
/// let rejection = Rejection::new("the room is full").with_data(&serde_json::json!({"max": 50}));
/// assert_eq!(rejection.message(), "the room is full");
/// ```
#[derive(Debug)]
pub struct Rejection {
    kind: RejectionKind,
    message: String,
    data: Option<Box<RawValue>>,
}

/// Who refused an event.
///
/// ```
/// use roomcast::{Rejection, RejectionKind};
///
/// assert_eq!(Rejection::new("the room is full").kind(), RejectionKind::Handler);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The payload does not fit the type of the event.
    Payload,
    /// The session has no handler for the event.
    Unhandled,
    /// The handler returned an error.
    Handler,
    /// An event middleware of the namespace returned an error.
    Middleware,
}

impl RejectionKind {
    /// The label in [`Stats::rejected`](crate::Stats::rejected), which those without a handler are not in.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Unhandled => "unhandled",
            Self::Handler => "handler",
            Self::Middleware => "middleware",
        }
    }
}

impl Rejection {
    /// Refuses with a text that the client is told.
    pub fn new(message: impl Into<String>) -> Self {
        Self::by_kind(RejectionKind::Handler, message.into())
    }

    /// Refuses the event `E` with data of the type that `#[event(rejected = ..)]` declares for it: data of any
    /// other is a compile error.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Serialize)]
    /// struct Invalid {
    ///     title: &'static str,
    /// }
    ///
    /// #[derive(Deserialize, Event)]
    /// #[event(ack = u64, rejected = Invalid)]
    /// struct Create {
    ///     title: String,
    /// }
    ///
    /// let rejection = Rejection::of::<Create>("invalid", &Invalid { title: "is empty" });
    /// assert_eq!(rejection.data(), Some(r#"{"title":"is empty"}"#));
    /// ```
    ///
    /// ```compile_fail
    /// # use roomcast::prelude::*;
    /// # #[derive(Deserialize, Event)]
    /// # #[event(ack = u64, rejected = String)]
    /// # struct Create { title: String }
    /// Rejection::of::<Create>("invalid", &7); // it declares a `String`
    /// ```
    pub fn of<E>(message: impl Into<String>, data: &E::Data) -> Self
    where
        E: Rejects<Data: Serialize>,
    {
        Self::new(message).with_data(data)
    }

    pub(crate) fn by_kind(kind: RejectionKind, message: String) -> Self {
        Self {
            kind,
            message,
            data: None,
        }
    }

    pub(crate) fn by(self, kind: RejectionKind) -> Self {
        Self { kind, ..self }
    }

    /// Adds data for the client. A value that does not serialize is left out, and traced.
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        self.data = raw(data, &self.message);
        self
    }

    /// Who refused.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// What the client is told.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The JSON text of the data, where there is any.
    #[must_use]
    pub fn data(&self) -> Option<&str> {
        self.data.as_deref().map(RawValue::get)
    }
}

/// A rejection as its client is told: `{"error": {"message": …, "data": …}}`.
pub(crate) struct Refused<'a>(pub(crate) &'a Rejection);

impl Serialize for Refused<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Answer<'a> {
            error: Error<'a>,
        }
        #[derive(Serialize)]
        struct Error<'a> {
            message: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            data: Option<&'a RawValue>,
        }
        let Rejection { message, data, .. } = self.0;
        let error = Error {
            message,
            data: data.as_deref(),
        };
        Answer { error }.serialize(serializer)
    }
}

/// The JSON text of `data`; a value that does not serialize is traced and left out.
pub(crate) fn raw<T: Serialize + ?Sized>(data: &T, message: &str) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(data)
        .inspect_err(
            |error| tracing::warn!(%error, message, "data left out: it does not serialize"),
        )
        .ok()
}

told_to_the_client!(Rejection);
