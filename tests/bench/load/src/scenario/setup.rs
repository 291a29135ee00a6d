//! Opening connections and joining rooms: a few at once, as a server is never hit by all.

use std::net::SocketAddr;

use super::nanoseconds;
use crate::Result;
use crate::connection::Event;
use crate::crowd::{Crowd, Listener};

/// Handshakes or joins under way at once.
const AT_ONCE: usize = 64;

/// For how long either is waited for, in nanoseconds.
const PATIENCE: u64 = 120_000_000_000;

#[derive(Default)]
struct Arrivals {
    ready: usize,
    joined: usize,
}

impl Listener for Arrivals {
    fn on(&mut self, _: &mut Crowd, _: usize, event: Event) {
        match event {
            Event::Ready => self.ready += 1,
            Event::Joined => self.joined += 1,
            _ => {}
        }
    }
}

/// Opens so many connections.
///
/// # Errors
///
/// If one is refused, closed or not ready in time.
pub(super) fn connect(
    crowd: &mut Crowd,
    count: usize,
    node: impl Fn(usize) -> SocketAddr,
) -> Result {
    let start = |crowd: &mut Crowd, who| crowd.connect(node(who));
    all(crowd, count, "connections", start, |arrivals| {
        arrivals.ready
    })
}

/// Lets the first connections each join its room.
///
/// # Errors
///
/// If one is closed or has not joined in time.
pub(super) fn join(crowd: &mut Crowd, count: usize, room: impl Fn(usize) -> String) -> Result {
    let start = |crowd: &mut Crowd, who| {
        crowd.join(who, &room(who));
        Ok(())
    };
    all(crowd, count, "joins", start, |arrivals| arrivals.joined)
}

fn all(
    crowd: &mut Crowd,
    count: usize,
    what: &str,
    start: impl Fn(&mut Crowd, usize) -> Result,
    done: impl Fn(&Arrivals) -> usize,
) -> Result {
    let mut arrivals = Arrivals::default();
    let mut started = 0;
    let give_up = crowd.clock() + PATIENCE;
    while done(&arrivals) < count {
        while started < count && started - done(&arrivals) < AT_ONCE {
            start(crowd, started)?;
            started += 1;
        }
        crowd.wait(give_up, &mut arrivals)?;
        if crowd.closed > 0 {
            return Err(format!("{what}: {}", crowd.reason).into());
        }
        if crowd.clock() > give_up {
            return Err(format!("{what}: {} of {count} in time", done(&arrivals)).into());
        }
    }
    Ok(())
}

/// Lets the servers come to rest; pings are answered.
///
/// # Errors
///
/// If the poller fails.
pub(super) fn settle(crowd: &mut Crowd, seconds: f64) -> Result {
    let end = crowd.clock() + nanoseconds(seconds);
    while crowd.clock() < end {
        crowd.wait(end, &mut Arrivals::default())?;
    }
    Ok(())
}
