//! What a contract consists of.

use super::{EventContract, Type, TypeContract, wire::Direction};
use crate::event::Args;

/// What a hub's clients may send and are sent. From [`Hub::contract`](crate::Hub::contract).
///
/// ```
/// use roomcast::{contract::ContractError, Hub};
///
/// fn write(hub: &Hub) -> Result<(), ContractError> {
///     let contract = hub.contract().titled("Chat", "2.1.0");
///     contract.write("web/src/contract.ts")?;
///     contract.write("docs/chat.asyncapi.json")
/// }
/// ```
pub struct Contract {
    pub(super) title: String,
    pub(super) version: String,
    pub(super) namespaces: Vec<NamespaceContract>,
}

impl Contract {
    pub(crate) fn new(namespaces: Vec<NamespaceContract>) -> Self {
        Self {
            title: "Events".to_owned(),
            version: "1.0.0".to_owned(),
            namespaces,
        }
    }

    /// What the AsyncAPI document and the Markdown are called, and the version of the first. Default
    /// `Events`, `1.0.0`.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>, version: impl Into<String>) -> Self {
        self.title = title.into();
        self.version = version.into();
        self
    }

    /// Without the namespaces of which `keep` says no by their [`name`](NamespaceContract::name): what
    /// partners are given need not tell of `/internal`.
    ///
    /// ```
    /// # use roomcast::prelude::*;
    /// # #[derive(EventHandlers)]
    /// # #[handles()]
    /// # struct Guest;
    /// # impl Session for Guest {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    /// # let hub = Hub::builder().namespace::<Guest>("/").namespace::<Guest>("/internal").build()?;
    /// let public = hub.contract().only(|namespace| namespace != "/internal");
    /// let names: Vec<_> = public.namespaces().iter().map(|namespace| namespace.name()).collect();
    /// assert_eq!(names, ["/"]);
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    #[must_use]
    pub fn only(mut self, keep: impl Fn(&str) -> bool) -> Self {
        self.namespaces.retain(|namespace| keep(&namespace.name));
        self
    }

    /// The namespaces, by name.
    #[must_use]
    pub fn namespaces(&self) -> &[NamespaceContract] {
        &self.namespaces
    }
}

impl std::fmt::Debug for Contract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.namespaces.iter().map(NamespaceContract::name);
        f.debug_tuple("Contract")
            .field(&names.collect::<Vec<_>>())
            .finish()
    }
}

/// Which names a namespace stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    One,
    Pattern,
    Accepted,
}

/// A namespace, or a family of them.
///
/// ```
/// use roomcast::{contract::EventContract, Hub};
///
/// fn list(hub: &Hub) {
///     for namespace in hub.contract().namespaces() {
///         println!("{} takes:", namespace.name());
///         namespace.receives().iter().map(EventContract::name).for_each(|name| println!("  {name}"));
///     }
/// }
/// ```
pub struct NamespaceContract {
    pub(super) name: String,
    pub(super) names: Names,
    auth: Option<TypeContract>,
    session: SessionContract,
}

impl NamespaceContract {
    pub(crate) fn new(name: &str, names: Names, session: SessionContract) -> Self {
        let auth = |of| TypeContract {
            of,
            args: Args::One,
            direction: Direction::Received,
            place: format!("auth of `{name}`"),
        };
        Self {
            name: name.to_owned(),
            names,
            auth: session.auth.map(auth),
            session,
        }
    }

    /// The name; of a [dynamic](crate::NamespaceBuilder::matching) one the pattern, or the label of the
    /// predicate.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a family.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        self.names != Names::One
    }

    /// What a client sends to connect, [`Session::Auth`](crate::Session::Auth); `None` where everything
    /// is taken.
    #[must_use]
    pub fn auth(&self) -> Option<&TypeContract> {
        self.auth.as_ref()
    }

    /// What clients may send, in the order of `#[handles(..)]`.
    #[must_use]
    pub fn receives(&self) -> &[EventContract] {
        &self.session.handles
    }

    /// What clients are sent, one alone or many, in the order of `#[emits(..)]`; `None` where the session
    /// says nothing of what it emits.
    #[must_use]
    pub fn emits(&self) -> Option<&[EventContract]> {
        self.session.emits.as_deref()
    }

    /// What clients are sent in broadcasts only, to rooms or to all of the namespace, in the order of
    /// `#[broadcasts(..)]`. It is not in [`emits`](Self::emits).
    #[must_use]
    pub fn broadcasts(&self) -> &[EventContract] {
        &self.session.broadcasts
    }
}

/// A session, as it was declared.
pub struct SessionContract {
    /// `None` where every auth is taken.
    pub auth: Option<Type>,
    /// The events that it handles.
    pub handles: Vec<EventContract>,
    /// The events that it emits to one socket or to many; `None` where it does not say what it emits.
    pub emits: Option<Vec<EventContract>>,
    /// The events that it emits in broadcasts only.
    pub broadcasts: Vec<EventContract>,
}
