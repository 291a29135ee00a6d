//! What is told of every event that is emitted.

use std::borrow::Cow;

use crate::id::SocketId;

/// An event that is about to go out, as [`HubBuilder::on_any_outgoing`] is told of it: once for
/// each emit, whatever the number of receivers.
///
/// [`HubBuilder::on_any_outgoing`]: crate::HubBuilder::on_any_outgoing
///
/// ```
/// use roomcast::{Outgoing, prelude::*};
///
/// let builder = Hub::builder().on_any_outgoing(|event: &Outgoing<'_>| {
///     println!("{} to {:?} in {}", event.name(), event.to(), event.namespace());
/// });
/// ```
pub struct Outgoing<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) to: Target<'a>,
    pub(crate) wants_ack: bool,
    pub(crate) json: &'a dyn Fn() -> String,
}

/// Whom an [`Outgoing`] event is for.
///
/// ```
/// use roomcast::{Hub, Outgoing, Target};
///
/// let builder = Hub::builder().on_any_outgoing(|event: &Outgoing<'_>| match event.to() {
///     Target::Socket(id) => println!("{} to {id}", event.name()),
///     Target::Rooms { rooms, .. } => println!("{} to {} rooms", event.name(), rooms.len()),
/// });
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// One socket.
    Socket(SocketId),
    /// The members of rooms, or everyone in the namespace if there are none; not those in the
    /// excepted rooms, and not the one socket that a broadcast from a socket leaves out.
    Rooms {
        /// The rooms, in the order in which they were named.
        rooms: &'a [Cow<'a, str>],
        /// The excepted rooms.
        except: &'a [Cow<'a, str>],
        /// The socket that broadcasts, and does not get it itself.
        from: Option<SocketId>,
    },
}

impl<'a> Outgoing<'a> {
    /// The name of the event.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The namespace of the receivers.
    #[must_use]
    pub fn namespace(&self) -> &'a str {
        self.namespace
    }

    /// Whom it is for.
    #[must_use]
    pub fn to(&self) -> Target<'a> {
        self.to
    }

    /// Whether the receivers are asked for an answer.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.wants_ack
    }

    /// The arguments as a JSON list, serialized again for this call. Attachments appear as
    /// Socket.IO's placeholders.
    #[must_use]
    pub fn json(&self) -> String {
        (self.json)()
    }
}

impl std::fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("name", &self.name)
            .field("namespace", &self.namespace)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// What the application wants to be told.
pub(crate) type OnAnyOutgoing = Box<dyn Fn(&Outgoing<'_>) + Send + Sync>;
