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
pub(super) struct Expiry(Mutex<Option<Instant>>);

impl Expiry {
    // Held while a command is handed over, and never across an await or foreign code.
    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Socket {
    /// Sets the time after which the socket is disconnected, for instance when its token expires. It
    /// replaces the time that was set before.
    ///
    /// [`expiry_notice`](crate::HubBuilder::expiry_notice) before the end
    /// [`Session::expiring`](crate::Session::expiring) is called, where you can ask the client for a new
    /// token, and then call this again. At the end the socket is disconnected with
    /// [`DisconnectReason::Expired`](crate::DisconnectReason::Expired), whether or not a handler runs. Its
    /// client receives a DISCONNECT packet (`io server disconnect` in Socket.IO), after which it does not
    /// reconnect by itself. A client that is still in `connect` then is refused with `expired`.
    ///
    /// A client that [recovers](Self::recovered) the socket has the same expiry; after it, the client gets a
    /// new session.
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
    ///     type Auth = Renew;
    ///
    ///     async fn connect(auth: Renew, socket: &Socket) -> Result<Self, Refusal> {
    ///         socket.expires_in(verify(&auth.token)?)?;
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
    /// As [`disconnect`](Self::disconnect); what was set before counts then.
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

    /// How long the socket may still stay: zero once that is over; `None` if it does not expire.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let at = self.expiry()?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn expiry(&self) -> Option<Instant> {
        *self.known_extras()?.expiry.lock()
    }

    pub(super) fn expire(&self, at: Option<Instant>) -> Result<(), EmitError> {
        // Held until its worker knows, so that both know the same time last.
        let mut known = self.extras().expiry.lock();
        self.command(Action::Expire(at))?;
        *known = at;
        Ok(())
    }

    /// Whether no more is left than its session is told before.
    pub(crate) fn expires_soon(&self) -> bool {
        let notice = self.node().config.expiry_notice;
        self.time_left().is_some_and(|left| left <= notice)
    }

    pub(crate) fn has_expired(&self) -> bool {
        self.time_left().is_some_and(|left| left.is_zero())
    }
}
