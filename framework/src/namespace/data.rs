//! A value of the application's that goes with a socket, and that others see.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Serialize, de::DeserializeOwned};

use super::{Refusal, Socket};
use crate::{error::EmitError, event::Rejection, shard::command::Action};

/// The value as JSON text.
#[derive(Default)]
pub(super) struct Data(Mutex<Option<Arc<String>>>);

impl Data {
    pub(super) fn json(&self) -> Option<Arc<String>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }
}

/// Why the data of a socket was not set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The value does not serialize.
    #[error("the data does not serialize: {0}")]
    Encode(#[from] serde_json::Error),
    /// The socket has gone, or its worker has too much waiting to take it.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

/// What a client is told; why is the server's business.
const FAILED: &str = "internal server error";

/// The client learns no more than that the server failed.
impl From<DataError> for Rejection {
    fn from(error: DataError) -> Self {
        tracing::debug!(%error, "data was not set");
        Self::new(FAILED)
    }
}

/// The client learns no more than that the server failed.
impl From<DataError> for Refusal {
    fn from(error: DataError) -> Self {
        tracing::debug!(%error, "data was not set");
        Self::new(FAILED)
    }
}

impl Socket {
    /// Sets the value that goes with this socket, in place of the one before; Socket.IO's
    /// `socket.data`. [`fetch_sockets`](crate::Broadcast::fetch_sockets) shows it to everyone else.
    ///
    /// It is kept as JSON, so that it can leave the process, until the socket goes. What only the
    /// session needs belongs into the session.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Profile {
    ///     name: String,
    /// }
    ///
    /// async fn names(socket: &Socket) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    ///     socket.set_data(&Profile { name: "Ada".into() })?;
    ///     let mut names = Vec::new();
    ///     for other in socket.to("lobby").fetch_sockets().await? {
    ///         names.extend(other.data::<Profile>()?.map(|profile| profile.name));
    ///     }
    ///     Ok(names)
    /// }
    /// ```
    ///
    /// # Errors
    /// See [`DataError`]; the value before stays.
    pub fn set_data<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), DataError> {
        Ok(self.set_json(Arc::new(serde_json::to_string(data)?))?)
    }

    /// The value as it is kept.
    pub(crate) fn json(&self) -> Option<Arc<String>> {
        self.known_extras()?.data.json()
    }

    pub(super) fn set_json(&self, json: Arc<String>) -> Result<(), EmitError> {
        let known = &self.extras().data.0;
        // Held until others see it, so that all see the same one last.
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        self.command(Action::SetData(Arc::clone(&json)))?;
        *known = Some(json);
        Ok(())
    }

    /// The value that was set last; `None` before, and after the socket has gone still the last.
    ///
    /// # Errors
    /// If it does not fit the type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        let Some(extras) = self.known_extras() else {
            return Ok(None);
        };
        let json = extras.data.json();
        json.map(|json| serde_json::from_str(&json)).transpose()
    }
}
