//! What streams promise besides the contract of adapters: nothing is missed while a node is away from
//! Redis, nothing comes twice, and clients come back to any node.

#![cfg(feature = "redis")]
mod away;
mod dynamic;
mod far_away;
mod faults;
mod gaps;
mod in_flight;
mod late;
mod leaving;
mod lost;
mod order;
mod own_log;
mod recovery;
mod replaced;
pub(crate) mod world;
