//! Identifiers: of sessions and sockets, which peers see, of entries in streams, and of places, which no peer sees;
//! and of the machine.

mod entry;
#[cfg(any(feature = "redis", feature = "admin"))]
mod host;
mod place;

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::entry::{EntryId, InvalidEntryId};
#[cfg(any(feature = "redis", feature = "admin"))]
pub(crate) use self::host::hostname;
pub(crate) use self::place::{Lease, NamespaceId, NamespaceIds, SlotKey, WorkerId};
use crate::entropy;

/// Characters of an identifier: 15 random bytes in URL-safe base64 (Engine.IO v4, section 1).
const LEN: usize = 20;

/// Characters of it that are no secret: as many as `@socket.io/admin-ui` shows.
const PUBLIC: usize = 12;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// 120 random bits.
fn random() -> Result<[u8; LEN], getrandom::Error> {
    let mut bytes = [0; 15];
    entropy::fill(&mut bytes)?;
    let mut text = [0; LEN];
    for (group, four) in bytes.chunks_exact(3).zip(text.chunks_exact_mut(4)) {
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for (i, character) in four.iter_mut().enumerate() {
            *character = ALPHABET[(bits >> (18 - 6 * i)) as usize & 63];
        }
    }
    Ok(text)
}

/// The public name of a socket: 20 characters of `A-Za-z0-9-_`, fresh for each namespace a client
/// joins, and the name of the socket's private room.
///
/// ```
/// use roomcast::SocketId;
///
/// let id: SocketId = "wZX3oN0bSVIhsaknAAAI".parse().unwrap();
/// assert_eq!(id.as_str(), "wZX3oN0bSVIhsaknAAAI");
/// assert!("lobby".parse::<SocketId>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId([u8; LEN]);

impl SocketId {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        random().map(Self)
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only characters of the alphabet ever get in, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for SocketId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let bytes: [u8; LEN] = text.as_bytes().try_into().map_err(|_| InvalidId)?;
        let valid = bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        valid.then_some(Self(bytes)).ok_or(InvalidId)
    }
}

impl AsRef<str> for SocketId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<'a> From<&'a SocketId> for Cow<'a, str> {
    fn from(id: &'a SocketId) -> Self {
        Self::Borrowed(id.as_str())
    }
}

impl From<SocketId> for Cow<'_, str> {
    fn from(id: SocketId) -> Self {
        Self::Owned(id.to_string())
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for SocketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SocketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that is not 20 characters of `A-Za-z0-9-_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a socket id is 20 characters of A-Z, a-z, 0-9, - and _")]
pub struct InvalidId;

/// The Engine.IO session id. Whoever knows it may speak for the session, so it has no `Display`
/// and never becomes a socket id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId([u8; LEN]);

impl SessionId {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        random().map(Self)
    }

    /// What a client claims; it need not be one of ours.
    pub(crate) fn from_peer(text: &str) -> Option<Self> {
        text.as_bytes().try_into().ok().map(Self)
    }

    /// For the open packet only.
    pub(crate) fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) fn client(&self) -> ClientId {
        let mut public = [0; PUBLIC];
        public.copy_from_slice(&self.0[..PUBLIC]);
        ClientId(public)
    }
}

/// The beginning of a [`SessionId`], by which others may know a connection: the whole is secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientId([u8; PUBLIC]);

impl ClientId {
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(secret)")
    }
}

/// What a client shows to come back to its session (Socket.IO v5, section 8). As secret as the
/// [`SessionId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PrivateId(SessionId);

impl PrivateId {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        SessionId::random().map(Self)
    }

    /// What a client claims; it need not be one of ours.
    pub(crate) fn from_peer(text: &str) -> Option<Self> {
        SessionId::from_peer(text).map(Self)
    }

    /// For the CONNECT reply only.
    pub(crate) fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_twenty_url_safe_characters_and_differ() {
        let a = SocketId::random().unwrap();
        let b = SocketId::random().unwrap();
        assert_ne!(a, b);
        assert_eq!(a.as_str().len(), 20);
        assert_eq!(a.as_str().parse::<SocketId>(), Ok(a));
    }

    #[test]
    fn the_session_id_does_not_leak_through_debug() {
        let id = SessionId::random().unwrap();
        assert!(!format!("{id:?}").contains(id.reveal()));
    }

    proptest! {
        #[test]
        fn any_text_is_an_id_or_is_not(text in prop_oneof!["[-_A-Za-z0-9]{20}", ".{18,22}", ".*"]) {
            if let Ok(id) = text.parse::<SocketId>() {
                prop_assert_eq!(id.as_str(), &text);
            }
            // A client may claim any twenty bytes; whether they are an id the directory knows.
            prop_assert_eq!(SessionId::from_peer(&text).is_some(), text.len() == LEN);
            prop_assert_eq!(PrivateId::from_peer(&text).is_some(), text.len() == LEN);
        }
    }
}
