use std::{any::TypeId, sync::OnceLock};

use super::{
    ConnectAuth, EventHandlers, Params, Refusal, Session, Socket,
    latencies::Latencies,
    live::{Connect, connect},
    middleware::{EventMiddleware, Middleware, Predicate},
    server_side::ServerSideHandlers,
};
use crate::event::{RawEvent, Rejection};

/// A namespace, or a family of them, with what stands between its clients and their sessions.
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
    pub(super) middleware: Vec<Box<dyn Middleware>>,
    pub(super) event_middleware: Vec<Box<dyn EventMiddleware>>,
    /// For events of other servers, by name.
    pub(super) server_side: ServerSideHandlers,
    /// The session's type, once it is known to leave [`Session::unhandled`] as it is.
    pub(super) refusing: OnceLock<TypeId>,
    pub(super) latencies: Latencies,
}

impl NamespaceBuilder {
    /// The namespace of this name, with a session of type `S` for each client. A missing leading
    /// slash is added.
    pub fn named<S: Session>(name: &str) -> Self {
        Self::of::<S>(with_slash(name), Names::One)
    }

    /// Every namespace whose name matches the pattern. Each comes into being with its first
    /// client and has rooms of its own.
    ///
    /// In the pattern `{part}` stands for one or more characters other than `/`, and everything
    /// else for itself; the whole name must match, and a part is as short as it can be. Sessions
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
    /// It is asked for every client, with the name and what the client sent along: `Ok(Some(_))`
    /// lets it on to the middleware, `Ok(None)` leaves the name to the next dynamic namespace, and
    /// an error refuses the client. Sockets of one namespace share the params of the first, so let
    /// them depend on the name alone. A panic refuses the client with `internal server error`.
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
    /// The future is dropped when the client goes before it is done.
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
            middleware: Vec::new(),
            event_middleware: Vec::new(),
            server_side: ServerSideHandlers::new(),
            refusing: OnceLock::new(),
            latencies: Latencies::new(name.clone(), <S as EventHandlers>::EVENTS),
        };
        Self { name, names, setup }
    }

    /// Adds a function that looks at every client before [`Session::connect`] is called, behind
    /// those added before.
    ///
    /// What it finds out it may leave for the session in
    /// [`Socket::extensions`](crate::Socket::extensions). An error refuses the client: it gets
    /// a `connect_error` with the message and the data, and no further function is called. A panic
    /// refuses it with `internal server error`.
    ///
    /// # Cancel safety
    /// The future is dropped when the client goes before it is done.
    pub fn middleware(
        mut self,
        middleware: impl AsyncFn(&Socket, &ConnectAuth) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Self {
        self.setup.middleware.push(Box::new(middleware));
        self
    }

    /// Adds a function that looks at every event before its handler runs, behind those added
    /// before and behind [`Session::any`]; at events without a handler too.
    ///
    /// An error refuses the event as if the handler had returned it, but with the kind
    /// [`RejectionKind::Middleware`](crate::RejectionKind::Middleware). Events of one socket still
    /// run one at a time and in their order: what one waits for here, the next ones wait for. A
    /// panic disconnects the socket, as one in a handler.
    ///
    /// # Cancel safety
    /// As [`Handle::handle`](crate::Handle::handle): it runs to its end even if the client goes.
    pub fn event_middleware(
        mut self,
        middleware: impl AsyncFn(&RawEvent, &Socket) -> Result<(), Rejection> + Send + Sync + 'static,
    ) -> Self {
        self.setup.event_middleware.push(Box::new(middleware));
        self
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
