use std::{
    borrow::Cow,
    sync::{Arc, atomic::Ordering},
};

use serde::Serialize;

use super::{Core, NamespaceInner, ParentNamespace, States};
use crate::{
    error::EmitError,
    event::Event,
    metrics::Stats,
    room::{Broadcast, reserved},
    shard::{directory::Scope, node::Node},
};

/// The server: build it with [`Hub::builder`], [mount](Hub::mount) it into an actix-web application,
/// emit through it, and shut it down with [`drain`](Hub::drain).
///
/// Cheap to clone; all clones are the same hub. Usable from any thread. Methods that address clients,
/// such as [`emit`](Hub::emit), mean those of the namespace `/`; for others see
/// [`namespace`](Hub::namespace).
///
/// ```no_run
/// use actix_web::{App, HttpServer};
/// use roomcast::prelude::*;
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// #[actix_web::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let hub = Hub::builder().namespace::<Chat>("/").build()?;
///     let mount = hub.clone();
///     HttpServer::new(move || App::new().configure(mount.mount()))
///         .on_connect(hub.on_connect())
///         .bind(("127.0.0.1", 3000))?
///         .run()
///         .await?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Hub {
    pub(crate) core: Arc<Core>,
}

impl Hub {
    /// A namespace by its name: one that was registered, a dynamic one that exists now, or `/`.
    ///
    /// A dynamic namespace exists as long as it has clients, or somebody keeps this handle.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<Namespace> {
        let inner = self.core.namespace(name)?;
        Some(Namespace::of(&self.core, &inner))
    }

    /// All dynamic namespaces of a pattern, or of the predicate with this label.
    #[must_use]
    pub fn parent<'a>(&self, name: &str) -> Option<ParentNamespace<'a>> {
        let parent = self.core.children.parent(name)?;
        Some(ParentNamespace::new(&self.core, parent))
    }

    fn main<'a>(&self) -> Broadcast<'a> {
        Broadcast::new(&self.core.node, &self.core.main.scope)
    }

    /// Addresses the members of a room of the namespace `/`.
    pub fn to<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.main().to(room)
    }

    /// Addresses all sockets of the namespace `/`, except the members of a room.
    pub fn except<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.main().except(room)
    }

    /// Addresses all sockets of the namespace `/`.
    pub fn everyone<'a>(&self) -> Broadcast<'a> {
        self.main()
    }

    /// Emits an event to all sockets of the namespace `/`, on all nodes.
    ///
    /// # Errors
    /// As [`Broadcast::emit`].
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.main().emit(event)
    }

    /// The application's value of this type, given to
    /// [`HubBuilder::state`](crate::HubBuilder::state).
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(&self) -> &T {
        self.core.states.of()
    }

    /// The current values of all counters of this node.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.node.metrics.read()
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("path", &self.core.node.config.path)
            .field("namespaces", &self.core.namespaces.keys())
            .finish_non_exhaustive()
    }
}

/// A namespace of a hub. Cheap to clone, and usable from any thread.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Serialize, Event)]
/// struct Notice(&'static str);
///
/// fn warn(hub: &Hub) -> Result<(), EmitError> {
///     if let Some(admin) = hub.namespace("/admin") {
///         admin.to("on-call").emit(&Notice("the disk is nearly full"))?;
///         println!("{} are on call here", admin.room_size("on-call"));
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Namespace {
    pub(super) core: Arc<Core>,
    pub(super) inner: Arc<NamespaceInner>,
}

impl Namespace {
    pub(super) fn of(core: &Arc<Core>, inner: &Arc<NamespaceInner>) -> Self {
        Self {
            core: Arc::clone(core),
            inner: Arc::clone(inner),
        }
    }

    /// The name of the namespace, with the leading slash.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.scope.name
    }

    /// Addresses the members of a room.
    pub fn to<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.everyone().to(room)
    }

    /// Addresses all sockets of the namespace, except the members of a room.
    pub fn except<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.everyone().except(room)
    }

    /// Addresses all sockets of the namespace.
    pub fn everyone<'a>(&self) -> Broadcast<'a> {
        Broadcast::new(&self.core.node, &self.inner.scope)
    }

    /// Emits an event to all sockets of the namespace, on all nodes.
    ///
    /// # Errors
    /// As [`Broadcast::emit`].
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.everyone().emit(event)
    }

    /// The rooms that have members on this node now, in no particular order, without the sockets' private
    /// rooms.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        let rooms = self.inner.scope.rooms.iter();
        let rooms = rooms.filter(|room| !reserved::is_reserved(room.key()));
        rooms.map(|room| room.key().to_string()).collect()
    }

    /// The number of sockets of this node that are in a room. The room's supervisor counts them, so a
    /// change on another worker shows a moment later.
    #[must_use]
    pub fn room_size(&self, room: &str) -> usize {
        let room = self.inner.scope.room(room);
        room.map_or(0, |room| room.members.load(Ordering::Relaxed))
    }
}

impl Namespace {
    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.core.node
    }

    pub(crate) fn scope(&self) -> &Arc<Scope> {
        &self.inner.scope
    }

    pub(crate) fn states(&self) -> &States {
        &self.core.states
    }
}

impl std::fmt::Debug for Namespace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Namespace").field(&self.name()).finish()
    }
}
