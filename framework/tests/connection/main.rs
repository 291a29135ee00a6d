//! What carries packets: the handshake, both transports, their limits, and the HTTP around them.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../waiting/mod.rs"]
mod waiting;
#[path = "../wire/mod.rs"]
mod wire;

mod admission;
mod allow_request;
mod client_bundles;
mod client_js;
mod connecting;
mod cors;
mod deflate;
mod embedding;
mod engine;
mod expiry;
mod handshake;
mod http_options;
mod limits;
mod operations;
mod options;
mod parked_polls;
mod parser;
mod polling;
mod rates;
mod transports;
mod upgrade;
