use std::{io, path::PathBuf};

/// Why a contract cannot be written down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// A type does not say what it looks like.
    #[error(
        "`{path}` ({place}) is not described: derive `roomcast::contract::TS` and \
         `roomcast::contract::JsonSchema` for it"
    )]
    Undescribed {
        /// The type.
        path: &'static str,
        /// What it is there for.
        place: String,
    },
    /// Two types would have one name in TypeScript.
    #[error(
        "`{first}` and `{second}` are both called `{name}`: give one of them another name with \
         `#[ts(rename = \"..\")]`"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// The type that has it.
        first: &'static str,
        /// The type that would have it, too.
        second: &'static str,
    },
    /// A type has a name that TypeScript cannot have, mostly because serde was given another.
    #[error(
        "`{path}` is called `{name}`, which is no name in TypeScript: give it another with \
         `#[ts(rename = \"..\")]`"
    )]
    NoName {
        /// The type.
        path: &'static str,
        /// The name.
        name: String,
    },
    /// A type that TypeScript describes otherwise than the JSON Schema, which is how serde reads and
    /// writes it: mostly an attribute of serde that ts-rs does not know.
    #[error(
        "`{path}` is described in two ways: {difference}. ts-rs does not know all attributes of serde: say \
         the same with `#[ts(rename = \"..\")]`, `#[ts(type = \"..\")]` or `#[ts(as = \"..\")]`, and \
         make two types of one that is read otherwise than it is written"
    )]
    Disagreement {
        /// The type.
        path: &'static str,
        /// In what they differ.
        difference: String,
    },
    /// ts-rs has no TypeScript for a type that serde has a form for: mostly for a flattened `Option`.
    #[error(
        "`{path}` has no TypeScript ({reason}): state it with `#[ts(type = \"..\")]`, or change the type; \
         in the place of a flattened `Option<T>`, list the fields of `T`"
    )]
    NoTypeScript {
        /// The type.
        path: &'static str,
        /// What ts-rs says.
        reason: String,
    },
    /// An ack has a field `error`, by which clients know that the server has refused an event.
    #[error(
        "`{path}` (ack of event `{event}`) has a field `error`, as a `Rejected` has: clients could not tell \
         them apart; rename it with `#[serde(rename = \"..\")]`"
    )]
    LikeRejected {
        /// The type of the ack.
        path: &'static str,
        /// The event's name.
        event: &'static str,
    },
    /// The file's name does not end in `.ts`, `.json` or `.md`.
    #[error("{}: a contract is a `.ts`, `.json` or `.md`", .0.display())]
    Extension(PathBuf),
    /// The file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
