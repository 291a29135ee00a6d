/// Where it is kept who has logged in to the admin page; see [`Admin::store`](super::Admin::store).
///
/// ```
/// use roomcast::admin::{Admin, Auth, RedisStore};
///
/// let store = RedisStore::new("redis://127.0.0.1/");
/// let admin = Admin::new(Auth::none()).store(store);
/// ```
#[derive(Debug, Clone)]
#[must_use = "give it to `Admin::store`"]
pub struct Store(pub(super) Kind);

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Memory,
    #[cfg(feature = "redis")]
    Redis(super::RedisStore),
}

impl Store {
    /// In this hub, until it ends: the last 1,000 logins. They do not expire.
    pub fn memory() -> Self {
        Self(Kind::Memory)
    }
}

#[cfg(feature = "redis")]
impl From<super::RedisStore> for Store {
    fn from(store: super::RedisStore) -> Self {
        Self(Kind::Redis(store))
    }
}
