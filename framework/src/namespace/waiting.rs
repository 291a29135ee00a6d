//! Waiting for an event in the middle of something else.

use std::{
    future::Future,
    sync::atomic::{Ordering, fence},
    time::Duration,
};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::oneshot;

use super::{Refusal, Socket};
use crate::{
    error::EmitError,
    event::{self, Args, Event, RawEvent, Refused, Rejection},
    shard::command::Action,
};

/// Why [`Socket::wait_for`] got no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// None came in time.
    #[error("the event did not come in time")]
    Timeout,
    /// The socket was disconnected before one came.
    #[error("the socket was disconnected before the event came")]
    Disconnected,
    /// One came that does not fit the type. It is counted in
    /// [`Stats::rejected`](crate::Stats::rejected), and if the client asked for an answer, it got
    /// the error.
    #[error(transparent)]
    Payload(Rejection),
    /// The worker of the socket has too much waiting to be asked for what is queued already.
    #[error(transparent)]
    Overloaded(EmitError),
}

/// The client learns no more than that it was waited for in vain.
impl From<WaitError> for Rejection {
    fn from(error: WaitError) -> Self {
        Self::new(in_vain(&error))
    }
}

/// The client learns no more than that it was waited for in vain.
impl From<WaitError> for Refusal {
    fn from(error: WaitError) -> Self {
        Self::new(in_vain(&error))
    }
}

fn in_vain(error: &WaitError) -> &'static str {
    tracing::debug!(%error, "an event was waited for in vain");
    "the client did not send what the server waited for"
}

/// An event that was waited for, and the way to answer it; from
/// [`Socket::wait_for_with_ack`].
///
/// ```
/// use std::time::Duration;
/// use roomcast::{WaitError, prelude::*};
///
/// #[derive(Deserialize, Event)]
/// #[event(ack = u32)]
/// struct Bid(u32);
///
/// async fn highest(socket: &Socket) -> Result<u32, WaitError> {
///     let bid = socket.wait_for_with_ack::<Bid>(Duration::from_secs(30)).await?;
///     let Bid(amount) = bid.event;
///     // Who has gone needs no answer.
///     let _ = bid.answer(&amount);
///     Ok(amount)
/// }
/// ```
#[derive(Debug)]
#[must_use = "the client may wait for an answer"]
pub struct Awaited<E> {
    /// The event.
    pub event: E,
    socket: Socket,
    ack: Option<u64>,
}

impl<E: Event> Awaited<E> {
    /// Whether the client asked for an answer.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.ack.is_some()
    }

    /// Answers the client, if it asked. One that is not answered learns it from its timeout.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn answer(self, ack: &E::Ack) -> Result<(), EmitError>
    where
        E::Ack: Serialize,
    {
        let Self {
            socket, ack: id, ..
        } = self;
        socket.answer(id, |nsp, id, out| event::encode_ack::<E>(nsp, id, ack, out))
    }
}

impl Socket {
    /// Waits for the next event of this type from the client, at most `timeout`, and takes it: no
    /// handler gets it, and neither [`Session::any`](crate::Session::any) nor an [event
    /// middleware](crate::NamespaceBuilder::event_middleware) sees it. If the client
    /// asked for an answer, it gets an empty one at once.
    ///
    /// Inside a running handler too: events that wait for their handler are looked at first, and
    /// those that arrive meanwhile are compared before they queue. Each event goes to one task, the
    /// one that has waited longest. With
    /// [`max_queued_events`](crate::HubBuilder::max_queued_events) others queued, the connection is
    /// not read until there is room, and nothing arrives for it.
    ///
    /// In `connect` nothing arrives: a client sends events once it is connected.
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Deserialize, Event)]
    /// struct Order(String);
    ///
    /// #[derive(Serialize, Event)]
    /// struct Confirm;
    ///
    /// #[derive(Deserialize, Event)]
    /// struct Confirmed(bool);
    ///
    /// #[derive(EventHandlers)]
    /// #[handles(Order)]
    /// struct Shop;
    ///
    /// impl Handle<Order> for Shop {
    ///     async fn handle(&mut self, order: Order, socket: &Socket) -> Result<(), Rejection> {
    ///         socket.emit(&Confirm)?;
    ///         let Confirmed(yes) = socket.wait_for(Duration::from_secs(30)).await?;
    ///         println!("{}: {yes}", order.0);
    ///         Ok(())
    ///     }
    /// }
    /// # impl Session for Shop {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`WaitError`].
    ///
    /// # Cancel safety
    /// Dropping the future loses no event: one that had been handed to it goes to the next who
    /// waits, or to its handler, ahead of those that queue.
    pub async fn wait_for<E>(&self, timeout: Duration) -> Result<E, WaitError>
    where
        E: Event<Ack = ()> + DeserializeOwned,
    {
        let awaited = self.wait_for_with_ack::<E>(timeout).await?;
        let Awaited { event, socket, ack } = awaited;
        // It cannot fail to encode, and who has gone needs no answer.
        let _ = socket.answer(ack, |nsp, id, out| {
            event::encode_ack::<E>(nsp, id, &(), out)
        });
        Ok(event)
    }

    /// The same for an event that declares an answer: the caller gives it, with
    /// [`Awaited::answer`].
    ///
    /// # Errors
    /// See [`WaitError`].
    ///
    /// # Cancel safety
    /// As [`wait_for`](Self::wait_for).
    pub fn wait_for_with_ack<E>(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<Awaited<E>, WaitError>> + Send
    where
        E: Event + DeserializeOwned,
    {
        let socket = self.clone();
        async move {
            let event = socket.next_event(E::NAME, timeout).await?;
            match event::decode(event.incoming().payload) {
                Ok(typed) => {
                    socket.metrics().events.add(1);
                    Ok(Awaited {
                        event: typed,
                        ack: event.ack,
                        socket,
                    })
                }
                Err(rejection) => {
                    socket.metrics().rejected.add(rejection.kind().label());
                    socket.refuse(&event, &rejection);
                    Err(WaitError::Payload(rejection))
                }
            }
        }
    }

    async fn next_event(
        &self,
        name: &'static str,
        timeout: Duration,
    ) -> Result<RawEvent, WaitError> {
        let mut waiting = Waiting {
            socket: self,
            receiver: self.extras().waiters.wait(name),
        };
        fence(Ordering::SeqCst);
        // It may have arrived already.
        match self.command(Action::ServeWaiters) {
            Ok(()) => {}
            Err(EmitError::Disconnected) => return Err(WaitError::Disconnected),
            Err(error) => return Err(WaitError::Overloaded(error)),
        }
        match tokio::time::timeout(timeout, &mut waiting.receiver).await {
            Ok(event) => event.map_err(|_| WaitError::Disconnected),
            Err(_) => Err(WaitError::Timeout),
        }
    }

    fn refuse(&self, event: &RawEvent, rejection: &Rejection) {
        let (name, refused) = (event.name(), Refused(rejection));
        // Who has gone needs no answer.
        let _ = self.answer(event.ack, |nsp, id, out| {
            event::answer(name, nsp, id, Args::One, &refused, out)
        });
    }

    /// Sends the answer to an event, if the client asked for one. It is no event itself: it has no
    /// place in the recovery log.
    fn answer(
        &self,
        ack: Option<u64>,
        write: impl FnOnce(&str, u64, &mut Vec<u8>) -> Result<Vec<Bytes>, EmitError>,
    ) -> Result<(), EmitError> {
        let Some(id) = ack else { return Ok(()) };
        let nsp = self.namespace_name();
        let frame = self.node().packet(|out| write(nsp, id, out))?;
        self.send_unlogged(frame)
    }
}

/// A place among those who wait.
struct Waiting<'a> {
    socket: &'a Socket,
    receiver: oneshot::Receiver<RawEvent>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        let waiters = &self.socket.extras().waiters;
        match self.receiver.try_recv() {
            Ok(event) => {
                if waiters.give_back(event) {
                    // A worker that is overloaded takes it up with the next event, and one that is
                    // about to disconnect the socket counts it.
                    let _ = self.socket.command(Action::ServeWaiters);
                } else {
                    self.socket.metrics().dropped_disconnected.add(1);
                }
            }
            Err(_) => waiters.forget_closed(),
        }
    }
}
