//! One buffer, written to many sockets in turn.

use std::io::Write;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::peer::{Peer, heard, pause};
use crate::{Report, Result, usage};

/// The part of the rounds that is not measured.
const WARM_UP: u64 = 5;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct How {
    /// Messages in one write.
    batch: u64,
    /// Rounds in a second.
    rate: Option<f64>,
}

impl Default for How {
    fn default() -> Self {
        Self {
            batch: 1,
            rate: None,
        }
    }
}

impl FromStr for How {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let how = match text.split_once('=') {
            Some(("batch", batch)) => batch.parse().ok().map(|batch| Self { batch, rate: None }),
            Some(("rate", rate)) => rate.parse().ok().map(|rate| Self {
                batch: 1,
                rate: Some(rate),
            }),
            _ => None,
        };
        how.filter(|how| (1..=1_000).contains(&how.batch))
            .filter(|how| {
                how.rate
                    .is_none_or(|rate| (1.0..=100_000.0).contains(&rate))
            })
            .ok_or_else(|| {
                format!("{text}: neither batch=K nor rate=R, of at most 1,000 and 100,000")
            })
    }
}

pub(super) fn run(
    program: &Path,
    sockets: usize,
    bytes: usize,
    rounds: u64,
    how: How,
) -> Result<Report> {
    let buffer = vec![b'x'; bytes * how.batch as usize];
    let round = (buffer.len() * sockets) as u64;
    let peer = Peer::start(program, "read", &[sockets as u64, round, rounds])?;
    let mut ours = peer.sockets(1 + sockets)?;
    for socket in &ours {
        socket.set_nonblocking(false)?;
    }
    let mut control = ours.remove(0);
    heard(&mut control)?;

    let skipped = rounds / WARM_UP;
    let (mut cpu, mut since) = (usage::own()?, Instant::now());
    for round in 0..rounds {
        if round == skipped {
            (cpu, since) = (usage::own()?, Instant::now());
        }
        if let Some(rate) = how.rate {
            let behind = if round < skipped {
                round
            } else {
                round - skipped
            };
            let due = since + Duration::from_secs_f64(behind as f64 / rate);
            pause(due.saturating_duration_since(Instant::now()));
        }
        for socket in &mut ours {
            socket.write_all(&buffer)?;
        }
        heard(&mut control)?;
    }
    let cpu = usage::own()? - cpu;

    let deliveries = (rounds - skipped) * sockets as u64 * how.batch;
    let mut report = Report::default();
    report.put(
        "cpu_us_per_delivery",
        usage::per(cpu as f64 / 1e3, deliveries),
    );
    report.put("deliveries", deliveries);
    report.put(
        "deliveries_per_s",
        deliveries as f64 / since.elapsed().as_secs_f64(),
    );
    Ok(report)
}
