//! What the nodes of a cluster share about users and presence.
//!
//! | module | holds |
//! | --- | --- |
//! | [`store`] | where it is kept: the interface |
//! | [`memory`] | in one process |
//! | [`registrar`] | a node's part of it, from any thread |
//! | [`step`] | what is entered about a socket, together with what its worker does |
//! | [`observing`] | what becomes of such a socket |
//! | [`entries`] | what the node says, and what is still to be written; pure |
//! | [`keeper`] | what writes it, and holds the lease |
//! | [`reader`] | what reads the topics |
//! | [`topics`] | the rooms of which the node has a copy |
//! | [`watchers`] | changes on their way to watchers of the application's |
//! | [`view`] | such a copy; pure |
//! | [`change`] | who is present, and what changes |
//! | [`clients`] | what clients are told |
//! | `described` | the same, in a contract |
//! | [`error`] | why something was refused |
//! | [`nodes`] | the nodes of the cluster |
//! | [`rooms`] | presence as an application sees it |
//! | [`tracking`] | presence as a socket has part in it |
//! | `samples` | what a store tells, for tests |
//!
//! A node says what its sockets are and do under a lease. All of it goes with the lease, so that
//! nothing is left of a node that has crashed; whoever finds a lease that is over removes what
//! hangs on it, which the store makes happen once. A node whose lease was over takes another one
//! and says everything again, which replaces what it said under the old one.

mod change;
mod clients;
#[cfg(feature = "codegen")]
mod described;
mod entries;
mod error;
mod keeper;
mod memory;
mod nodes;
mod observing;
mod reader;
mod registrar;
mod rooms;
#[cfg(test)]
mod samples;
mod step;
pub(crate) mod store;
#[cfg(test)]
pub(crate) mod store_tests;
mod topics;
mod tracking;
mod view;
mod watchers;

pub use change::{PresenceChange, Present};
pub use clients::{PresenceDiff, PresenceState};
pub use error::PresenceError;
pub(crate) use memory::Memory;
pub(crate) use registrar::Registrar;
pub use rooms::{Presence, PresencePage, PresenceWatch};
pub(crate) use step::{GUEST, Place};
