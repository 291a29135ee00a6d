//! What the clients do.
//!
//! Each scenario opens its connections, runs for the time of the warm-up, of which nothing counts but faults, and then for
//! the time that is measured. Whatever is under way at the end of either is waited for.

mod ack;
mod broadcast;
mod idle;
mod rooms;
mod setup;

use crate::Result;
use crate::crowd::Crowd;
use crate::options::{Options, Scenario};
use crate::report::Report;

/// For how long the last messages of a run are waited for, in nanoseconds.
const DRAIN: u64 = 5_000_000_000;

/// The room of a broadcast.
const ROOM: &str = "lobby";

/// Runs one scenario to its end.
///
/// # Errors
///
/// If a connection cannot be opened or is closed before the load begins, or a process to be measured is not there. What goes
/// wrong with messages is in the report.
pub fn run(options: &Options) -> Result<Report> {
    let mut crowd = Crowd::new()?;
    let mut report = Report::default();
    let scenario = match options.scenario {
        Scenario::Idle => idle::run,
        Scenario::Broadcast => broadcast::run,
        Scenario::Ack => ack::run,
        Scenario::Rooms => rooms::run,
    };
    scenario(options, &mut crowd, &mut report)?;
    report.fault("unstamped", crowd.damaged);
    report.fault("closed", crowd.closed);
    if crowd.closed > 0 {
        report.put("reason", crowd.reason);
    }
    Ok(report)
}

fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}
