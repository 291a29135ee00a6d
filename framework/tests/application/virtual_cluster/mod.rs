//! The guarantees, over many seeds of a cluster in virtual time; and that such a cluster does what it says.
//!
//! How many seeds: so many that all of it takes the test command less than a minute of one core.
//! `ROOMCAST_SEEDS=0..100000` runs more of them.

mod coming_back;
mod kit;
mod leases;
mod leaving;
mod ordering;
mod presence;
mod recovering;
mod world;
