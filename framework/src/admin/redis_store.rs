use std::time::Duration;

/// Keeps in Redis who has logged in, for all servers behind one page, those on Node included.
///
/// A login is the key `<prefix>#<session id>`, which expires.
///
/// ```
/// use std::time::Duration;
/// use roomcast::admin::{Admin, Auth, RedisStore};
///
/// let hash = "$2b$10$tnmhZh3NH.xfbjGo7Xm9LexGYq83TG8irndnNL5GFOeV88h96jFH6";
/// let store = RedisStore::new("redis://127.0.0.1/").session_duration(Duration::from_secs(3600));
/// let admin = Admin::new(Auth::basic("admin", hash)).store(store);
/// ```
///
/// While Redis is away, nobody is let in.
#[derive(Clone)]
#[must_use = "give it to `Admin::store`"]
pub struct RedisStore {
    pub(super) url: String,
    pub(super) prefix: String,
    pub(super) session_duration: Duration,
}

impl RedisStore {
    /// In the Redis of this URL, in the form that [`Redis`](crate::adapter::Redis) takes.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: "socket.io-admin".to_owned(),
            session_duration: Duration::from_secs(86_400),
        }
    }

    /// What stands before the `#` in keys; not empty. Default `socket.io-admin`.
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// For how long a login counts, in whole seconds. Default a day.
    pub fn session_duration(mut self, duration: Duration) -> Self {
        self.session_duration = duration;
        self
    }
}

impl std::fmt::Debug for RedisStore {
    // The URL may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .field("session_duration", &self.session_duration)
            .finish_non_exhaustive()
    }
}
