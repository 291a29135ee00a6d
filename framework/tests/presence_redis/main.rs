//! Presence on real Redis servers, whatever happens to them and to the nodes: nobody who stayed
//! seems to go, and nobody who went seems to stay for longer than a lease.

#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod deployments;
mod leaving;
mod losses;
mod outages;
mod world;

#[path = "../common/mod.rs"]
mod common;
#[path = "../streams/proxy.rs"]
#[expect(dead_code, reason = "only cuts are needed")]
mod proxy;
