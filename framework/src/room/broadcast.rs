//! The one builder for everything that concerns many sockets.

mod acks;
mod applied;
mod members;

use std::{borrow::Cow, sync::Arc, time::Duration};

pub use acks::Acks;
pub(crate) use acks::Asked;
pub use applied::Applied;
pub(crate) use members::names;
use serde::Serialize;
use smallvec::SmallVec;
use tokio::sync::mpsc;

#[cfg(feature = "admin")]
use bytes::Bytes;

use super::{
    encoder::{Encoded, Encoder},
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
        uplink::{Reach, Uplink},
    },
    transport::frame::Frame,
};

/// A selection of sockets, to emit to, to move between rooms, to disconnect, or to list.
///
/// Begin one with [`Hub::to`](crate::Hub::to), [`Namespace::to`](crate::Namespace::to) or
/// [`Socket::to`](crate::Socket::to). With several rooms it addresses the union of their members, each
/// socket once; without a room, every socket of the namespace. A socket's id is the name of its private
/// room, so [`to`](Self::to) accepts ids too.
///
/// The members are those at the time of the final call, such as [`emit`](Self::emit): a socket that
/// joins later does not receive the event, one that leaves later does.
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
    /// Which of the rooms is not for the application to name.
    refused: Option<usize>,
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
            refused: None,
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

    /// Adds the members of a room. If the name is [reserved](EmitError::ReservedRoom), the final call
    /// fails, so that a client that may name rooms cannot reach the hub's own; to address a user, see
    /// [`Hub::user`](crate::Hub::user).
    pub fn to(mut self, room: impl Into<Cow<'a, str>>) -> Self {
        let room = room.into();
        if reserved::is_reserved(&room) {
            self.refused = Some(self.rooms.len());
        }
        self.with_room(room)
    }

    /// The same with a room that may be reserved.
    pub(crate) fn with_room(mut self, room: impl Into<Cow<'a, str>>) -> Self {
        self.rooms.push(room.into());
        self
    }

    /// Excludes the members of a room.
    pub fn except(mut self, room: impl Into<Cow<'a, str>>) -> Self {
        self.except.push(room.into());
        self
    }

    /// Limits the broadcast to the sockets of this node, if the hub is part of a
    /// [cluster](crate::adapter).
    pub fn local(mut self) -> Self {
        self.local = true;
        self
    }

    /// Drops the event for clients whose transport is not writable at that moment; each is
    /// counted in [`Stats::dropped_volatile`](crate::Stats::dropped_volatile).
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Whether the event may be compressed, on connections that
    /// [negotiated it](crate::HubBuilder::per_message_deflate). Default true.
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits for acks (default
    /// [`HubBuilder::ack_timeout`](crate::HubBuilder::ack_timeout)), and
    /// [`fetch_sockets`](Self::fetch_sockets) for other nodes (default
    /// [`HubBuilder::requests_timeout`](crate::HubBuilder::requests_timeout)).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Emits an event to the selected sockets. It is encoded once, whatever their number.
    ///
    /// Returns when the event has been queued on all workers concerned; it never waits for a client.
    ///
    /// # Errors
    /// [`EmitError::Encode`], [`EmitError::Reserved`], [`EmitError::ReservedRoom`] and
    /// [`EmitError::Parser`]: nobody receives it.
    /// [`EmitError::Overloaded`]: the members on some workers do not receive it.
    /// [`EmitError::Publish`]: the members on other nodes do not receive it.
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

    /// Emits an event whose array, the name and the arguments, is JSON already, and may refer to
    /// attachments.
    #[cfg(feature = "admin")]
    pub(crate) fn emit_array(
        &self,
        name: &str,
        array: &str,
        attachments: &[Bytes],
    ) -> Result<(), EmitError> {
        let event = self.encoder().array(name, array, attachments)?;
        self.send(event)
    }

    /// Whether the application may name all of the rooms.
    fn check_rooms(&self) -> Result<(), EmitError> {
        let refused = self.refused.and_then(|at| self.rooms.get(at));
        refused.map_or(Ok(()), reserved::refuse)
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

    fn send(&self, event: Encoded) -> Result<(), EmitError> {
        self.check_rooms()?;
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
