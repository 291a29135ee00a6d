use super::{Auth, Store};
use crate::error::BuildError;

/// What the admin page shows, and to whom. Given to
/// [`HubBuilder::admin`](crate::HubBuilder::admin).
///
/// ```
/// use roomcast::{admin::{Admin, Auth, Mode}, prelude::*};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// // `changeit`, as `htpasswd -nbBC 10 admin changeit` hashes it.
/// let hash = "$2b$10$tnmhZh3NH.xfbjGo7Xm9LexGYq83TG8irndnNL5GFOeV88h96jFH6";
/// let admin = Admin::new(Auth::basic("admin", hash)).mode(Mode::Production);
/// let hub = Hub::builder().namespace::<Chat>("/").admin(admin).build()?;
/// # Ok::<_, roomcast::BuildError>(())
/// ```
///
/// # From another origin
/// The page sends credentials. If it is served from another origin, such as `https://admin.socket.io`, the
/// hub needs [`Cors`](crate::Cors) with that origin and with credentials.
#[derive(Debug, Clone)]
#[must_use = "give it to `HubBuilder::admin`"]
pub struct Admin {
    pub(super) auth: Auth,
    pub(super) mode: Mode,
    pub(super) readonly: bool,
    pub(super) namespace: String,
    pub(super) store: Store,
    pub(super) max_sockets: usize,
}

/// How much the admin page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// Every socket, every room, and every event received or sent, once for each receiver. Nothing of this
    /// is collected while no page is connected.
    #[default]
    Development,
    /// Aggregated figures only, every two seconds.
    Production,
}

impl Admin {
    /// An admin page with this authentication, and all other options at their defaults. Use
    /// [`Auth::none`] only if something else restricts access.
    pub fn new(auth: Auth) -> Self {
        Self {
            auth,
            mode: Mode::default(),
            readonly: false,
            namespace: "/admin".to_owned(),
            store: Store::memory(),
            max_sockets: 10_000,
        }
    }

    /// How much the page shows. Default [`Mode::Development`], as on Node.js; use [`Mode::Production`]
    /// with many clients.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Whether commands of the page are ignored: to make sockets join and leave rooms, to disconnect them,
    /// and to emit to them. Default false.
    pub fn readonly(mut self, readonly: bool) -> Self {
        self.readonly = readonly;
        self
    }

    /// The namespace that the page connects to. A missing leading slash is added. Default
    /// `/admin`.
    pub fn namespace(mut self, name: &str) -> Self {
        name.clone_into(&mut self.namespace);
        self
    }

    /// Where logins are stored, so that a page that is reloaded need not ask for the password again.
    /// Default [`Store::memory`].
    pub fn store(mut self, store: impl Into<Store>) -> Self {
        self.store = store.into();
        self
    }

    /// The maximum number of sockets that a page is sent when it connects, about a kilobyte each. Others
    /// appear when they change. Development mode only. Default 10,000.
    pub fn max_sockets(mut self, sockets: usize) -> Self {
        self.max_sockets = sockets;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), BuildError> {
        self.auth.validate()?;
        match self.max_sockets {
            0 => Err(BuildError::Zero("admin.max_sockets")),
            _ => Ok(()),
        }
    }
}
