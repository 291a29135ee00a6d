//! Who is present, and what changes.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::SerializeStruct,
};
use serde_json::value::RawValue;

use super::store::KeyState;

/// Someone who is present in a room, or a user who is online: one, in however many connections on
/// however many nodes.
///
/// As JSON: `{"key":"ann","connections":2,"metas":[{"device":"phone"},{"device":"desktop"}]}`.
///
/// ```
/// use roomcast::{StoreError, prelude::*};
///
/// #[derive(Deserialize)]
/// struct Tab {
///     device: String,
/// }
///
/// async fn devices(hub: &Hub) -> Result<(), Box<dyn std::error::Error>> {
///     for present in hub.presence("lobby").list().await? {
///         let tabs: Vec<Tab> = present.metas()?;
///         let devices: Vec<_> = tabs.into_iter().map(|tab| tab.device).collect();
///         println!("{} on {devices:?}", present.key());
///     }
///     Ok(())
/// }
/// ```
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

    /// About as many as it has as JSON.
    pub(super) fn bytes(&self) -> usize {
        const REST: usize = r#"{"key":"","connections":10,"metas":[]},"#.len();
        let metas: usize = self.metas.iter().map(|meta| meta.len() + 1).sum();
        REST + self.key.len() + metas
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
        // What is no JSON was not written by a node; it is not to silence the room of all.
        let json = |meta| serde_json::from_str::<&RawValue>(meta).unwrap_or(RawValue::NULL);
        let metas: Vec<_> = self.metas.iter().map(|meta| json(meta)).collect();
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

impl PresenceChange {
    /// About as many as clients are told of it.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Joined(present) | Self::Updated(present) => present.bytes(),
            Self::Left(present) => present.key.len() + r#""","#.len(),
            Self::Missed => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_meta_that_is_no_json_is_null_for_clients_and_hides_no_other() {
        let present = Present::from(KeyState {
            key: "ann".into(),
            connections: 2,
            metas: vec!["{".into(), "1".into()],
        });
        let json = serde_json::to_string(&present).unwrap();
        assert_eq!(json, r#"{"key":"ann","connections":2,"metas":[null,1]}"#);
    }
}
