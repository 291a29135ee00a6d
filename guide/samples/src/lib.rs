//! The samples of the guide. The pages include parts of these files, so that everything a reader
//! copies compiles and has been run.
//!
//! A module holds the samples of a chapter, between `ANCHOR` comments, and the tests that run them.
//! The chapters about a whole program have one file for each program.

#![expect(dead_code, reason = "some samples are only to be read")]

mod acks;
mod calls;
mod cluster;
mod compression;
mod deployment;
mod emitter;
mod errors;
mod events;
mod expiry;
mod first_chat;
mod guarantees;
mod hello;
mod listener;
mod middleware;
mod namespaces;
mod observability;
mod own_adapter;
mod parsers;
mod ported;
mod presence;
mod recovery;
mod rooms;
mod security;
mod sessions;
#[cfg(test)]
mod testing;
mod transports;
mod untyped;
mod waiting;

use std::error::Error;

use roomcast::{BuildError, Hub};

/// The server of the chapter "Getting started".
///
/// # Errors
/// If port 3000 is taken.
pub fn hello() -> Result<(), Box<dyn Error>> {
    hello::run()
}

/// The finished server of the chapter "Your first chat".
///
/// # Errors
/// If its address is taken.
pub fn first_chat() -> Result<(), Box<dyn Error>> {
    first_chat::run()
}

/// The server of the chapter "Coming from Socket.IO", at the address that is its argument.
///
/// # Errors
/// If the address is taken.
pub fn ported() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    ported::run(address.as_deref().unwrap_or("127.0.0.1:3000"))
}

/// A hub with the sessions of the other chapters, each in a namespace of its own.
///
/// # Errors
/// None: the names differ.
pub fn hub() -> Result<Hub, BuildError> {
    [
        hello::add,
        events::add,
        acks::add,
        errors::add,
        middleware::add,
        namespaces::add,
    ]
    .into_iter()
    .fold(Hub::builder(), |builder, add| add(builder))
    .build()
}

/// The program in the README compiles, too.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
