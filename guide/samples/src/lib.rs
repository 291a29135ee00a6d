//! The samples of the guide. The pages include parts of these files, so that everything a reader
//! copies compiles and has been run.
//!
//! A module holds the samples of a chapter, between `ANCHOR` comments, and the tests that run them.
//! The chapters about a whole program have one file for each program.

#![expect(dead_code, reason = "some samples are only to be read")]

mod acks;
mod admin_page;
mod calls;
mod cluster;
mod compression;
mod contract;
mod deployment;
mod emitter;
mod errors;
mod events;
mod expiry;
mod guarantees;
mod hello;
mod howto;
mod limits;
mod listener;
mod middleware;
mod namespaces;
mod observability;
mod own_adapter;
mod parsers;
mod ported;
mod presence;
#[path = "readme/main.rs"]
mod readme;
mod recovery;
mod rooms;
mod security;
mod sessions;
#[cfg(test)]
mod testing;
mod transports;
mod tutorial;
mod untyped;
mod waiting;

use std::{error::Error, process::ExitCode};

use roomcast::{BuildError, Hub};

/// The server of the chapter "Getting started".
///
/// # Errors
/// If port 3000 is taken.
pub fn hello() -> Result<(), Box<dyn Error>> {
    hello::run()
}

/// The server of the tutorial after that step, at the address that is the program's first argument.
///
/// # Errors
/// If the address is taken, or there is no such step.
pub fn tutorial(step: &str) -> Result<ExitCode, Box<dyn Error>> {
    tutorial::run(step)
}

/// The server of the chapter "Coming from Socket.IO", at the address that is its argument.
///
/// # Errors
/// If the address is taken.
pub fn ported() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    ported::run(address.as_deref().unwrap_or("127.0.0.1:3000"))
}

/// The server of the README's chat, and its page.
///
/// # Errors
/// None.
pub fn readme() -> Result<(Hub, &'static str), BuildError> {
    Ok((readme::add(Hub::builder()).build()?, readme::PAGE))
}

/// A hub with the parser for MessagePack.
///
/// # Errors
/// None.
pub fn msgpack() -> Result<Hub, BuildError> {
    parsers::msgpack(hello::add(Hub::builder())).build()
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
        presence::add,
        howto::add_rates,
        howto::add_upload,
    ]
    .into_iter()
    .fold(Hub::builder(), |builder, add| add(builder))
    .build()
}
