//! A type that goes over the wire, and which way it goes.

use schemars::Schema;

use super::{ContractError, Type, probe::Described, schema, typescript::Writer};
use crate::event::Args;

/// Who sends what is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Read by the server: defaults make fields optional.
    Received,
    /// Written by the server.
    Emitted,
}

impl Direction {
    /// That of the answer.
    pub(super) fn back(self) -> Self {
        match self {
            Self::Received => Self::Emitted,
            Self::Emitted => Self::Received,
        }
    }
}

/// A type that goes over the wire: the payload of an event, an ack, the data of a rejection, or auth.
///
/// For generators of code in other languages, this one for Python:
///
/// ```
/// use roomcast::{
///     contract::{Contract, ContractError, JsonSchema, TS, TypeContract},
///     prelude::*,
/// };
///
/// #[derive(Deserialize, Event, TS, JsonSchema)]
/// # #[ts(crate = "roomcast::contract::ts_rs")]
/// # #[schemars(crate = "roomcast::contract::schemars")]
/// #[event(ack = u32)]
/// struct Say {
///     room: String,
///     text: String,
/// }
///
/// /// What `receives` tells, as functions to be called.
/// fn python(contract: &Contract) -> Result<String, ContractError> {
///     let mut out = String::new();
///     for event in contract.namespaces().iter().flat_map(|namespace| namespace.receives()) {
///         let fields = event.payload().map_or(Ok(String::new()), fields)?;
///         let answer = event.ack().map_or(Ok("None".to_owned()), kind)?;
///         out += &format!("def {}(*, {fields}) -> {answer}: ...\n", event.name());
///     }
///     Ok(out)
/// }
///
/// fn fields(payload: &TypeContract) -> Result<String, ContractError> {
///     let schema = payload.json_schema()?;
///     let properties = schema.get("properties").and_then(|it| it.as_object());
///     let fields = properties.into_iter().flatten();
///     let fields = fields.map(|(name, field)| format!("{name}: {}", name_of(field.get("type"))));
///     Ok(fields.collect::<Vec<_>>().join(", "))
/// }
///
/// fn kind(ack: &TypeContract) -> Result<String, ContractError> {
///     Ok(name_of(ack.json_schema()?.get("type")).to_owned())
/// }
///
/// fn name_of(json_type: Option<&serde_json::Value>) -> &'static str {
///     match json_type.and_then(|it| it.as_str()) {
///         Some("string") => "str",
///         Some("integer") => "int",
///         _ => "Any",
///     }
/// }
///
/// # #[derive(EventHandlers)]
/// # #[handles(Say)]
/// # struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
/// # impl Handle<Say> for Chat {
/// #     async fn handle(&mut self, _: Say, _: &Socket) -> Result<u32, Rejection> { Ok(1) }
/// # }
/// let hub = Hub::builder().namespace::<Chat>("/").build()?;
/// assert_eq!(python(&hub.contract())?, "def say(*, room: str, text: str) -> int: ...\n");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct TypeContract {
    pub(super) of: Type,
    pub(super) args: Args,
    pub(super) direction: Direction,
    /// What it is there for, as errors say it.
    pub(super) place: String,
}

impl TypeContract {
    /// `None` where nothing goes over the wire.
    pub(super) fn new(
        of: Type,
        args: Args,
        direction: Direction,
        place: impl FnOnce() -> String,
    ) -> Option<Self> {
        (args != Args::None).then(|| Self {
            of,
            args,
            direction,
            place: place(),
        })
    }

    /// The path of the type in Rust, such as `shop::events::Add`.
    #[must_use]
    pub fn rust(&self) -> &'static str {
        self.of.path
    }

    /// Whether it is one argument, or several: then what describes it describes a list of them. Never
    /// [`Args::None`].
    #[must_use]
    pub fn args(&self) -> Args {
        self.args
    }

    /// Its JSON Schema (draft 7), with all that it refers to in its `definitions`; of what clients send,
    /// as serde reads it, and of what they are sent, as serde writes it. Attachments are their
    /// placeholders, as in the packet.
    ///
    /// # Errors
    /// [`ContractError::Undescribed`].
    pub fn json_schema(&self) -> Result<Schema, ContractError> {
        Ok(schema::alone(&self.described()?, self.direction))
    }

    /// Its type in TypeScript, which may name types that [`Contract::typescript`] declares.
    ///
    /// ```
    /// use roomcast::contract::{ContractError, EventContract};
    ///
    /// /// Of `Say` in the example of this module: `Say`; of its ack: `number`.
    /// fn payload(event: &EventContract) -> Result<Option<String>, ContractError> {
    ///     event.payload().map(|payload| payload.typescript()).transpose()
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`Contract::typescript`].
    ///
    /// [`Contract::typescript`]: super::Contract::typescript
    pub fn typescript(&self) -> Result<String, ContractError> {
        let mut writer = Writer::new();
        let text = writer.wire(self)?;
        writer.finish(std::iter::empty(), &mut String::new())?;
        Ok(text)
    }

    pub(super) fn described(&self) -> Result<Described, ContractError> {
        self.of.described.ok_or_else(|| ContractError::Undescribed {
            path: self.of.path,
            place: self.place.clone(),
        })
    }
}

impl std::fmt::Debug for TypeContract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TypeContract").field(&self.of.path).finish()
    }
}
