//! What a contract consists of.

use super::Type;
use crate::event::{Args, Event};

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
    pub(super) session: SessionContract,
}

impl NamespaceContract {
    pub(crate) fn new(name: &str, names: Names, session: SessionContract) -> Self {
        Self {
            name: name.to_owned(),
            names,
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

    /// What clients may send, in the order of `#[handles(..)]`.
    #[must_use]
    pub fn receives(&self) -> &[EventContract] {
        &self.session.handles
    }

    /// What clients are sent, in the order of `#[emits(..)]`; `None` where the session has none.
    #[must_use]
    pub fn emits(&self) -> Option<&[EventContract]> {
        self.session.emits.as_deref()
    }
}

/// A session, as it was declared.
pub struct SessionContract {
    /// `None` where every auth is taken.
    pub auth: Option<Type>,
    /// The events that it handles.
    pub handles: Vec<EventContract>,
    /// The events that it emits; `None` where it does not say.
    pub emits: Option<Vec<EventContract>>,
}

/// An event, as it was declared.
///
/// ```
/// use roomcast::contract::EventContract;
///
/// fn describe(event: &EventContract) -> String {
///     let answered = if event.has_ack() { " (answered)" } else { "" };
///     format!("{}{answered}: {}", event.name(), event.docs())
/// }
/// ```
pub struct EventContract {
    pub(super) name: &'static str,
    docs: &'static str,
    pub(super) args: Args,
    pub(super) payload: Type,
    pub(super) ack_args: Args,
    pub(super) ack: Type,
    /// The data of its rejections.
    pub(super) rejected: Option<Type>,
}

impl EventContract {
    /// The event `E`, with what was found out about it, about its ack and about its rejections.
    #[doc(hidden)]
    #[must_use]
    pub fn of<E: Event>(payload: Type, ack: Type, rejected: Option<Type>) -> Self {
        Self {
            name: E::NAME,
            docs: E::DOCS,
            args: E::ARGS,
            payload,
            ack_args: E::ACK_ARGS,
            ack,
            rejected,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it declares an answer.
    #[must_use]
    pub fn has_ack(&self) -> bool {
        self.ack_args != Args::None
    }

    /// What its type's doc comment says, without its marks.
    #[must_use]
    pub fn docs(&self) -> String {
        // What stands behind `///` begins with a blank.
        let lines = self.docs.lines().map(|line| {
            let line = line.strip_prefix(' ').unwrap_or(line);
            line.trim_end()
        });
        let docs = lines.collect::<Vec<_>>().join("\n");
        docs.trim_matches('\n').to_owned()
    }
}

/// Who sends what is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Read by the server: defaults make fields optional.
    Received,
    /// Written by the server.
    Emitted,
}
