//! The admin page, as `@socket.io/admin-ui` sees it.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../waiting/mod.rs"]
mod waiting;
#[path = "../wire/mod.rs"]
mod wire;

mod auth;
mod carried;
mod cluster;
mod commands;
mod crashes;
mod files;
mod gathering;
mod leaving;
mod load;
mod options;
mod page;
mod recorded;
mod shown;
mod slow;
mod stats;
mod takeover;
