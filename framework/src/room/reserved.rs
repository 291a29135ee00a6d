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

/// The room of those whose clients are told who is present in a room.
pub(crate) fn of_watchers(room: &str) -> String {
    format!("{RESERVED}presence:{room}")
}
