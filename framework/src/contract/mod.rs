//! The contract of a hub (feature `codegen`): all events that clients may send and receive, with their
//! payloads and acks, as TypeScript, as an [AsyncAPI](https://www.asyncapi.com/) document, and as
//! Markdown.
//!
//! [`Hub::contract`](crate::Hub::contract) makes it from the session's
//! [`#[handles(..)]`, `#[emits(..)]` and `#[broadcasts(..)]`](derive@crate::EventHandlers), each event's
//! [`Event`](derive@crate::Event), and [`Session::Auth`](crate::Session::Auth). The types of payloads,
//! acks and auth derive [`TS`] and [`JsonSchema`] in addition to serde's traits; add the crates
//! `ts-rs` and `schemars` for that.
//!
//! Not part of a contract are sessions that implement
//! [`EventHandlers`](crate::EventHandlers) by hand, untyped events, and events between servers.
//! Which emits are checked, and which are not, is said at
//! [`TypedSocket`](crate::TypedSocket#what-is-not-checked).
//!
//! ```
//! use roomcast::{
//!     contract::{JsonSchema, TS},
//!     prelude::*,
//! };
//!
//! /// Says something in a room.
//! #[derive(Deserialize, Event, TS, JsonSchema)]
//! # #[ts(crate = "roomcast::contract::ts_rs")]
//! # #[schemars(crate = "roomcast::contract::schemars")]
//! #[event(ack = u32)]
//! struct Say {
//!     room: String,
//!     text: String,
//! }
//!
//! #[derive(Serialize, Event, TS, JsonSchema)]
//! # #[ts(crate = "roomcast::contract::ts_rs")]
//! # #[schemars(crate = "roomcast::contract::schemars")]
//! struct Said<'a>(&'a str);
//!
//! #[derive(EventHandlers)]
//! #[handles(Say)]
//! #[emits(Said<'_>)]
//! struct Chat;
//! # impl Session for Chat {
//! #     type Auth = ();
//! #     async fn connect(_: (), _: &TypedSocket<Self>) -> Result<Self, Refusal> { Ok(Self) }
//! # }
//! # impl Handle<Say> for Chat {
//! #     async fn handle(&mut self, _: Say, _: &TypedSocket<Self>) -> Result<u32, Rejection> { Ok(1) }
//! # }
//!
//! let hub = Hub::builder().namespace::<Chat>("/").build()?;
//! let typescript = hub.contract().typescript()?;
//! assert!(typescript.contains(
//!     r#""say": (payload: Say, ack: (answer: number | Rejected) => void) => void;"#
//! ));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod agreement;
mod asyncapi;
mod binary;
mod comments;
mod declarations;
mod error;
mod event;
mod file;
mod markdown;
mod model;
mod names;
mod probe;
mod schema;
mod socket_id;
mod typescript;
mod wire;
mod words;

pub use error::ContractError;
pub use event::EventContract;
pub(crate) use model::Names;
#[doc(hidden)]
pub use model::SessionContract;
pub use model::{Contract, NamespaceContract};
#[doc(hidden)]
pub use probe::{
    Probe, RejectedProbe, RejectedViaEvent, RejectedViaNothing, RejectedViaTypes, Type, ViaNothing,
    ViaTypes,
};
pub use schemars::{self, JsonSchema};
pub use ts_rs::{self, TS};
pub use wire::TypeContract;
