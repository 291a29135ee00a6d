//! Whatever comes is written back.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::peer::Peer;
use super::reader::poller;
use crate::{Report, Result, usage};

const WARM_UP: Duration = Duration::from_millis(800);

/// Without anything new the other side has ended.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(program: &Path, sockets: usize, bytes: usize, seconds: u64) -> Result<Report> {
    let peer = Peer::start(program, "ask", &[sockets as u64, bytes as u64])?;
    let (mut poll, mut events, mut ours) = poller(peer.sockets(sockets)?)?;
    let mut buffer = vec![0; 64 << 10];
    let started = Instant::now();
    let (mut cpu, mut since) = (usage::own()?, None);
    let mut round_trips = 0;
    while since.is_none_or(|since: Instant| since.elapsed() < Duration::from_secs(seconds)) {
        if since.is_none() && started.elapsed() > WARM_UP {
            (cpu, since, round_trips) = (usage::own()?, Some(Instant::now()), 0);
        }
        poll.poll(&mut events, Some(PATIENCE))?;
        if events.is_empty() {
            return Err("nothing more comes".into());
        }
        for event in events.iter().filter(|event| event.is_readable()) {
            let socket = &mut ours[event.token().0];
            match socket.read(&mut buffer) {
                Ok(length) => {
                    socket.write_all(&buffer[..length])?;
                    round_trips += 1;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let cpu = usage::own()? - cpu;

    let wall = since.map_or(Duration::ZERO, |since| since.elapsed());
    let mut report = Report::default();
    report.put(
        "cpu_us_per_round_trip",
        usage::per(cpu as f64 / 1e3, round_trips),
    );
    report.put("round_trips", round_trips);
    report.put("round_trips_per_s", round_trips as f64 / wall.as_secs_f64());
    Ok(report)
}
