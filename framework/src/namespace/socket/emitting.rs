//! What goes to the socket's own client.

use std::time::Duration;

use actix::{Message, Recipient};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    super::{Unicast, recipient},
    Socket,
};
use crate::{
    error::{AckError, EmitError},
    event::{Event, RawAck},
};

impl Socket {
    /// Emits an event to this client. It queues the event and returns without waiting for delivery.
    ///
    /// # Errors
    /// [`EmitError::Disconnected`] after the socket was disconnected; [`EmitError::Encode`],
    /// [`EmitError::Reserved`] and [`EmitError::Parser`]; [`EmitError::Overloaded`] if called on
    /// another thread than that of the socket's worker; with recovery over Redis Streams
    /// [`EmitError::Publish`].
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.alone().emit(event)
    }

    /// Emits an untyped event; `args` must serialize to a list (a tuple, an array, a `Vec`) or be `()`.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError> {
        self.alone().emit_raw(name, args)
    }

    /// Emits an event to this client and waits for its ack, for at most
    /// [`ack_timeout`](crate::HubBuilder::ack_timeout); [`timeout`](Self::timeout) sets another time.
    ///
    /// A handler may wait for an ack of its own client: acks do not queue behind events. With
    /// [`max_queued_events`](crate::HubBuilder::max_queued_events) others queued in any namespace of the
    /// connection, or [`max_http_buffer_size`](crate::HubBuilder::max_http_buffer_size) bytes of them, the
    /// connection is not read until there is room, and no ack arrives. Where a client may send that many
    /// meanwhile, wait in a task of its own.
    ///
    /// # Errors
    /// See [`AckError`].
    ///
    /// # Cancel safety
    /// The event is sent when the future is first polled. Dropping the future afterwards discards the
    /// ack.
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<E::Ack, AckError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        self.alone().emit_with_ack(event).await
    }

    /// Emits an untyped event, with arguments as for [`emit_raw`](Self::emit_raw), and waits for
    /// the ack as [`emit_with_ack`](Self::emit_with_ack) does.
    ///
    /// # Errors
    /// See [`AckError`]. The ack is not decoded here: [`RawAck::args`] fails if it does not fit.
    ///
    /// # Cancel safety
    /// As [`emit_with_ack`](Self::emit_with_ack).
    pub async fn emit_raw_with_ack<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> Result<RawAck, AckError> {
        self.alone().emit_raw_with_ack(name, args).await
    }

    /// For a volatile emit, which is dropped if the transport is not writable at that moment.
    pub fn volatile(&self) -> Unicast<'_> {
        self.alone().volatile()
    }

    /// For an emit that is compressed, or not, where the hub has compression. Default: it is.
    pub fn compress(&self, compress: bool) -> Unicast<'_> {
        self.alone().compress(compress)
    }

    /// For an emit with ack that waits for this long.
    pub fn timeout(&self, timeout: Duration) -> Unicast<'_> {
        self.alone().timeout(timeout)
    }

    fn alone(&self) -> Unicast<'_> {
        Unicast::new(self)
    }

    /// An actix [`Recipient`] that emits each message that it is sent, an event of type `E`, to this
    /// socket.
    ///
    /// Must be called on a worker thread. The first message after the socket was disconnected is
    /// answered with [`EmitError::Disconnected`]; from then on the recipient is closed.
    ///
    /// ```
    /// use actix::Recipient;
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Serialize, Event)]
    /// struct Tick {
    ///     at: u64,
    /// }
    ///
    /// struct Clock {
    ///     listeners: Vec<Recipient<Tick>>,
    /// }
    ///
    /// fn listen(clock: &mut Clock, socket: &Socket) {
    ///     clock.listeners.push(socket.recipient());
    /// }
    /// ```
    #[must_use]
    pub fn recipient<E>(&self) -> Recipient<E>
    where
        E: Event + Serialize + Message<Result = Result<(), EmitError>> + Send + 'static,
    {
        recipient::start(self.clone())
    }
}
