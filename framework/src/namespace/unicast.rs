use std::{sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::Socket;
use crate::{
    error::{AckError, EmitError},
    event::{Answer, Collector, Event, RawAck, Target},
    room::Encoder,
    shard::command::Action,
    transport::frame::Frame,
};

/// An emit to one socket, with options. From [`Socket::volatile`], [`Socket::compress`] and
/// [`Socket::timeout`].
///
/// ```
/// use std::time::Duration;
/// use roomcast::prelude::*;
///
/// #[derive(Serialize, Event)]
/// #[event(ack = bool)]
/// struct Confirm<'a>(&'a str);
///
/// async fn sure(socket: &Socket) -> bool {
///     let asked = socket.timeout(Duration::from_secs(5));
///     asked.emit_with_ack(&Confirm("really?")).await.unwrap_or(false)
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it does nothing until it is emitted"]
pub struct Unicast<'a> {
    socket: &'a Socket,
    volatile: bool,
    compress: bool,
    timeout: Duration,
}

impl<'a> Unicast<'a> {
    pub(super) fn new(socket: &'a Socket) -> Self {
        Self {
            socket,
            volatile: false,
            compress: true,
            timeout: socket.node().config.ack_timeout,
        }
    }

    /// Drops the event if the transport is not writable. One that asks for an answer fails then with
    /// [`AckError::NotSent`].
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Whether the event may be compressed, where that was
    /// [agreed to](crate::HubBuilder::per_message_deflate). Default true.
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Emits the event.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.socket.send(self.encoder().event(event, None)?.frame)
    }

    /// Emits an untyped event.
    ///
    /// # Errors
    /// As [`Socket::emit_raw`].
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError> {
        self.socket
            .send(self.encoder().raw(name, args, None)?.frame)
    }

    /// Emits the event and waits for the answer.
    ///
    /// # Errors
    /// See [`AckError`].
    ///
    /// # Cancel safety
    /// Dropping the future gives the answer up; the event has been sent once it was polled.
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<E::Ack, AckError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        let id = self.socket.scope().next_ack_id();
        let frame = self.encoder().event(event, Some(id))?.frame;
        self.ask(frame, id).await?.decode::<E>()
    }

    /// Emits an untyped event, with arguments as for [`emit_raw`](Self::emit_raw), and waits for
    /// the answer.
    ///
    /// # Errors
    /// See [`AckError`]; whether the answer fits, [`RawAck::args`] tells.
    ///
    /// # Cancel safety
    /// As [`emit_with_ack`](Self::emit_with_ack).
    pub async fn emit_raw_with_ack<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> Result<RawAck, AckError> {
        let id = self.socket.scope().next_ack_id();
        let frame = self.encoder().raw(name, args, Some(id))?.frame;
        self.ask(frame, id).await.map(RawAck::new)
    }

    async fn ask(&self, frame: Frame, id: u64) -> Result<Answer, AckError> {
        let collector = Collector::new(1);
        let ack = Some((id, Arc::clone(&collector)));
        self.socket.command(Action::Emit { frame, ack })?;
        let gathered = collector.answers().within(self.timeout).await;
        self.socket.metrics().ack_timeouts.add(gathered.unanswered);
        gathered.one(self.socket.is_connected())
    }

    fn encoder(&self) -> Encoder<'_> {
        Encoder {
            node: self.socket.node(),
            scope: self.socket.scope(),
            to: Target::Socket(self.socket.id()),
            volatile: self.volatile,
            compress: self.compress,
            published: self.socket.scope().shared_log().is_some(),
        }
    }
}
