use std::{
    any::{Any, TypeId, type_name},
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use serde::Serialize;

use super::{
    NamespaceBuilder, NamespaceInner, ParentNamespace, Refusal,
    builder::Names,
    children::{Children, Matcher, ParentInner},
    pattern::Pattern,
};
use crate::{
    error::{BuildError, EmitError},
    event::Event,
    id::NamespaceIds,
    metrics::Stats,
    room::{Broadcast, reserved},
    shard::{directory::Scope, node::Node, recovery::RecoveryStore},
};

/// A real-time server: mount it into an actix-web application, emit through it, shut it down.
///
/// Cheap to clone, and usable from any thread. Build one with [`Hub::builder`].
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

/// What the clones of a hub share.
pub(crate) struct Core {
    pub(crate) node: Arc<Node>,
    /// Those with a fixed name.
    pub(crate) namespaces: HashMap<Arc<str>, Arc<NamespaceInner>>,
    pub(crate) main: Arc<NamespaceInner>,
    pub(crate) children: Arc<Children>,
    pub(crate) states: States,
}

impl Core {
    /// # Errors
    /// [`BuildError`] for a name that is taken and a pattern that is none.
    pub(crate) fn new(
        node: Arc<Node>,
        registered: Vec<NamespaceBuilder>,
        states: States,
    ) -> Result<Self, BuildError> {
        let mut namespaces = HashMap::new();
        let mut parents: Vec<Arc<ParentInner>> = Vec::new();
        let ids = NamespaceIds::default();
        for NamespaceBuilder { name, names, setup } in registered {
            let matcher = match names {
                Names::One => {
                    let scope = Scope::new(ids.next(), name.as_str().into());
                    let scope = scope.recovering(RecoveryStore::new(&node.config, None));
                    let scope = scope.linked(&node);
                    scope.counted_as(&scope.name);
                    let inner = NamespaceInner::fixed(scope, setup);
                    let taken = namespaces.insert(Arc::clone(&inner.scope.name), inner);
                    if taken.is_some() {
                        return Err(BuildError::DuplicateNamespace(name));
                    }
                    continue;
                }
                Names::Accepted(predicate) => Matcher::Predicate(predicate),
                Names::Pattern => match Pattern::parse(&name) {
                    Some(pattern) => Matcher::Pattern(pattern),
                    None => return Err(BuildError::NamespacePattern(name)),
                },
            };
            if parents.iter().any(|parent| parent.name == name) {
                return Err(BuildError::DuplicateNamespace(name));
            }
            parents.push(Arc::new(ParentInner {
                name,
                matcher,
                setup,
            }));
        }
        let main = match namespaces.get("/") {
            Some(main) => Arc::clone(main),
            None => NamespaceInner::closed({
                let scope = Scope::new(ids.next(), "/".into());
                let scope = scope.recovering(RecoveryStore::new(&node.config, None));
                scope.linked(&node)
            }),
        };
        Ok(Self {
            children: Arc::new(Children::new(&node, parents, ids)),
            node,
            namespaces,
            main,
            states,
        })
    }

    /// No client comes back to a session any more.
    pub(crate) fn forget_sessions(&self) {
        let fixed = self.namespaces.values().cloned();
        for namespace in fixed.chain(self.children.all()) {
            if let Some(store) = &namespace.scope.recovery {
                store.forget_all();
            }
        }
    }

    /// A namespace that exists, `/` in any case.
    pub(crate) fn namespace(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        match self.namespaces.get(name) {
            Some(inner) => Some(Arc::clone(inner)),
            None if name == "/" => Some(Arc::clone(&self.main)),
            None => self.children.get(name),
        }
    }

    /// The same, or a dynamic one that has accepted no client yet.
    pub(crate) fn attached(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        let known = self.namespace(name);
        known.or_else(|| self.children.find(name))
    }

    /// The namespace that a client connects to.
    ///
    /// # Errors
    /// What the client is told if there is none.
    pub(crate) fn enter(&self, name: &str) -> Result<Arc<NamespaceInner>, Refusal> {
        match self.namespaces.get(name) {
            Some(namespace) => Ok(Arc::clone(namespace)),
            None => self.children.enter(name),
        }
    }
}

/// Values of the application, one of each type.
#[derive(Default)]
pub(crate) struct States(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, state: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(state));
    }

    pub(crate) fn get<T: 'static>(&self) -> Option<&T> {
        let state = self.0.get(&TypeId::of::<T>())?;
        state.downcast_ref()
    }

    /// # Panics
    /// If there is no value of this type.
    pub(crate) fn of<T: 'static>(&self) -> &T {
        match self.get() {
            Some(state) => state,
            None => panic!(
                "no state of type `{}` was given to the hub",
                type_name::<T>()
            ),
        }
    }
}

impl Hub {
    /// A namespace that was registered by name, a dynamic one that exists, and `/` in any case.
    ///
    /// A dynamic namespace exists from its first client to its last; while you keep the handle it
    /// exists, too.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<Namespace> {
        let inner = self.core.namespace(name)?;
        Some(Namespace::of(&self.core, &inner))
    }

    /// The dynamic namespaces of a pattern, or of the predicate with this label.
    #[must_use]
    pub fn parent<'a>(&self, name: &str) -> Option<ParentNamespace<'a>> {
        let parent = self.core.children.parent(name)?;
        Some(ParentNamespace::new(&self.core, parent))
    }

    fn main<'a>(&self) -> Broadcast<'a> {
        Broadcast::new(&self.core.node, &self.core.main.scope)
    }

    /// The members of a room of the namespace `/`.
    pub fn to<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.main().to(room)
    }

    /// Everyone in the namespace `/` but the members of a room.
    pub fn except<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.main().except(room)
    }

    /// Everyone in the namespace `/`.
    pub fn everyone<'a>(&self) -> Broadcast<'a> {
        self.main()
    }

    /// Emits to everyone in the namespace `/`.
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

    /// What the hub has counted.
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

    /// Its name, with the leading slash.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.scope.name
    }

    /// The members of a room.
    pub fn to<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.everyone().to(room)
    }

    /// Everyone but the members of a room.
    pub fn except<'a>(&self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.everyone().except(room)
    }

    /// Everyone in the namespace.
    pub fn everyone<'a>(&self) -> Broadcast<'a> {
        Broadcast::new(&self.core.node, &self.inner.scope)
    }

    /// Emits to everyone in the namespace.
    ///
    /// # Errors
    /// As [`Broadcast::emit`].
    pub fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        self.everyone().emit(event)
    }

    /// The rooms that have members now, in no order. Sockets' private rooms are not among them.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        let rooms = self.inner.scope.rooms.iter();
        let rooms = rooms.filter(|room| !reserved::is_reserved(room.key()));
        rooms.map(|room| room.key().to_string()).collect()
    }

    /// How many sockets are in a room, as its supervisor last counted: exact once what changed it
    /// has been processed.
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
