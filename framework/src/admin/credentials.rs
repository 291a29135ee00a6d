//! What a page shows to be let in, and whether it is right.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::available_parallelism,
};

use serde::Deserialize;
use tokio::{sync::Semaphore, task::spawn_blocking, time::Instant};

use super::{attempts::Attempts, auth::Basic, denied::Denied};

/// Passwords that are hashed at one time; each takes a processor. A small machine has one for it.
const AT_ONCE: usize = 2;
const FEW_PROCESSORS: usize = 4;

/// Passwords that may wait for it.
const MAX_WAITING: usize = 64;

#[derive(Default, Deserialize)]
pub(super) struct Credentials {
    username: Option<String>,
    password: Option<String>,
    #[serde(rename = "sessionId")]
    session: Option<String>,
}

impl Credentials {
    /// Whatever the client has sent; what is not understood is none.
    pub(super) fn read(auth: Option<&str>) -> Self {
        let read = auth.and_then(|auth| serde_json::from_str(auth).ok());
        read.unwrap_or_default()
    }

    /// The id of a session, if it can be one.
    pub(super) fn session(&self) -> Option<&str> {
        let is_hex = |id: &&str| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.session.as_deref().filter(is_hex)
    }
}

/// Hashes passwords on threads of their own, so that no worker waits, and few at a time, so that a
/// flood of logins leaves the machine to the others.
pub(super) struct Logins {
    threads: Arc<Semaphore>,
    waiting: AtomicUsize,
    attempts: Attempts,
}

impl Logins {
    pub(super) fn new() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        let at_once = if processors < FEW_PROCESSORS {
            1
        } else {
            AT_ONCE
        };
        Self {
            threads: Arc::new(Semaphore::new(at_once)),
            waiting: AtomicUsize::new(0),
            attempts: Attempts::default(),
        }
    }

    /// # Errors
    /// Why the page is not let in.
    pub(super) async fn verify(
        &self,
        known: &Basic,
        shown: Credentials,
        address: Option<SocketAddr>,
    ) -> Result<(), Denied> {
        let (Some(username), Some(password)) = (shown.username, shown.password) else {
            return Err(Denied::Unknown);
        };
        let Some(mut attempt) = self.attempts.begin(address, Instant::now()) else {
            return Err(Denied::TooOften);
        };
        let waiting = Waiting::begin(&self.waiting)?;
        let Ok(thread) = Arc::clone(&self.threads).acquire_owned().await else {
            return Err(Denied::Busy);
        };
        drop(waiting);
        attempt.looked_at();
        let hash = known.hash.clone();
        let matches = spawn_blocking(move || {
            // Held until it is done, even if nobody waits for it any more.
            let _thread = thread;
            bcrypt::verify(password, &hash).unwrap_or(false)
        });
        // For a wrong name too, or the time would tell which are right.
        let matches = matches.await.unwrap_or(false);
        if !matches || username != known.username {
            return Err(Denied::Wrong);
        }
        attempt.was_right();
        Ok(())
    }
}

/// One login that waits for its turn.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Result<Self, Denied> {
        let this = Self(waiting);
        match waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING {
            true => Ok(this),
            false => Err(Denied::Busy),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
