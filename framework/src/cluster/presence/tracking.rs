//! Presence as a socket has part in it.

use std::sync::Arc;

use serde::Serialize;

use super::{error::PresenceError, registrar::Registrar, step::Place};
use crate::{namespace::Socket, room::reserved, shard::directory::RoomName};

impl Socket {
    /// Lists the socket as present in a room, and joins the room if necessary. The entry's key is the id of
    /// the socket's [user](Self::bind_user), with one entry for all sockets of a user, or, without a user,
    /// `socket:` and the socket's id. `meta` is any value that serializes, shown with the entry; calling
    /// `track` again replaces it.
    ///
    /// The entry is removed when the socket leaves the room or is disconnected. After a client has
    /// [recovered](Self::recovered) its socket, track it again.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Device<'a> {
    ///     device: &'a str,
    /// }
    ///
    /// #[derive(Deserialize, Event)]
    /// struct Enter {
    ///     room: String,
    /// }
    ///
    /// # #[derive(EventHandlers)] #[handles(Enter)] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    /// impl Handle<Enter> for Chat {
    ///     async fn handle(&mut self, enter: Enter, socket: &Socket) -> Result<(), Rejection> {
    ///         socket.track(&enter.room, &Device { device: "phone" })?;
    ///         // The client gets `presence_state`, then `presence_diff`.
    ///         socket.watch_presence(&enter.room)?;
    ///         Ok(())
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// See [`PresenceError`]; an earlier entry then remains. Exceeding
    /// [`max_rooms_per_socket`](crate::HubBuilder::max_rooms_per_socket) is an error on the thread of the
    /// socket's worker; on another thread it is only counted, and the socket is not listed.
    pub fn track<T: Serialize + ?Sized>(
        &self,
        room: impl AsRef<str>,
        meta: &T,
    ) -> Result<(), PresenceError> {
        let registrar = self.registrar();
        let meta = serde_json::to_string(meta)?;
        let max = registrar.options.max_meta_bytes;
        if meta.len() > max {
            return Err(PresenceError::TooLong(max).counted(self.metrics()));
        }
        let room = room.as_ref();
        reserved::refuse(room)?;
        registrar.track(Place::of(self)?, &room.into(), &meta.into())
    }

    /// Removes the socket from the list of those present in the room. It stays a member of the room, which
    /// counts towards [`max_rooms_per_socket`](crate::HubBuilder::max_rooms_per_socket) until it leaves.
    pub fn untrack(&self, room: impl AsRef<str>) {
        if let Ok(place) = Place::of(self) {
            self.registrar().untrack(place, &room.as_ref().into());
        }
    }

    /// Sends the client who is present in a room: first the whole list
    /// ([`PresenceState`](crate::PresenceState)), then every change
    /// ([`PresenceDiff`](crate::PresenceDiff)). The socket need not be in the room, nor tracked.
    ///
    /// It ends with [`unwatch_presence`](Self::unwatch_presence), when the socket leaves the room, and when
    /// it is disconnected. After a client has [recovered](Self::recovered) its socket, call this again.
    /// While a socket on this node watches a room, the node keeps a copy of the room's list.
    ///
    /// # Errors
    /// [`PresenceError::Emit`] and [`PresenceError::TooManyWatched`].
    pub fn watch_presence(&self, room: impl AsRef<str>) -> Result<(), PresenceError> {
        reserved::refuse(&room)?;
        let room: RoomName = room.as_ref().into();
        self.registrar().watch_for(Place::of(self)?, &room)
    }

    /// Stops sending the client changes of presence in a room.
    ///
    /// # Errors
    /// [`PresenceError::Emit`]: the client receives changes as before.
    pub fn unwatch_presence(&self, room: impl AsRef<str>) -> Result<(), PresenceError> {
        let room: RoomName = room.as_ref().into();
        let always = |_: &_, _: &_| false;
        self.registrar().unwatch(Place::of(self)?, &room, always)
    }

    pub(crate) fn registrar(&self) -> &Arc<Registrar> {
        self.state::<Arc<Registrar>>()
    }
}
