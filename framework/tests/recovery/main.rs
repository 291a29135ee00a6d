//! Connection state recovery: who comes back finds its id, its rooms and its session again, and
//! gets what it missed, once and in order, whatever the workers.

#![allow(clippy::unwrap_used, reason = "tests")]

mod app;
mod carried;
mod carriers;
mod client;
mod expiry;
mod handover;
mod overload;
mod refused;
mod restored;
mod streams;
mod users;
mod world;

#[path = "../common/mod.rs"]
mod common;
#[path = "../wire/mod.rs"]
mod wire;
