//! Answers without their types: what answers an untyped event, in either direction.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Args,
    decode::{Payload, list},
    encode::{Encoded, answer},
};
use crate::protocol::socket_io;

/// What a client answered to an event that was emitted with `emit_raw_with_ack`.
///
/// ```
/// use roomcast::prelude::*;
///
/// async fn ask(socket: &Socket) -> Result<String, Box<dyn std::error::Error>> {
///     let answer = socket.emit_raw_with_ack("name?", &()).await?;
///     let (name,): (String,) = answer.args()?;
///     Ok(name)
/// }
/// ```
#[derive(Debug)]
pub struct RawAck {
    /// Without the brackets.
    args: Box<str>,
    attachments: Vec<Bytes>,
}

impl RawAck {
    pub(crate) fn new(answer: super::Answer) -> Self {
        Self {
            args: socket_io::elements(&answer.args).into(),
            attachments: answer.attachments,
        }
    }

    /// The arguments of the answer, read on demand: as a tuple with a type for each, as `()`, or
    /// as a `Vec`. Arguments beyond those of a tuple are ignored.
    ///
    /// # Errors
    /// What the deserializer says.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        let payload = Payload {
            args: &self.args,
            attachments: &self.attachments,
        };
        list(payload).map_err(|(_, error)| error)
    }

    /// The arguments as a JSON list. Attachments appear as Socket.IO's placeholders.
    #[must_use]
    pub fn json(&self) -> String {
        format!("[{}]", self.args)
    }

    /// The binary attachments.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }
}

/// What [`Session::unhandled`](crate::Session::unhandled) answers.
///
/// ```
/// use roomcast::RawReply;
///
/// /// For `Session::unhandled`: one argument, an object.
/// fn unknown(name: &str) -> RawReply {
///     RawReply::new((serde_json::json!({ "unknown": name }),))
/// }
/// ```
pub struct RawReply(Box<dyn Reply>);

impl RawReply {
    /// Answers with these arguments; they must serialize to a list (a tuple, an array, a `Vec`) or
    /// be `()`. What does not serialize is refused like an error of a handler.
    ///
    /// ```
    /// use roomcast::RawReply;
    ///
    /// let answer = RawReply::new(("ok", 7));
    /// # let _ = answer;
    /// ```
    #[must_use]
    pub fn new<A: Serialize + 'static>(args: A) -> Self {
        Self(Box::new(args))
    }

    /// Appends the ACK packet that answers `event`.
    pub(crate) fn encode(&self, event: &str, nsp: &str, id: u64, out: &mut Vec<u8>) -> Encoded {
        self.0.encode(event, nsp, id, out)
    }
}

impl std::fmt::Debug for RawReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawReply").finish_non_exhaustive()
    }
}

/// A list of arguments whose type has been forgotten.
trait Reply {
    fn encode(&self, event: &str, nsp: &str, id: u64, out: &mut Vec<u8>) -> Encoded;
}

impl<A: Serialize> Reply for A {
    fn encode(&self, event: &str, nsp: &str, id: u64, out: &mut Vec<u8>) -> Encoded {
        answer(event, nsp, id, Args::Many(0), self, out)
    }
}
