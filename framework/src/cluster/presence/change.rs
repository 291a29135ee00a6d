//! Who is present, and what changes.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::DeserializeOwned,
    ser::{Error as _, SerializeStruct},
};
use serde_json::value::RawValue;

use super::store::KeyState;

/// Someone who is present in a room, or a user who is online: one, in however many connections on
/// however many nodes.
///
/// As JSON: `{"key":"ann","connections":2,"metas":[{"device":"phone"},{"device":"desktop"}]}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Present {
    key: Arc<str>,
    connections: usize,
    metas: Arc<[Arc<str>]>,
}

impl Present {
    /// The id of the user, or `socket:` and that of the socket if it has no user.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// In how many sockets.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// What the connections say of themselves, the first 32 of them; see
    /// [`Socket::track`](crate::Socket::track).
    ///
    /// # Errors
    /// If one does not fit the type.
    pub fn metas<T: DeserializeOwned>(&self) -> Result<Vec<T>, serde_json::Error> {
        let metas = self.metas.iter();
        metas.map(|json| serde_json::from_str(json)).collect()
    }

    pub(super) fn shared_key(&self) -> &Arc<str> {
        &self.key
    }
}

impl From<KeyState> for Present {
    fn from(state: KeyState) -> Self {
        Self {
            key: state.key,
            connections: state.connections,
            metas: state.metas.into(),
        }
    }
}

impl Serialize for Present {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let metas = self.metas.iter();
        let metas = metas.map(|json| serde_json::from_str::<&RawValue>(json));
        let metas = metas.collect::<Result<Vec<_>, _>>();
        let metas = metas.map_err(S::Error::custom)?;
        let mut fields = serializer.serialize_struct("Present", 3)?;
        fields.serialize_field("key", &*self.key)?;
        fields.serialize_field("connections", &self.connections)?;
        fields.serialize_field("metas", &metas)?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            key: String,
            connections: usize,
            metas: Vec<Box<RawValue>>,
        }
        let fields = Fields::deserialize(deserializer)?;
        let metas = fields.metas.iter();
        Ok(Self {
            key: fields.key.into(),
            connections: fields.connections,
            metas: metas.map(|meta| meta.get().into()).collect(),
        })
    }
}

impl fmt::Debug for Present {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Present")
            .field("key", &self.key)
            .field("connections", &self.connections)
            .field("metas", &self.metas)
            .finish()
    }
}

/// A change of presence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresenceChange {
    /// Someone came, in a first connection.
    Joined(Present),
    /// Someone who is there opened or closed a connection, or said something else of one.
    Updated(Present),
    /// Someone went, with the last connection; this is how it was before.
    Left(Present),
    /// Whoever is told was too far behind: changes were dropped, and the room is to be listed
    /// again.
    Missed,
}
