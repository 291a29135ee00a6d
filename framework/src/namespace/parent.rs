use std::{borrow::Cow, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::{Core, Namespace, children::ParentInner};
use crate::{
    error::EmitError,
    event::{Event, RawAck},
    room::{Acks, Applied, Asked, Broadcast, FetchedSockets},
};

/// The namespaces of one [pattern or predicate](crate::NamespaceBuilder::matching) that exist, as
/// one audience. From [`Hub::parent`](crate::Hub::parent).
///
/// Each call goes to the children of that moment on this node, one after the other; those that
/// come into being later get nothing. Rooms are those of each child.
///
/// ```
/// use roomcast::prelude::*;
/// # #[derive(EventHandlers)] #[handles()] struct Room;
/// # impl Session for Room {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// #[derive(Serialize, Event)]
/// struct Closing {
///     minutes: u8,
/// }
///
/// let hub = Hub::builder().dynamic_namespace::<Room>("/room-{id}").build()?;
/// if let Some(rooms) = hub.parent("/room-{id}") {
///     rooms.except("staff").emit(&Closing { minutes: 5 })?;
/// }
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ParentNamespace<'a> {
    core: Arc<Core>,
    parent: Arc<ParentInner>,
    rooms: Vec<Cow<'a, str>>,
    except: Vec<Cow<'a, str>>,
    volatile: bool,
    compress: bool,
    timeout: Option<Duration>,
}

impl<'a> ParentNamespace<'a> {
    pub(super) fn new(core: &Arc<Core>, parent: &Arc<ParentInner>) -> Self {
        Self {
            core: Arc::clone(core),
            parent: Arc::clone(parent),
            rooms: Vec::new(),
            except: Vec::new(),
            volatile: false,
            compress: true,
            timeout: None,
        }
    }

    /// The pattern, or the label of the predicate.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.parent.name
    }

    /// The namespaces that exist now, in no order.
    #[must_use]
    pub fn children(&self) -> Vec<Namespace> {
        let children = self.core.children.of(&self.parent);
        children
            .iter()
            .map(|child| Namespace::of(&self.core, child))
            .collect()
    }

    /// Adds the members of a room of each child.
    pub fn to(mut self, room: impl Into<Cow<'a, str>>) -> Self {
        self.rooms.push(room.into());
        self
    }

    /// Leaves out the members of a room of each child.
    pub fn except(mut self, room: impl Into<Cow<'a, str>>) -> Self {
        self.except.push(room.into());
        self
    }

    /// As [`Broadcast::volatile`].
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// As [`Broadcast::compress`].
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// As [`Broadcast::timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Emits an event, encoded once for each child.
    ///
    /// # Errors
    /// As [`Broadcast::emit`]; the first of them, after every child was tried.
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        first_error(self.audiences().map(|audience| audience.emit(event)))
    }

    /// Emits an untyped event; `args` must serialize to a list.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError> {
        first_error(
            self.audiences()
                .map(|audience| audience.emit_raw(name, args)),
        )
    }

    /// Emits an event and waits until every receiver in every child has answered, or gone, or the
    /// timeout. The answers of one child come behind those of another.
    ///
    /// ```
    /// use roomcast::prelude::*;
    /// # #[derive(EventHandlers)] #[handles()] struct Room;
    /// # impl Session for Room {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// #[derive(Serialize, Event)]
    /// #[event(ack = bool)]
    /// struct Ready;
    ///
    /// async fn ready(hub: &Hub) -> Result<usize, roomcast::EmitError> {
    ///     let Some(rooms) = hub.parent("/room-{id}") else {
    ///         return Ok(0);
    ///     };
    ///     let answers = rooms.to("players").emit_with_ack(&Ready).await?;
    ///     Ok(answers.into_values().into_iter().filter(|ready| *ready).count())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`Broadcast::emit_with_ack`]; [`EmitError::Overloaded`] only where nobody answered.
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up; the event has been sent once it was polled.
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<Acks<E::Ack>, EmitError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        let asked = self.audiences().map(|audience| audience.ask_for(event));
        let asked = asked.collect::<Result<Vec<_>, _>>()?;
        Asked::answers(asked).await
    }

    /// The same with an untyped event; `args` must serialize to a list.
    ///
    /// # Errors
    /// As [`emit_with_ack`](Self::emit_with_ack); whether an answer fits, [`RawAck::args`] tells.
    ///
    /// # Cancel safety
    /// As [`emit_with_ack`](Self::emit_with_ack).
    pub async fn emit_raw_with_ack<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> Result<Acks<RawAck>, EmitError> {
        let ask = |audience: Broadcast<'_>| audience.ask_for_raw(name, args);
        let asked = self.audiences().map(ask).collect::<Result<Vec<_>, _>>()?;
        Asked::answers(asked).await
    }

    /// Makes the sockets join rooms; as [`Broadcast::join`].
    pub fn join<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        let rooms: Vec<R> = rooms.into_iter().collect();
        Applied::all(self.audiences().map(|audience| audience.join(&rooms)))
    }

    /// Makes the sockets leave rooms; as [`Broadcast::leave`].
    pub fn leave<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        let rooms: Vec<R> = rooms.into_iter().collect();
        Applied::all(self.audiences().map(|audience| audience.leave(&rooms)))
    }

    /// Disconnects the sockets, or with `close` their whole connections; as
    /// [`Broadcast::disconnect`].
    pub fn disconnect(&self, close: bool) -> Applied {
        Applied::all(self.audiences().map(|audience| audience.disconnect(close)))
    }

    /// The sockets themselves.
    ///
    /// # Errors
    /// As [`Broadcast::fetch_sockets`].
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up.
    pub async fn fetch_sockets(&self) -> Result<FetchedSockets, EmitError> {
        let mut sockets = FetchedSockets::default();
        for audience in self.audiences() {
            sockets.append(audience.fetch_sockets().await?);
        }
        Ok(sockets)
    }

    fn audiences(&self) -> impl Iterator<Item = Broadcast<'_>> {
        self.children().into_iter().map(|child| {
            let mut audience = child.everyone();
            audience = audience.compress(self.compress);
            if let Some(timeout) = self.timeout {
                audience = audience.timeout(timeout);
            }
            for room in &self.rooms {
                audience = audience.to(&**room);
            }
            for room in &self.except {
                audience = audience.except(&**room);
            }
            match self.volatile {
                true => audience.volatile(),
                false => audience,
            }
        })
    }
}

fn first_error(results: impl Iterator<Item = Result<(), EmitError>>) -> Result<(), EmitError> {
    results.fold(Ok(()), Result::and)
}

impl std::fmt::Debug for ParentNamespace<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParentNamespace")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
