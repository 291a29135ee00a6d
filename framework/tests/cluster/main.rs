//! Several nodes: adapters, streams, presence, and Redis that goes and comes.

#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../waiting/mod.rs"]
mod waiting;
#[path = "../wire/mod.rs"]
mod wire;

mod confirming;
mod contract;
mod emitter;
mod encoding;
mod figures;
mod forged;
mod in_process;
mod namesakes;
mod outage;
mod permissions;
mod plaintext;
mod presence_redis;
mod proxy;
mod publishes;
mod redis;
mod redis_peers;
mod redis_wire;
mod slow_consumers;
mod streams;
