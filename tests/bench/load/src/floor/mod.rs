//! What the kernel alone charges for messages: the same writes as a server's, and nothing around them.
//!
//! Whoever reads them is a child process, which is not counted.

mod echo;
mod fanout;
mod peer;
mod reader;

use std::path::Path;

use crate::{Report, Result};

/// What `bench-floor --help` prints.
pub const HELP: &str = "\
bench-floor fanout SOCKETS BYTES ROUNDS [HOW]   writes one buffer to each socket in turn, in every round
bench-floor echo SOCKETS BYTES SECONDS          writes back what comes, of which each socket has one message under way

HOW is batch=K, with K messages in one write, or rate=R, so many rounds in a second; otherwise a round begins when the last has
been read. It prints one JSON object, with the CPU time of each delivery or round trip.";

/// Does what the words say; `program` is what runs this, and is started as the reader.
///
/// # Errors
///
/// If the words are not in [`HELP`], or the reader ends before its time.
pub fn run(program: &Path, words: &[&str]) -> Result<Option<Report>> {
    match words {
        ["fanout", sockets, bytes, rounds, how @ ..] => {
            let how = match how {
                [] => fanout::How::default(),
                [how] => how.parse()?,
                _ => return Err(HELP.into()),
            };
            let (sockets, bytes) = size(sockets, bytes)?;
            let rounds = at_most(rounds, 100_000)?;
            fanout::run(program, sockets, bytes, rounds, how).map(Some)
        }
        ["echo", sockets, bytes, seconds] => {
            let (sockets, bytes) = size(sockets, bytes)?;
            echo::run(program, sockets, bytes, at_most(seconds, 60)?).map(Some)
        }
        ["read", port, sockets, round, rounds] => {
            reader::rounds(
                port.parse()?,
                sockets.parse()?,
                round.parse()?,
                rounds.parse()?,
            )?;
            Ok(None)
        }
        ["ask", port, sockets, bytes] => {
            reader::echoes(port.parse()?, sockets.parse()?, bytes.parse()?)?;
            Ok(None)
        }
        _ => Err(HELP.into()),
    }
}

fn size(sockets: &str, bytes: &str) -> Result<(usize, usize)> {
    Ok((
        at_most(sockets, 20_000)? as usize,
        at_most(bytes, 60_000)? as usize,
    ))
}

fn at_most(text: &str, most: u64) -> Result<u64> {
    let value = text.parse().map_err(|error| format!("{text}: {error}"))?;
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    Err(format!("{text}: from 1 to {most}").into())
}
