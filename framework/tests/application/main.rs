//! What an application sees: sessions, events, acks, rooms, recovery.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../waiting/mod.rs"]
mod waiting;
#[path = "../wire/mod.rs"]
mod wire;

mod acks;
mod broadcasts;
mod catch_all;
mod contract;
mod departures;
mod dynamic_namespaces;
mod kit;
mod middleware;
mod namespaces;
mod ordering;
mod panics;
mod presence;
mod recipients;
mod recovery;
mod recovery_edges;
mod recovery_middleware;
mod rooms;
mod session_features;
mod slow_consumers;
mod socketio;
mod supervision;
mod users;
mod virtual_cluster;
mod wait_for;
