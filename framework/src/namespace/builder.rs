use std::{
    any::TypeId,
    sync::{Arc, OnceLock},
};

use super::{
    ConnectAuth, EventHandlers, Params, Refusal, Session, Socket,
    latencies::Latencies,
    limits::EventLimits,
    live::{Connect, connect},
    middleware::{EventMiddleware, Middleware, Predicate},
    server_side::ServerSideHandlers,
};
use crate::event::{RawEvent, Rejection};

/// A namespace, or a family of dynamic ones, with its middleware and options.
/// Give it to [`HubBuilder::namespace_with`](crate::HubBuilder::namespace_with).
///
/// ```
/// use roomcast::{ConnectAuth, NamespaceBuilder, RawEvent, prelude::*};
/// # #[derive(EventHandlers)] #[handles()] struct Admin;
/// # impl Session for Admin {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// #[derive(Deserialize)]
/// struct Login {
///     token: String,
/// }
///
/// async fn authenticate(_: &Socket, auth: &ConnectAuth) -> Result<(), Refusal> {
///     let login: Login = auth.parse()?;
///     match &*login.token {
///         "secret" => Ok(()),
///         _ => Err(Refusal::new("not authorized")),
///     }
/// }
///
/// async fn only_small(event: &RawEvent, _: &Socket) -> Result<(), Rejection> {
///     match event.bytes() {
///         0..=1024 => Ok(()),
///         _ => Err(Rejection::new("too large")),
///     }
/// }
///
/// let admin = NamespaceBuilder::named::<Admin>("/admin")
///     .middleware(authenticate)
///     .event_middleware(only_small);
/// let hub = Hub::builder().namespace_with(admin).build()?;
/// # Ok::<_, roomcast::BuildError>(())
/// ```
#[must_use = "give it to `HubBuilder::namespace_with`"]
pub struct NamespaceBuilder {
    pub(super) name: String,
    pub(super) names: Names,
    pub(super) setup: Setup,
    /// Clients may come back to its sessions, where the hub lets them.
    pub(super) recovers: bool,
}

/// Which names a [`NamespaceBuilder`] stands for.
pub(super) enum Names {
    /// Its own.
    One,
    /// Those that match its name as a pattern.
    Pattern,
    Accepted(Box<dyn Predicate>),
}

/// What lets clients in, and looks at what they send.
pub(crate) struct Setup {
    pub(super) connect: Connect,
    #[cfg(feature = "codegen")]
    pub(super) describe: fn() -> Option<crate::contract::SessionContract>,
    pub(super) middleware: Vec<Box<dyn Middleware>>,
    pub(super) event_middleware: Vec<Box<dyn EventMiddleware>>,
    pub(super) limits: Arc<EventLimits>,
    /// For events of other servers, by name.
    pub(super) server_side: ServerSideHandlers,
    /// The session's type, once it is known to leave [`Session::unhandled`] as it is.
    pub(super) refusing: OnceLock<TypeId>,
    pub(super) latencies: Latencies,
}

impl NamespaceBuilder {
    /// Whether it is for names that clients invent.
    pub(crate) fn is_dynamic(&self) -> bool {
        !matches!(self.names, Names::One)
    }

    /// The namespace with this name; each client gets a session of type `S`. A missing leading slash is
    /// added.
    pub fn named<S: Session>(name: &str) -> Self {
        Self::of::<S>(with_slash(name), Names::One)
    }

    /// Every namespace whose name matches the pattern. Each is created when its first client connects, and
    /// has rooms of its own.
    ///
    /// In the pattern, `{part}` matches one or more characters other than `/`, as few as possible, and
    /// everything else matches itself; the whole name must match. Sessions
    /// find the parts in [`Socket::params`](crate::Socket::params). A missing leading slash is
    /// added. Names of more than 256 bytes never match.
    ///
    /// ```
    /// use roomcast::{NamespaceBuilder, prelude::*};
    ///
    /// #[derive(EventHandlers)]
    /// #[handles()]
    /// struct Floor;
    ///
    /// #[derive(Deserialize)]
    /// struct Place { building: String, floor: u8 }
    ///
    /// impl Session for Floor {
    ///     type Auth = ();
    ///
    ///     async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
    ///         let Place { building, floor } = socket.params().parse()?;
    ///         println!("someone entered {building}, floor {floor}");
    ///         Ok(Self)
    ///     }
    /// }
    ///
    /// let floors = NamespaceBuilder::matching::<Floor>("/{building}/{floor}");
    /// let hub = Hub::builder().namespace_with(floors).build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn matching<S: Session>(pattern: &str) -> Self {
        Self::of::<S>(with_slash(pattern), Names::Pattern)
    }

    /// Every namespace whose name the function accepts. `label` is for
    /// [`Hub::parent`](crate::Hub::parent) only.
    ///
    /// It is called for every client, with the name and the client's auth. `Ok(Some(_))` accepts the name,
    /// `Ok(None)` leaves it to the next dynamic namespace, and an error refuses the client. All sockets of
    /// a namespace share the params of its first one, so derive them from the name alone. A panic refuses
    /// the client with `internal server error`.
    ///
    /// ```
    /// use roomcast::{NamespaceBuilder, Params, prelude::*};
    /// # #[derive(EventHandlers)] #[handles()] struct Tenant;
    /// # impl Session for Tenant {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    /// # async fn find_in_database(_: &str) -> Result<bool, Refusal> { Ok(true) }
    ///
    /// let tenants = NamespaceBuilder::accepted_by::<Tenant>("tenants", async |name, _auth| {
    ///     let Some(tenant) = name.strip_prefix("/tenant/") else { return Ok(None) };
    ///     let known = find_in_database(tenant).await?;
    ///     Ok(known.then(|| Params::from_iter([("tenant", tenant)])))
    /// });
    /// let hub = Hub::builder().namespace_with(tenants).build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    ///
    /// # Cancel safety
    /// The future is dropped if the client disconnects before it has completed.
    pub fn accepted_by<S: Session>(
        label: &str,
        predicate: impl AsyncFn(&str, &ConnectAuth) -> Result<Option<Params>, Refusal>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::of::<S>(label.to_owned(), Names::Accepted(Box::new(predicate)))
    }

    fn of<S: Session>(name: String, names: Names) -> Self {
        let setup = Setup {
            connect: connect::<S>,
            #[cfg(feature = "codegen")]
            describe: S::describe,
            middleware: Vec::new(),
            event_middleware: Vec::new(),
            limits: Arc::default(),
            server_side: ServerSideHandlers::new(),
            refusing: OnceLock::new(),
            latencies: Latencies::new(name.clone(), <S as EventHandlers>::EVENTS),
        };
        Self {
            name,
            names,
            setup,
            recovers: true,
        }
    }

    /// Adds a function that runs for every client before [`Session::connect`]. Functions run in the order
    /// in which they were added.
    ///
    /// It can pass values to the session in [`Socket::extensions`](crate::Socket::extensions). An error
    /// refuses the client, which receives `connect_error` with the message and the data, and no further
    /// function is called. A panic refuses it with `internal server error`.
    ///
    /// # Cancel safety
    /// The future is dropped if the client disconnects before it has completed.
    pub fn middleware(
        mut self,
        middleware: impl AsyncFn(&Socket, &ConnectAuth) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Self {
        self.setup.middleware.push(Box::new(middleware));
        self
    }

    /// Adds a function that runs for every event before its handler, also for events without one. Functions
    /// run after [`Session::any`], in the order in which they were added.
    ///
    /// An error refuses the event as if the handler had returned it, with the kind
    /// [`RejectionKind::Middleware`](crate::RejectionKind::Middleware). The events of one socket are still
    /// handled one at a time and in order, so a function that waits delays the next events too. A
    /// panic disconnects the socket, as one in a handler does.
    ///
    /// # Cancel safety
    /// As [`Handle::handle`](crate::Handle::handle): it runs to completion even if the client disconnects.
    pub fn event_middleware(
        mut self,
        middleware: impl AsyncFn(&RawEvent, &Socket) -> Result<(), Rejection> + Send + Sync + 'static,
    ) -> Self {
        self.setup.event_middleware.push(Box::new(middleware));
        self
    }
}

#[cfg(feature = "admin")]
impl NamespaceBuilder {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Nobody comes back to its sessions, and nothing is kept for them.
    pub(crate) fn without_recovery(self) -> Self {
        Self {
            recovers: false,
            ..self
        }
    }
}

impl std::fmt::Debug for NamespaceBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NamespaceBuilder")
            .field("name", &self.name)
            .field("middleware", &self.setup.middleware.len())
            .field("event_middleware", &self.setup.event_middleware.len())
            .finish_non_exhaustive()
    }
}

fn with_slash(name: &str) -> String {
    match name.starts_with('/') {
        true => name.to_owned(),
        false => format!("/{name}"),
    }
}
