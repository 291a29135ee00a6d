//! The contract of a hub: what its sessions declare.

use std::{any::TypeId, marker::PhantomData};

use super::{Hub, Session};
use crate::contract::{Contract, JsonSchema, Names, NamespaceContract, TS, Type};

impl Hub {
    /// What its clients may send and are sent, as its sessions declare it; see
    /// [`contract`](crate::contract). Namespaces of sessions whose
    /// [`EventHandlers`](trait@crate::EventHandlers) is not derived are left out.
    #[must_use]
    pub fn contract(&self) -> Contract {
        let fixed = self.core.namespaces.iter().filter_map(|(name, inner)| {
            let session = (inner.setup()?.describe)()?;
            Some(NamespaceContract::new(name, Names::One, session))
        });
        let parents = self.core.children.parents.iter().filter_map(|parent| {
            let names = match parent.is_pattern() {
                true => Names::Pattern,
                false => Names::Accepted,
            };
            let session = (parent.setup.describe)()?;
            Some(NamespaceContract::new(&parent.name, names, session))
        });
        let mut namespaces: Vec<_> = fixed.chain(parents).collect();
        namespaces.sort_by(|one, other| one.name().cmp(other.name()));
        Contract::new(namespaces)
    }
}

/// A session whose auth is looked at, as [`Probe`](crate::contract::Probe) looks at types. Of the three
/// methods called `auth` the compiler takes the first that there is.
pub struct AuthProbe<S>(PhantomData<fn(S)>);

impl<S> AuthProbe<S> {
    #[doc(hidden)]
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Of a session whose auth can tell.
pub trait AuthViaTypes {
    /// How the auth is described; `None` where every auth is taken.
    fn auth(&self) -> Option<Type>;
}

impl<S: Session> AuthViaTypes for &AuthProbe<S>
where
    S::Auth: TS + JsonSchema,
{
    fn auth(&self) -> Option<Type> {
        let any = TypeId::of::<S::Auth>() == TypeId::of::<()>();
        (!any).then(Type::described::<S::Auth>)
    }
}

/// Of any other session.
pub trait AuthViaSession {
    /// That it is not described.
    fn auth(&self) -> Option<Type>;
}

impl<S: Session> AuthViaSession for &&AuthProbe<S> {
    fn auth(&self) -> Option<Type> {
        Some(Type::unknown::<S::Auth>())
    }
}

/// Of what is no session.
pub trait AuthViaNothing {
    /// That there is none.
    fn auth(&self) -> Option<Type>;
}

impl<S> AuthViaNothing for AuthProbe<S> {
    fn auth(&self) -> Option<Type> {
        None
    }
}
