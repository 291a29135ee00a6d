use std::{collections::HashMap, sync::Arc};

use super::{
    NamespaceBuilder, NamespaceInner, Refusal, States,
    builder::Names,
    children::{Children, Matcher, ParentInner},
    pattern::Pattern,
};
use crate::{
    error::BuildError,
    id::NamespaceIds,
    shard::{directory::Scope, node::Node, recovery::RecoveryStore},
};

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
    /// [`BuildError`] for a name that is taken, a pattern that is none, and a rate at which nothing passes.
    pub(crate) fn new(
        node: Arc<Node>,
        registered: Vec<NamespaceBuilder>,
        states: States,
    ) -> Result<Self, BuildError> {
        let mut namespaces = HashMap::new();
        let mut parents: Vec<Arc<ParentInner>> = Vec::new();
        let ids = NamespaceIds::default();
        for NamespaceBuilder {
            name,
            names,
            mut setup,
            recovers,
        } in registered
        {
            Arc::make_mut(&mut setup.limits).complete(&node.config)?;
            let matcher = match names {
                Names::One => {
                    let scope = Scope::new(ids.next(), name.as_str().into());
                    let store = recovers.then(|| RecoveryStore::new(&node.config, None));
                    let scope = scope.recovering(store.flatten()).linked(&node);
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

    /// Those that exist now, `/` among them; in no order.
    #[cfg(feature = "admin")]
    pub(crate) fn all_namespaces(&self) -> Vec<Arc<NamespaceInner>> {
        let closed = (!self.namespaces.contains_key("/")).then(|| Arc::clone(&self.main));
        let children = self.children.all().into_iter();
        // One that has accepted nobody yet may never exist.
        let children = children.filter(|child| child.parent().is_some());
        let fixed = self.namespaces.values().cloned();
        fixed.chain(closed).chain(children).collect()
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
