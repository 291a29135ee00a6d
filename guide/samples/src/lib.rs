//! The samples of the guide. The pages include parts of these files, so that everything a reader
//! copies compiles and has been run.
//!
//! A module holds the samples of a chapter, between `ANCHOR` comments, and the tests that run them.
//! The chapters about a whole program have one file for each program.

#![cfg_attr(
    not(test),
    expect(dead_code, reason = "some samples are called by their tests only")
)]

mod acks;
mod deployment;
mod errors;
mod events;
#[cfg(test)]
mod first_chat;
mod guarantees;
#[cfg(test)]
mod hello;
mod rooms;
#[cfg(test)]
mod testing;

use roomcast::{BuildError, Hub};

/// A hub with the sessions of the chapters, each in a namespace of its own.
///
/// # Errors
/// None: the names differ.
pub fn hub() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<events::Board>("/events")
        .namespace::<events::Members>("/members")
        .namespace::<acks::Shop>("/acks")
        .namespace::<errors::Bank>("/errors")
        .build()
}
