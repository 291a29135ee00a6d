//! Events without their types: what arrived, for whoever does not know its form in advance.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::{
    Rejection, RejectionKind,
    decode::{Payload, decode_list},
};

/// An event on its way to its handler: its name, and its arguments before any type was asked of
/// them. [`Session::any`](crate::Session::any) is shown every one.
///
/// ```
/// use roomcast::Incoming;
///
/// /// For `Session::any`.
/// fn log(event: &Incoming<'_>) {
///     println!("{} {}, answer wanted: {}", event.name(), event.json(), event.wants_ack());
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Incoming<'a> {
    pub(crate) name: &'a str,
    pub(crate) payload: Payload<'a>,
    pub(crate) ack: Option<u64>,
}

impl<'a> Incoming<'a> {
    /// The name of the event.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The arguments as a JSON list. Attachments appear as Socket.IO's placeholders.
    #[must_use]
    pub fn json(&self) -> String {
        format!("[{}]", self.payload.args)
    }

    /// The binary attachments.
    #[must_use]
    pub fn attachments(&self) -> &'a [Bytes] {
        self.payload.attachments
    }

    /// Whether the client asked for an answer.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.ack.is_some()
    }

    /// The arguments as a tuple, `()`, or a `Vec`; see [`RawEvent::args`].
    ///
    /// # Errors
    /// As [`RawEvent::args`].
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        decode_list(self.name, self.payload)
    }

    /// As [`RawEvent::bytes`].
    pub(crate) fn bytes(&self) -> usize {
        let Payload { args, attachments } = self.payload;
        let attachments: usize = attachments.iter().map(Bytes::len).sum();
        self.name.len() + args.len() + attachments
    }

    /// As [`RawEvent::refuse`].
    pub(crate) fn refuse(&self) -> Rejection {
        let text = format!("there is no handler for the event `{}`", self.name);
        Rejection::by_kind(RejectionKind::Unhandled, text)
    }
}

impl std::fmt::Debug for Incoming<'_> {
    // What clients send may be private.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming")
            .field("name", &self.name)
            .field("wants_ack", &self.wants_ack())
            .finish_non_exhaustive()
    }
}

/// An event before any type was asked of its arguments, owned: what an [event
/// middleware](crate::NamespaceBuilder::event_middleware) looks at, and what
/// [`Session::unhandled`](crate::Session::unhandled) gets.
///
/// ```
/// use roomcast::{RawEvent, prelude::*};
///
/// /// For `NamespaceBuilder::event_middleware`.
/// async fn short_only(event: &RawEvent, _: &Socket) -> Result<(), Rejection> {
///     if event.name() == "say" {
///         let (text,): (String,) = event.args()?;
///         if text.len() > 500 {
///             return Err(Rejection::new("that is too long"));
///         }
///     }
///     Ok(())
/// }
/// ```
pub struct RawEvent {
    pub(crate) name: Box<str>,
    pub(crate) args: Box<str>,
    pub(crate) attachments: Vec<Bytes>,
    pub(crate) ack: Option<u64>,
}

impl RawEvent {
    /// The name of the event.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments as a JSON list. Attachments appear as Socket.IO's placeholders.
    #[must_use]
    pub fn json(&self) -> String {
        self.incoming().json()
    }

    /// The binary attachments.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Whether the client asked for an answer.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.ack.is_some()
    }

    /// The arguments, read on demand: as a tuple with a type for each, as `()`, or as a `Vec`
    /// where all are of one type. Arguments beyond those of a tuple are ignored;
    /// [`Binary`](crate::Binary) stands for attachments anywhere in it.
    ///
    /// # Errors
    /// A [`Rejection`] that names the event and the argument that does not fit.
    ///
    /// ```
    /// use roomcast::{Binary, RawEvent, Rejection};
    ///
    /// fn upload(event: &RawEvent) -> Result<usize, Rejection> {
    ///     let (name, content) = event.args::<(String, Binary)>()?;
    ///     Ok(name.len() + content.len())
    /// }
    /// ```
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        self.incoming().args()
    }

    /// The refusal of an event that nobody handles: counted as unhandled, and answered as
    /// [`Session::rejected`](crate::Session::rejected) decides, by default not at all.
    #[must_use]
    pub fn refuse(&self) -> Rejection {
        self.incoming().refuse()
    }

    pub(crate) fn incoming(&self) -> Incoming<'_> {
        Incoming {
            name: &self.name,
            payload: Payload {
                args: &self.args,
                attachments: &self.attachments,
            },
            ack: self.ack,
        }
    }

    /// The bytes of its name, its arguments and its attachments.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.incoming().bytes()
    }
}

impl From<Incoming<'_>> for RawEvent {
    fn from(event: Incoming<'_>) -> Self {
        Self {
            name: event.name.into(),
            args: event.payload.args.into(),
            attachments: event.payload.attachments.to_vec(),
            ack: event.ack,
        }
    }
}

impl std::fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.incoming().fmt(f)
    }
}
