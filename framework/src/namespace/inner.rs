//! A namespace as its sockets share it.

use std::{
    any::TypeId,
    sync::{Arc, OnceLock, Weak},
};

use super::{
    ConnectAuth, Connecting, Live, Params, Refusal, Setup, Socket,
    children::{Children, ParentInner},
    limits::EventLimits,
    middleware::EventMiddleware,
};
use crate::shard::directory::Scope;

pub(crate) struct NamespaceInner {
    pub(crate) scope: Arc<Scope>,
    kind: Kind,
}

enum Kind {
    /// Nobody can connect: `/` of a hub that did not register it.
    Closed,
    Fixed(Box<Setup>),
    Child {
        /// Where it is listed until it is dropped.
        list: Weak<Children>,
        /// Set once a client has been accepted.
        origin: OnceLock<Origin>,
    },
}

/// Whose child a dynamic namespace is.
struct Origin {
    parent: Arc<ParentInner>,
    params: Params,
}

impl NamespaceInner {
    pub(super) fn closed(scope: Scope) -> Arc<Self> {
        Self::new(scope, Kind::Closed)
    }

    pub(super) fn fixed(scope: Scope, setup: Setup) -> Arc<Self> {
        Self::new(scope, Kind::Fixed(Box::new(setup)))
    }

    pub(super) fn child(scope: Scope, list: &Arc<Children>) -> Arc<Self> {
        let kind = Kind::Child {
            list: Arc::downgrade(list),
            origin: OnceLock::new(),
        };
        Self::new(scope, kind)
    }

    fn new(scope: Scope, kind: Kind) -> Arc<Self> {
        let scope = Arc::new(scope);
        Arc::new(Self { scope, kind })
    }

    pub(crate) fn is_child(&self) -> bool {
        matches!(self.kind, Kind::Child { .. })
    }

    fn origin(&self) -> Option<&Origin> {
        match &self.kind {
            Kind::Child { origin, .. } => origin.get(),
            Kind::Closed | Kind::Fixed(_) => None,
        }
    }

    /// The parent of a child that has accepted a client.
    pub(super) fn parent(&self) -> Option<&Arc<ParentInner>> {
        self.origin().map(|origin| &origin.parent)
    }

    pub(super) fn params(&self) -> &Params {
        self.origin().map_or(Params::NONE, |origin| &origin.params)
    }

    pub(super) fn setup(&self) -> Option<&Setup> {
        match &self.kind {
            Kind::Closed => None,
            Kind::Fixed(setup) => Some(&**setup),
            Kind::Child { origin, .. } => origin.get().map(|origin| &origin.parent.setup),
        }
    }

    /// Those of a namespace that has accepted a client.
    pub(crate) fn limits(&self) -> Option<&Arc<EventLimits>> {
        self.setup().map(|setup| &setup.limits)
    }

    pub(super) fn event_middleware(&self) -> &[Box<dyn EventMiddleware>] {
        self.setup().map_or(&[], |setup| &setup.event_middleware)
    }

    /// `S` leaves [`Session::unhandled`](super::Session::unhandled) as it is, which only that
    /// function can tell.
    pub(super) fn notes_refusing<S: 'static>(&self) {
        if let Some(setup) = self.setup() {
            let _ = setup.refusing.set(TypeId::of::<S>());
        }
    }

    /// Whether `S` is known to. A session that passes its events on to another is not that other.
    pub(super) fn knows_refusing<S: 'static>(&self) -> bool {
        let known = self.setup().and_then(|setup| setup.refusing.get());
        known == Some(&TypeId::of::<S>())
    }

    /// Starts to let a client in, with the JSON text of its auth.
    pub(crate) fn admit(&self, auth: Option<&str>, socket: &Socket) -> Result<Connecting, Refusal> {
        match &self.kind {
            Kind::Fixed(setup) if setup.middleware.is_empty() => (setup.connect)(auth, socket),
            _ => Ok(Box::pin(pass(ConnectAuth::new(auth), socket.clone()))),
        }
    }

    /// The setup of the parent that accepts the client. The first acceptance makes the namespace
    /// that parent's, whom alone later clients are sent to.
    async fn accepted(&self, auth: &ConnectAuth, socket: &Socket) -> Result<&Setup, Refusal> {
        let Kind::Child { origin, .. } = &self.kind else {
            return self.setup().ok_or_else(Refusal::unknown_namespace);
        };
        let children = socket.children();
        for parent in &children.parents {
            // Looked up anew for each: another client may be accepted meanwhile.
            if let Some(known) = origin.get() {
                if !Arc::ptr_eq(&known.parent, parent) {
                    continue;
                }
                if parent.is_pattern() {
                    return Ok(&known.parent.setup);
                }
            }
            let accepted = parent.accept(&self.scope.name, auth).await;
            let Some(params) = accepted.map_err(|refusal| refusal.by("predicate"))? else {
                continue;
            };
            let parent = Arc::clone(parent);
            let known = origin.get_or_init(|| {
                self.scope.counted_as(&parent.name);
                Origin {
                    parent: Arc::clone(&parent),
                    params,
                }
            });
            if Arc::ptr_eq(&known.parent, &parent) {
                return Ok(&known.parent.setup);
            }
        }
        Err(Refusal::unknown_namespace())
    }
}

/// The way of a client from its CONNECT to its session.
async fn pass(auth: ConnectAuth, socket: Socket) -> Result<Box<dyn Live>, Refusal> {
    let namespace = socket.namespace_inner();
    let setup = namespace.accepted(&auth, &socket).await?;
    if !socket.skips_middlewares() {
        for middleware in &setup.middleware {
            let passed = middleware.run(&socket, &auth).await;
            passed.map_err(|refusal| refusal.by("middleware"))?;
        }
    }
    let session = (setup.connect)(auth.json(), &socket)?.await?;
    if namespace.is_child() {
        socket.children().keep(namespace);
    }
    Ok(session)
}

impl Drop for NamespaceInner {
    /// Its last client has gone, and nobody holds it in hand any more.
    fn drop(&mut self) {
        if let Kind::Child { list, .. } = &self.kind
            && let Some(list) = list.upgrade()
        {
            list.forget(&self.scope.name, self);
        }
    }
}
