//! The one builder for everything that concerns many sockets.

mod acks;
mod applied;

use std::{borrow::Cow, sync::Arc, time::Duration};

pub use acks::Acks;
pub(crate) use acks::Asked;
pub use applied::Applied;
use serde::Serialize;
use smallvec::SmallVec;
use tokio::sync::mpsc;

use super::{encoder::Encoder, remote::RemoteSocket};
use crate::{
    error::EmitError,
    event::{Event, Target},
    shard::{
        command::{Action, Command, Found, Selection},
        directory::{Address, RoomName, Scope},
        log::{Audience, Name},
        node::Node,
    },
    transport::frame::Frame,
};

/// Which sockets, and what to do with them.
///
/// Reached from [`Hub::to`](crate::Hub::to), [`Namespace::to`](crate::Namespace::to) and
/// [`Socket::to`](crate::Socket::to). Rooms are a union, and each socket is reached once; without
/// a room it is every socket of the namespace. A socket's id is the name of a private room, so
/// [`to`](Self::to) also takes those.
///
/// Who is a member is decided when the final call is made: a socket that joins afterwards does not
/// get what was emitted before, one that leaves afterwards does.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Serialize, Event)]
/// struct Score {
///     home: u8,
///     away: u8,
/// }
///
/// fn goal(hub: &Hub) -> Result<(), roomcast::EmitError> {
///     hub.to("match 7").to("all matches").emit(&Score { home: 1, away: 0 })
/// }
/// ```
#[derive(Clone)]
#[must_use = "a broadcast does nothing until it is emitted"]
pub struct Broadcast<'a> {
    node: Arc<Node>,
    scope: Arc<Scope>,
    rooms: SmallVec<[Cow<'a, str>; 1]>,
    except: SmallVec<[Cow<'a, str>; 1]>,
    except_socket: Option<Address>,
    volatile: bool,
    compress: bool,
    timeout: Duration,
}

impl<'a> Broadcast<'a> {
    pub(crate) fn new(node: &Arc<Node>, scope: &Arc<Scope>) -> Self {
        Self {
            node: Arc::clone(node),
            scope: Arc::clone(scope),
            rooms: SmallVec::new(),
            except: SmallVec::new(),
            except_socket: None,
            volatile: false,
            compress: true,
            timeout: node.config.ack_timeout,
        }
    }

    pub(crate) fn except_socket(mut self, socket: Address) -> Self {
        self.except_socket = Some(socket);
        self
    }

    /// Adds the members of a room.
    pub fn to(mut self, room: impl Into<Cow<'a, str>>) -> Self {
        self.rooms.push(room.into());
        self
    }

    /// Leaves out the members of a room.
    pub fn except(mut self, room: impl Into<Cow<'a, str>>) -> Self {
        self.except.push(room.into());
        self
    }

    /// Only the sockets of this node. A hub without a cluster has no others.
    pub fn local(self) -> Self {
        self
    }

    /// Clients whose transport is not writable at that moment do not get the event; each is
    /// counted in [`Stats::dropped_volatile`](crate::Stats::dropped_volatile).
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

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits; by default
    /// [`HubBuilder::ack_timeout`](crate::HubBuilder::ack_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Emits an event. It is encoded once, whatever the number of receivers.
    ///
    /// It returns when this worker has taken the event for its members and all other workers have
    /// it in their inboxes; it never waits for a client.
    ///
    /// # Errors
    /// [`EmitError::Encode`] and [`EmitError::Reserved`]: nobody gets it.
    /// [`EmitError::Overloaded`]: the members on some workers do not.
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.send(self.encoder().event(event, None)?)
    }

    /// Emits an untyped event; `args` must serialize to a list (a tuple, an array, a `Vec`) or be `()`.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) -> Result<(), EmitError> {
        self.send(self.encoder().raw(name, args, None)?)
    }

    /// Makes the sockets join rooms. Sent at once; await the result to know that it was done.
    ///
    /// What this task emits to those rooms afterwards reaches them.
    pub fn join<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.join_any(rooms)
    }

    pub(crate) fn join_any<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.manage(Action::Join(names(rooms)))
    }

    pub(crate) fn leave_any<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.manage(Action::Leave(names(rooms)))
    }

    /// Makes the sockets leave rooms. Sent at once; await the result to know that it was done.
    pub fn leave<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        self.manage(Action::Leave(names(rooms)))
    }

    /// Disconnects the sockets from this namespace, or with `close` their whole connections.
    /// Sent at once; awaiting the result tells that their connections have been told. What is
    /// emitted to them before they act on it still arrives, before the disconnect.
    pub fn disconnect(&self, close: bool) -> Applied {
        self.manage(Action::Disconnect { close })
    }

    /// The sockets themselves.
    ///
    /// # Errors
    /// [`EmitError::Overloaded`] if a worker could not be asked.
    pub async fn fetch_sockets(&self) -> Result<Vec<RemoteSocket>, EmitError> {
        let mut answers = self.ask(Action::Fetch)?;
        let mut sockets = Vec::new();
        while let Some(found) = answers.recv().await {
            let remote = |Found { id, rooms, data }| RemoteSocket {
                node: Arc::clone(&self.node),
                scope: Arc::clone(&self.scope),
                id,
                rooms,
                data,
            };
            sockets.extend(found.into_iter().map(remote));
        }
        Ok(sockets)
    }

    fn encoder(&self) -> Encoder<'_> {
        Encoder {
            node: &self.node,
            scope: &self.scope,
            to: Target::Rooms {
                rooms: &self.rooms,
                except: &self.except,
                from: self.except_socket.map(|socket| socket.id),
            },
            volatile: self.volatile,
            compress: self.compress,
        }
    }

    fn manage(&self, action: Action) -> Applied {
        self.ask(action).into()
    }

    fn ask(&self, action: Action) -> Result<mpsc::Receiver<Vec<Found>>, EmitError> {
        let selection = self.selection();
        let workers = selection.workers(&self.scope);
        let (done, answers) = mpsc::channel(workers.len().max(1));
        let command = self.command(selection, action, Some(done));
        self.node.dispatch_to(workers, command)?;
        Ok(answers)
    }

    fn send(&self, frame: Frame) -> Result<(), EmitError> {
        if let Some(store) = &self.scope.recovery {
            let select = || self.selection();
            return store.emit(&self.node, &self.scope, frame, self.audience(), select);
        }
        let action = Action::Emit { frame, ack: None };
        self.node
            .dispatch(self.command(self.selection(), action, None))
    }

    fn command(
        &self,
        to: Selection,
        action: Action,
        done: Option<mpsc::Sender<Vec<Found>>>,
    ) -> Command {
        Command {
            done,
            ..Command::new(&self.scope, to, action)
        }
    }

    /// The same as [`selection`](Self::selection), by name.
    fn audience(&self) -> Audience {
        let named = |name: &Cow<'_, str>| Name::Room(RoomName::from(&**name));
        let sender = self.except_socket.map(|socket| Name::Socket(socket.id));
        Audience {
            rooms: self.rooms.iter().map(named).collect(),
            except: self.except.iter().map(named).chain(sender).collect(),
        }
    }

    /// The socket that emits, where it is now: its client may have come back elsewhere.
    fn sender(&self) -> Option<Address> {
        let sender = self.except_socket?;
        match self.scope.recovery {
            None => Some(sender),
            Some(_) => self.node.directory.address(self.scope.id, sender.id),
        }
    }

    fn selection(&self) -> Selection {
        let mut selection = Selection {
            everyone: self.rooms.is_empty(),
            ..Selection::default()
        };
        let private = |name: &str| self.node.directory.private_room(self.scope.id, name);
        for name in &self.rooms {
            selection.rooms.extend(self.scope.room(name));
            selection.sockets.extend(private(name));
        }
        for name in &self.except {
            selection.except_rooms.extend(self.scope.room(name));
            selection.except_sockets.extend(private(name));
        }
        selection.except_sockets.extend(self.sender());
        selection
    }
}

pub(crate) fn names<R: AsRef<str>>(rooms: impl IntoIterator<Item = R>) -> Arc<[RoomName]> {
    rooms
        .into_iter()
        .map(|room| RoomName::from(room.as_ref()))
        .collect()
}
