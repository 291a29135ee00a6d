//! Dynamic namespaces: the parents that were registered, and the children that exist.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use super::{
    ConnectAuth, NamespaceInner, Params, Refusal, Setup, middleware::Predicate, pattern::Pattern,
};
use crate::{
    id::NamespaceIds,
    shard::{directory::Scope, node::Node, recovery::RecoveryStore, shared::Shared},
};

/// The longest name of a child, in bytes: a client chooses it, and the server keeps it.
const MAX_NAME: usize = 256;

/// A family of namespaces.
pub(crate) struct ParentInner {
    pub(super) name: String,
    pub(super) matcher: Matcher,
    pub(super) setup: Setup,
}

pub(super) enum Matcher {
    Pattern(Pattern),
    Predicate(Box<dyn Predicate>),
}

impl ParentInner {
    /// Whether the name alone decides, so that no client of a child need be asked about again.
    pub(super) fn is_pattern(&self) -> bool {
        matches!(self.matcher, Matcher::Pattern(_))
    }

    fn may_accept(&self, name: &str) -> bool {
        match &self.matcher {
            Matcher::Pattern(pattern) => pattern.matches(name),
            Matcher::Predicate(_) => true,
        }
    }

    pub(super) async fn accept(
        &self,
        name: &str,
        auth: &ConnectAuth,
    ) -> Result<Option<Params>, Refusal> {
        match &self.matcher {
            Matcher::Pattern(pattern) => Ok(pattern.params(name)),
            Matcher::Predicate(predicate) => predicate.ask(name, auth).await,
        }
    }
}

/// The children of all parents of a hub.
///
/// A child lives as long as anyone holds it: a socket, its own or one in the hands of the
/// application, or a handle of the namespace. So a handle never speaks to an older namespace than
/// the one that clients of that name are in.
pub(crate) struct Children {
    node: Arc<Node>,
    /// In the order in which they were registered.
    pub(super) parents: Vec<Arc<ParentInner>>,
    ids: Arc<NamespaceIds>,
    /// What they keep together for clients that come back.
    recovery: Option<Arc<Shared>>,
    /// Held for a few instructions. No child may be dropped meanwhile: that takes it as well.
    listed: Mutex<HashMap<Arc<str>, Listed>>,
}

struct Listed {
    child: Weak<NamespaceInner>,
    /// Set where children are not cleaned up.
    kept: Option<Arc<NamespaceInner>>,
}

impl Children {
    pub(super) fn new(node: &Arc<Node>, parents: Vec<Arc<ParentInner>>, ids: NamespaceIds) -> Self {
        let recovery = node.config.connection_state_recovery.as_ref();
        Self {
            node: Arc::clone(node),
            recovery: recovery.map(|options| Arc::new(Shared::new(options))),
            parents,
            ids: Arc::new(ids),
            listed: Mutex::default(),
        }
    }

    fn listed(&self) -> MutexGuard<'_, HashMap<Arc<str>, Listed>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The child of this name, made if there is none and a parent may accept it. It belongs to no
    /// parent before one has accepted a client.
    pub(super) fn enter(self: &Arc<Self>, name: &str) -> Result<Arc<NamespaceInner>, Refusal> {
        // Most clients come to one that exists.
        if let Some(child) = self.find(name) {
            return Ok(child);
        }
        let possible = name.len() <= MAX_NAME
            && name != "/"
            && self.parents.iter().any(|parent| parent.may_accept(name));
        if !possible {
            return Err(Refusal::unknown_namespace());
        }
        let mut listed = self.listed();
        // Another client may have been faster.
        if let Some(child) = listed.get(name).and_then(|listed| listed.child.upgrade()) {
            return Ok(child);
        }
        if listed.len() >= self.node.config.max_dynamic_namespaces {
            let option = "max_dynamic_namespaces";
            self.node.metrics.refused_namespaces.add(option);
            return Err(Refusal::too_many_namespaces(option));
        }
        let name = Arc::<str>::from(name);
        let scope = Scope::leased(self.ids.lease(), Arc::clone(&name));
        let scope = scope.recovering(RecoveryStore::new(
            &self.node.config,
            self.recovery.as_ref(),
        ));
        let scope = scope.linked(&self.node);
        let child = NamespaceInner::child(scope, self);
        let entry = Listed {
            child: Arc::downgrade(&child),
            kept: None,
        };
        listed.insert(name, entry);
        drop(listed);
        self.node.metrics.dynamic_namespaces.up();
        Ok(child)
    }

    /// A client was let in.
    pub(super) fn keep(&self, child: &Arc<NamespaceInner>) {
        if !self.node.config.cleanup_empty_child_namespaces
            && let Some(listed) = self.listed().get_mut(&child.scope.name)
        {
            listed.kept = Some(Arc::clone(child));
        }
    }

    /// The child is being dropped; another of its name may have been made already.
    pub(super) fn forget(&self, name: &str, child: *const NamespaceInner) {
        let mut listed = self.listed();
        if listed
            .get(name)
            .is_some_and(|listed| std::ptr::eq(listed.child.as_ptr(), child))
        {
            listed.remove(name);
        }
        drop(listed);
        self.node.metrics.dynamic_namespaces.down();
    }

    /// The child of this name, if it has accepted a client.
    pub(super) fn get(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        self.find(name).filter(|child| child.parent().is_some())
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        self.listed().get(name)?.child.upgrade()
    }

    pub(super) fn parent(&self, name: &str) -> Option<&Arc<ParentInner>> {
        self.parents.iter().find(|parent| parent.name == name)
    }

    /// The children of a parent that exist now.
    pub(super) fn of(&self, parent: &Arc<ParentInner>) -> Vec<Arc<NamespaceInner>> {
        let is_its_own = |child: &Arc<NamespaceInner>| {
            child
                .parent()
                .is_some_and(|known| Arc::ptr_eq(known, parent))
        };
        self.all().into_iter().filter(is_its_own).collect()
    }

    /// All that exist now.
    pub(super) fn all(&self) -> Vec<Arc<NamespaceInner>> {
        let listed = self.listed();
        let children = listed.values().map(|listed| listed.child.upgrade());
        children.flatten().collect()
    }
}

impl Drop for Children {
    /// The hub has gone. A child to which a client may come back holds itself, through the session
    /// that it keeps for it.
    fn drop(&mut self) {
        let listed = std::mem::take(&mut *self.listed());
        for child in listed.values().filter_map(|listed| listed.child.upgrade()) {
            if let Some(store) = &child.scope.recovery {
                store.forget_all();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::config::Config;

    fn children() -> Arc<Children> {
        let node = Node::bare(Config::default());
        let parent = ParentInner {
            name: "/room-{id}".to_owned(),
            matcher: Matcher::Pattern(Pattern::parse("/room-{id}").unwrap()),
            setup: Setup {
                connect: |_, _| Err(Refusal::unknown_namespace()),
                #[cfg(feature = "codegen")]
                describe: || None,
                refusing: std::sync::OnceLock::new(),
                latencies: crate::namespace::latencies::Latencies::new(String::new(), &[]),
                middleware: Vec::new(),
                event_middleware: Vec::new(),
                limits: Default::default(),
                server_side: Default::default(),
            },
        };
        let parents = vec![Arc::new(parent)];
        Arc::new(Children::new(&node, parents, NamespaceIds::default()))
    }

    #[test]
    fn one_that_goes_does_not_take_its_successor_along() {
        let children = children();
        let gone = children.enter("/room-1").unwrap();
        // As if its last holder had dropped it, and another thread had come before its `Drop`.
        children.listed().clear();
        let successor = children.enter("/room-1").unwrap();
        drop(gone);
        let found = children.enter("/room-1").unwrap();
        assert!(Arc::ptr_eq(&found, &successor));
    }
}
