//! Rooms that the hub keeps for itself.

pub(crate) use crate::shard::directory::is_reserved;
use crate::{error::EmitError, shard::directory::RESERVED};

/// # Errors
/// [`EmitError::ReservedRoom`] if it is one.
pub(crate) fn refuse(room: impl AsRef<str>) -> Result<(), EmitError> {
    let room = room.as_ref();
    match is_reserved(room) {
        true => Err(EmitError::ReservedRoom(room.to_owned())),
        false => Ok(()),
    }
}

/// The room of all sockets of a user.
pub(crate) fn of_user(user: &str) -> String {
    format!("{RESERVED}user:{user}")
}

/// The user whose sockets are in this room, if it is one of these.
pub(crate) fn user_of(room: &str) -> Option<&str> {
    room.strip_prefix(RESERVED)?.strip_prefix("user:")
}

/// Whether it is a room of those whose clients are told who is present. They are in it for as long
/// as a connection lasts only.
pub(crate) fn is_of_watchers(room: &str) -> bool {
    let rest = room.strip_prefix(RESERVED);
    rest.is_some_and(|rest| rest.starts_with("presence:"))
}

/// The room of those whose clients are told who is present in a room.
pub(crate) fn of_watchers(room: &str) -> String {
    format!("{RESERVED}presence:{room}")
}
