//! Peers that break the rules, or keep them in the worst way: each is bounded, cut in time, counted
//! by its reason, harmless to others, and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../waiting/mod.rs"]
mod waiting;
#[path = "../wire/mod.rs"]
mod wire;

mod addresses;
mod crowd;
mod departures;
mod excess;
mod floods;
mod half_open;
mod lab;
mod nonsense;
mod polls;
mod slow;
mod stage;
mod upgrades;
mod well_behaved;
