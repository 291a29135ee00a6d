use std::{sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::Socket;
use crate::{
    error::{AckError, EmitError},
    event::{self, Collector, Event, Payload},
    protocol::socket_io,
    room::{handling, untyped},
    shard::command::Action,
    transport::frame::Frame,
};

/// An emit to one socket, with options. From [`Socket::volatile`], [`Socket::compress`] and
/// [`Socket::timeout`].
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

    /// Drops the event if the transport is not writable.
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
        let frame = self.frame(event, None)?;
        self.socket.send(frame)
    }

    /// Emits an untyped event.
    ///
    /// # Errors
    /// As [`Socket::emit_raw`].
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError> {
        let nsp = self.socket.namespace_name();
        let frame = Frame::packet(|out| event::encode_raw(name, nsp, None, args, out))?;
        let config = &self.socket.node().config;
        self.socket
            .send(frame.with(untyped(config, name, self.volatile).compress(self.compress)))
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
        let frame = self.frame(event, Some(id))?;
        let collector = Collector::new(1);
        let ack = Some((id, Arc::clone(&collector)));
        self.socket.send_command(Action::Emit { frame, ack })?;
        let (answers, complete) = collector.wait(self.timeout).await;
        let Some(answer) = answers.into_iter().next() else {
            return Err(match complete {
                true => AckError::Disconnected,
                false => AckError::Timeout,
            });
        };
        let payload = Payload {
            args: socket_io::elements(&answer.args),
            attachments: &answer.attachments,
        };
        event::decode_ack::<E>(payload).map_err(|source| AckError::Decode {
            event: E::NAME,
            source,
        })
    }

    fn frame<E: Event + Serialize>(&self, event: &E, id: Option<u64>) -> Result<Frame, EmitError> {
        let nsp = self.socket.namespace_name();
        let frame = Frame::packet(|out| event::encode(event, nsp, id, out))?;
        let config = &self.socket.node().config;
        Ok(frame.with(handling(config, event, self.volatile).compress(self.compress)))
    }
}
