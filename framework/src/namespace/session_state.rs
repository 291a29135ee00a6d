use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::Refusal;
use crate::event::raw;

/// What a session keeps for the time its client is away: from
/// [`Session::save`](crate::Session::save) to [`Session::restore`](crate::Session::restore).
///
/// Held as JSON, so that nothing of the old connection survives in it.
///
/// ```
/// use roomcast::{SessionState, prelude::*};
///
/// #[derive(EventHandlers)]
/// #[handles()]
/// struct Player {
///     score: u32,
/// }
///
/// impl Session for Player {
///     type Auth = ();
///
///     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
///         Ok(Self { score: 0 })
///     }
///
///     fn save(&self) -> Option<SessionState> {
///         SessionState::of(&self.score)
///     }
///
///     async fn restore(state: SessionState, _: (), _: &Socket) -> Result<Self, Refusal> {
///         Ok(Self { score: state.read()? })
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct SessionState(Arc<RawValue>);

impl SessionState {
    /// Keeps a value. One that does not serialize is traced, and nothing is kept.
    ///
    /// ```
    /// use roomcast::SessionState;
    ///
    /// let state = SessionState::of(&("ada", 7)).expect("serializes");
    /// let (name, score): (String, u32) = state.read().expect("fits");
    /// assert_eq!((name.as_str(), score), ("ada", 7));
    /// ```
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Option<Self> {
        raw(value, "session state").map(|value| Self(value.into()))
    }

    /// The value that was kept.
    ///
    /// # Errors
    /// If it does not fit the type. What is wrong is traced; the client learns no more than that
    /// its session could not be restored.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_str(self.0.get()).map_err(|error| {
            tracing::error!(%error, "a kept session state does not fit");
            Refusal::new("the session could not be restored")
        })
    }
}
