//! Sockets that may stay only for so long.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::Socket;
use crate::{error::EmitError, shard::command::Action};

/// When a socket expires, as everyone who holds it sees it.
#[derive(Default)]
pub(super) struct Expiry(Mutex<State>);

#[derive(Default)]
struct State {
    at: Option<Instant>,
    /// Its session is to be told, when it is free.
    is_close: bool,
}

impl Expiry {
    // Held while a command is handed over, and never across an await or foreign code.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Socket {
    /// Lets the socket stay for so long from now, in place of what was set before.
    ///
    /// [`expiry_notice`](crate::HubBuilder::expiry_notice) before the end
    /// [`Session::expiring`](crate::Session::expiring) is called, so that the client can be asked
    /// for a new token; who gets one calls this again. At the end the socket is disconnected with
    /// [`DisconnectReason::Expired`](crate::DisconnectReason::Expired), whether or not a handler
    /// runs.
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Deserialize, Event)]
    /// struct Renew {
    ///     token: String,
    /// }
    ///
    /// #[derive(Serialize, Event)]
    /// struct TokenExpires;
    ///
    /// #[derive(EventHandlers)]
    /// #[handles(Renew)]
    /// struct Account;
    ///
    /// /// How long a token is valid.
    /// fn verify(token: &str) -> Result<Duration, &'static str> {
    ///     # let _ = token;
    ///     # Ok(Duration::from_secs(3600))
    /// }
    ///
    /// impl Session for Account {
    ///     type Auth = String;
    ///
    ///     async fn connect(token: String, socket: &Socket) -> Result<Self, Refusal> {
    ///         socket.expires_in(verify(&token)?)?;
    ///         Ok(Self)
    ///     }
    ///
    ///     async fn expiring(&mut self, socket: &Socket) {
    ///         let _ = socket.emit(&TokenExpires);
    ///     }
    /// }
    ///
    /// impl Handle<Renew> for Account {
    ///     async fn handle(&mut self, renew: Renew, socket: &Socket) -> Result<(), Rejection> {
    ///         Ok(socket.expires_in(verify(&renew.token)?)?)
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`join`](Self::join); what was set before counts then.
    pub fn expires_in(&self, time: Duration) -> Result<(), EmitError> {
        // A time that no clock can show never comes.
        self.expire(Instant::now().checked_add(time))
    }

    /// The same until a time of the system's clock, as tokens name it. A change of that clock
    /// afterwards changes nothing; a time that has passed disconnects at once.
    ///
    /// # Errors
    /// As [`expires_in`](Self::expires_in).
    pub fn expires_at(&self, time: SystemTime) -> Result<(), EmitError> {
        let left = time.duration_since(SystemTime::now()).unwrap_or_default();
        self.expires_in(left)
    }

    /// Lets the socket stay for as long as it likes again.
    ///
    /// # Errors
    /// As [`expires_in`](Self::expires_in).
    pub fn never_expires(&self) -> Result<(), EmitError> {
        self.expire(None)
    }

    /// How long the socket may still stay; `None` if it does not expire.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let at = self.known_extras()?.expiry.lock().at?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    fn expire(&self, at: Option<Instant>) -> Result<(), EmitError> {
        let mut state = self.extras().expiry.lock();
        self.send_command(Action::Expire(at))?;
        *state = State {
            at,
            is_close: false,
        };
        Ok(())
    }

    /// Notes that its session is to be told, unless more time was given meanwhile.
    pub(crate) fn expires_soon(&self) {
        if let Some(extras) = self.known_extras() {
            let mut state = extras.expiry.lock();
            let notice = self.node().config.expiry_notice;
            let left = |at: Instant| at.saturating_duration_since(Instant::now());
            state.is_close = state.at.is_some_and(|at| left(at) <= notice);
        }
    }

    /// Whether its session is to be told now; once for each time that was set.
    pub(crate) fn take_expires_soon(&self) -> bool {
        self.known_extras()
            .is_some_and(|extras| std::mem::take(&mut extras.expiry.lock().is_close))
    }

    pub(crate) fn has_expired(&self) -> bool {
        self.time_left().is_some_and(|left| left.is_zero())
    }
}
