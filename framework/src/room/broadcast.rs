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

use super::{
    encoder::{Encoded, Encoder},
    fetched::FetchedSockets,
    reserved,
};
use crate::{
    error::EmitError,
    event::{Event, Target},
    shard::{
        command::{Action, Command, Found, Selection},
        directory::{Address, RoomName, Scope},
        log::{Audience, Name},
        node::Node,
        uplink::{Change, Reach, Uplink},
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
    local: bool,
    volatile: bool,
    compress: bool,
    timeout: Option<Duration>,
    /// It is for one socket.
    single: bool,
}

impl<'a> Broadcast<'a> {
    pub(crate) fn new(node: &Arc<Node>, scope: &Arc<Scope>) -> Self {
        Self {
            node: Arc::clone(node),
            scope: Arc::clone(scope),
            rooms: SmallVec::new(),
            except: SmallVec::new(),
            except_socket: None,
            local: false,
            volatile: false,
            compress: true,
            timeout: None,
            single: false,
        }
    }

    pub(crate) fn except_socket(mut self, socket: Address) -> Self {
        self.except_socket = Some(socket);
        self
    }

    /// It is for one socket, whose id is the room.
    pub(crate) fn single(mut self) -> Self {
        self.single = true;
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

    /// Only the sockets of this node, if the hub is [one of several](crate::adapter).
    pub fn local(mut self) -> Self {
        self.local = true;
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

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits, by default
    /// [`HubBuilder::ack_timeout`](crate::HubBuilder::ack_timeout), and
    /// [`fetch_sockets`](Self::fetch_sockets) for other nodes, by default
    /// [`HubBuilder::requests_timeout`](crate::HubBuilder::requests_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
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
    /// [`EmitError::Publish`]: those of other nodes do not.
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
    /// What this task emits to those rooms afterwards reaches them; sockets of other nodes, once the
    /// result was awaited.
    pub fn join<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        let rooms = names(rooms);
        for room in &*rooms {
            if let Err(refused) = reserved::refuse(room) {
                return Applied::new(Err(refused), None);
            }
        }
        self.join_any(rooms)
    }

    /// The same with rooms that may be reserved.
    pub(crate) fn join_any(&self, rooms: Arc<[RoomName]>) -> Applied {
        self.manage(Action::Join(Arc::clone(&rooms)), Change::Join(&rooms))
    }

    /// Makes the sockets leave rooms. Sent at once; await the result to know that it was done.
    pub fn leave<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        let rooms = names(rooms);
        for room in &*rooms {
            if let Err(refused) = reserved::refuse(room) {
                return Applied::new(Err(refused), None);
            }
        }
        self.leave_any(rooms)
    }

    pub(crate) fn leave_any(&self, rooms: Arc<[RoomName]>) -> Applied {
        self.manage(Action::Leave(Arc::clone(&rooms)), Change::Leave(&rooms))
    }

    /// Disconnects the sockets from this namespace, or with `close` their whole connections.
    /// Sent at once; awaiting the result tells that their connections have been told. What is
    /// emitted to them before they act on it still arrives, before the disconnect.
    pub fn disconnect(&self, close: bool) -> Applied {
        self.manage(Action::Disconnect { close }, Change::Disconnect { close })
    }

    /// The sockets themselves, of all nodes. Nodes that do not answer within the
    /// [`timeout`](Self::timeout) do no harm: they are
    /// [counted](FetchedSockets::missing_nodes), and what the others answered is returned.
    ///
    /// # Errors
    /// [`EmitError::Overloaded`] if a worker of this node could not be asked.
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up.
    pub async fn fetch_sockets(&self) -> Result<FetchedSockets, EmitError> {
        let mut answers = self.ask(Action::Fetch)?;
        let timeout = self.timeout.unwrap_or(self.node.config.requests_timeout);
        let elsewhere = self
            .uplink()
            .map(|uplink| uplink.fetch(self.reach(), timeout));
        let mut fetched = FetchedSockets::default();
        while let Some(found) = answers.recv().await {
            fetched.found(&self.node, &self.scope, found);
        }
        if let Some(elsewhere) = elsewhere {
            fetched.found_elsewhere(&self.node, &self.scope, elsewhere.await);
        }
        Ok(fetched)
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
            published: self.uplink().is_some(),
        }
    }

    /// The way to the other nodes, if they are meant.
    fn uplink(&self) -> Option<&dyn Uplink> {
        self.scope.uplink().filter(|_| !self.local)
    }

    fn reach(&self) -> Reach<'_> {
        Reach {
            rooms: &self.rooms,
            except: &self.except,
            sender: self.except_socket.map(|socket| socket.id),
        }
    }

    fn manage(&self, action: Action, change: Change<'_>) -> Applied {
        // Before the workers here are told: its way is longer.
        let elsewhere = self
            .uplink()
            .map(|uplink| uplink.change(change, self.reach()));
        let here = self.ask(action);
        Applied::new(here, elsewhere)
    }

    fn ask(&self, action: Action) -> Result<mpsc::Receiver<Vec<Found>>, EmitError> {
        let selection = self.selection();
        let workers = selection.workers(&self.scope);
        let (done, answers) = mpsc::channel(workers.len().max(1));
        let command = self.command(selection, action, Some(done));
        self.node.dispatch_to(workers, command)?;
        Ok(answers)
    }

    fn send(&self, event: Encoded) -> Result<(), EmitError> {
        if let Some(uplink) = self.uplink()
            && self.scope.shared_log().is_some()
        {
            return uplink.emit(event.plain(), self.reach());
        }
        // Before the fan-out here: its way is longer.
        let published = self
            .uplink()
            .map_or(Ok(()), |uplink| uplink.emit(event.plain(), self.reach()));
        self.deliver(event.frame).and(published)
    }

    fn deliver(&self, frame: Frame) -> Result<(), EmitError> {
        if let Some(store) = self.scope.own_log() {
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
        let (rooms, except) = (self.rooms.iter(), self.except.iter());
        let mut selection = Selection::named(
            &self.node,
            &self.scope,
            rooms.map(AsRef::as_ref),
            except.map(AsRef::as_ref),
        );
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
