use std::{sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::Socket;
use crate::{
    error::{AckError, EmitError},
    event::{self, Answer, Collector, Event, Outgoing, RawAck, Target},
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
        self.tell(E::NAME, false, &|| event::json(event));
        self.socket.send(frame)
    }

    /// Emits an untyped event.
    ///
    /// # Errors
    /// As [`Socket::emit_raw`].
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError> {
        let frame = self.frame_raw(name, args, None)?;
        self.tell(name, false, &|| event::json_raw(args));
        self.socket.send(frame)
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
        self.tell(E::NAME, true, &|| event::json(event));
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
        let frame = self.frame_raw(name, args, Some(id))?;
        self.tell(name, true, &|| event::json_raw(args));
        self.ask(frame, id).await.map(RawAck::new)
    }

    async fn ask(&self, frame: Frame, id: u64) -> Result<Answer, AckError> {
        let collector = Collector::new(1);
        let ack = Some((id, Arc::clone(&collector)));
        self.socket.command(Action::Emit { frame, ack })?;
        let (answers, complete) = collector.answers().within(self.timeout).await;
        answers.into_iter().next().ok_or(match complete {
            true => AckError::Disconnected,
            false => AckError::Timeout,
        })
    }

    fn tell(&self, name: &str, wants_ack: bool, json: &dyn Fn() -> String) {
        if let Some(told) = &self.socket.node().on_any_outgoing {
            told(&Outgoing {
                namespace: self.socket.namespace_name(),
                name,
                to: Target::Socket(self.socket.id()),
                wants_ack,
                json,
            });
        }
    }

    fn frame_raw<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
        id: Option<u64>,
    ) -> Result<Frame, EmitError> {
        let nsp = self.socket.namespace_name();
        let (node, scope) = (self.socket.node(), self.socket.scope());
        let frame = node.event(scope, id, |out| event::encode_raw(name, nsp, id, args, out))?;
        let config = &self.socket.node().config;
        Ok(frame.with(untyped(config, name, self.volatile).compress(self.compress)))
    }

    fn frame<E: Event + Serialize>(&self, event: &E, id: Option<u64>) -> Result<Frame, EmitError> {
        let nsp = self.socket.namespace_name();
        let (node, scope) = (self.socket.node(), self.socket.scope());
        let frame = node.event(scope, id, |out| event::encode(event, nsp, id, out))?;
        let config = &self.socket.node().config;
        Ok(frame.with(handling(config, event, self.volatile).compress(self.compress)))
    }
}
