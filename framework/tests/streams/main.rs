//! What streams promise besides the contract of adapters: nothing is missed while a node is away from
//! Redis, nothing comes twice, and clients come back to any node.

#![cfg(feature = "redis")]
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    reason = "tests; what they share with others they do not use all of"
)]

mod away;
mod faults;
mod gaps;
mod in_flight;
mod own_log;
mod proxy;
mod recovery;
mod world;

#[path = "../recovery/client.rs"]
mod client;
#[path = "../common/mod.rs"]
mod common;
#[path = "../wire/mod.rs"]
mod wire;
