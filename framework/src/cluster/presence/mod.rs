//! What the nodes of a cluster share about users and presence.
//!
//! | module | holds |
//! | --- | --- |
//! | [`store`] | where it is kept: the interface |
//! | [`memory`] | in one process |
//! | [`registrar`] | a node's part of it, from any thread |
//! | [`entries`] | what the node says, and what is still to be written; pure |
//! | [`keeper`] | what writes it, and holds the lease |
//! | [`reader`] | what reads the topics |
//! | [`topics`] | the rooms of which the node has a copy |
//! | [`view`] | such a copy; pure |
//! | [`change`] | who is present, and what changes |
//! | [`clients`] | what clients are told |
//! | [`nodes`] | the nodes of the cluster |
//! | [`rooms`] | presence as an application sees it |
//!
//! A node says what its sockets are and do under a lease. All of it goes with the lease, so that
//! nothing is left of a node that has crashed; whoever finds a lease that is over removes what
//! hangs on it, which the store makes happen once. A node whose lease was over takes another one
//! and says everything again, which replaces what it said under the old one.

mod change;
mod clients;
mod entries;
mod keeper;
mod memory;
mod nodes;
mod reader;
mod registrar;
mod rooms;
pub(crate) mod store;
#[cfg(test)]
pub(crate) mod store_tests;
mod topics;
mod view;

pub use change::{PresenceChange, Present};
pub use clients::{PresenceDiff, PresenceState};
pub(crate) use memory::Memory;
pub(crate) use registrar::Registrar;
pub use rooms::{Presence, PresenceError, PresencePage, PresenceWatch};
