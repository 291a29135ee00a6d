use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;

use super::{Emitter, EmitterError};
use crate::{
    cluster::adapter::{Data, Message, Options},
    error::{EmitError, PublishError},
    event::{self, Event},
    protocol::socket_io::parser::Packet,
};

/// Which sockets of a cluster, and what to do with them; from [`Emitter::to`] and its like.
///
/// As with [`Broadcast`](crate::Broadcast), rooms are a union, and without one it is everyone in the
/// namespace.
///
/// ```
/// use roomcast::{Emitter, EmitterError, prelude::*};
///
/// #[derive(Serialize, Event)]
/// struct Score(u32);
///
/// async fn tell(emitter: &Emitter) -> Result<(), EmitterError> {
///     emitter.to("fans").except("muted").emit(&Score(3)).await
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a broadcast does nothing until it is emitted"]
pub struct EmitterBroadcast<'a> {
    emitter: &'a Emitter,
    options: Options<'a>,
}

impl<'a> EmitterBroadcast<'a> {
    pub(super) fn new(emitter: &'a Emitter) -> Self {
        Self {
            emitter,
            options: Options::default(),
        }
    }

    /// Adds the members of a room.
    pub fn to(mut self, room: impl Into<Cow<'a, str>>) -> Self {
        self.options.rooms.push(room.into());
        self
    }

    /// Leaves out the members of a room.
    pub fn except(mut self, room: impl Into<Cow<'a, str>>) -> Self {
        self.options.except.push(room.into());
        self
    }

    /// Clients whose transport is not writable at that moment do not get the event.
    pub fn volatile(mut self) -> Self {
        self.options.flags.volatile = true;
        self
    }

    /// Whether the event may be compressed on its way to clients. Default true.
    pub fn compress(mut self, compress: bool) -> Self {
        self.options.flags.compress = compress;
        self
    }

    /// Emits an event.
    ///
    /// # Errors
    /// See [`EmitterError`].
    ///
    /// # Cancel safety
    /// Dropping the future after it was polled may or may not have emitted.
    pub async fn emit<E: Event + Serialize>(mut self, event: &E) -> Result<(), EmitterError> {
        let data = data(|out| event::encode(event, "/", None, out))?;
        self.options.flags.slow_consumer = E::SLOW_CONSUMER.map(|policy| {
            let key = event.key().unwrap_or_else(|| event::key(E::NAME, &()));
            (policy, key)
        });
        self.send(data).await
    }

    /// Emits an untyped event; its arguments are a list, or `()`.
    ///
    /// # Errors
    /// See [`EmitterError`].
    ///
    /// # Cancel safety
    /// As [`emit`](Self::emit).
    pub async fn emit_raw<A: Serialize + ?Sized>(
        self,
        name: &str,
        args: &A,
    ) -> Result<(), EmitterError> {
        let data = data(|out| event::encode_raw(name, "/", None, args, out))?;
        self.send(data).await
    }

    async fn send(self, data: Data<'_>) -> Result<(), EmitterError> {
        let message = Message::Broadcast {
            data,
            options: self.options,
            request: None,
        };
        self.emitter.send(&message).await
    }

    /// Lets the sockets join rooms.
    ///
    /// # Errors
    /// See [`EmitterError`].
    ///
    /// # Cancel safety
    /// As [`emit`](Self::emit).
    pub async fn join<R: AsRef<str>>(
        self,
        rooms: impl IntoIterator<Item = R>,
    ) -> Result<(), EmitterError> {
        let message = Message::Join {
            options: self.options,
            rooms: names(rooms),
        };
        self.emitter.send(&message).await
    }

    /// Lets the sockets leave rooms.
    ///
    /// # Errors
    /// See [`EmitterError`].
    ///
    /// # Cancel safety
    /// As [`emit`](Self::emit).
    pub async fn leave<R: AsRef<str>>(
        self,
        rooms: impl IntoIterator<Item = R>,
    ) -> Result<(), EmitterError> {
        let message = Message::Leave {
            options: self.options,
            rooms: names(rooms),
        };
        self.emitter.send(&message).await
    }

    /// Disconnects the sockets from the namespace; with `close`, with their whole connections.
    ///
    /// # Errors
    /// See [`EmitterError`].
    ///
    /// # Cancel safety
    /// As [`emit`](Self::emit).
    pub async fn disconnect(self, close: bool) -> Result<(), EmitterError> {
        let message = Message::Disconnect {
            options: self.options,
            close,
        };
        self.emitter.send(&message).await
    }
}

fn names<R: AsRef<str>>(rooms: impl IntoIterator<Item = R>) -> Vec<Cow<'static, str>> {
    let rooms = rooms.into_iter();
    rooms
        .map(|room| Cow::Owned(room.as_ref().to_owned()))
        .collect()
}

/// The array of an event, read back from its packet.
pub(super) fn data(
    write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, EmitError>,
) -> Result<Data<'static>, EmitError> {
    let mut packet = Vec::new();
    let attachments = write(&mut packet)?;
    let text = String::from_utf8_lossy(&packet);
    let read = Packet::read(&text, &attachments).ok();
    let json = read.and_then(|packet| packet.data).map(str::to_owned);
    let json = json.ok_or_else(|| PublishError::Encode("an event without a name".into()))?;
    Ok(Data {
        json: json.into(),
        attachments,
    })
}
