//! Many small rooms, in which every member sends to its own at a given rate.

use super::{DRAIN, setup};
use crate::Result;
use crate::checker::Checker;
use crate::connection::{Carried, Event};
use crate::crowd::{Crowd, Listener};
use crate::latency::Latency;
use crate::options::Options;
use crate::report::Report;
use crate::stamp::Stamp;

/// What a connection sends in a second without `--rate`.
const RATE: f64 = 1.0;

struct Rooms {
    group: usize,
    size: usize,
    names: Vec<String>,
    /// Between two messages of all connections together, in nanoseconds.
    period: f64,
    checker: Checker,
    latency: Latency,
    /// By connection.
    sent: Vec<u64>,
    all: u64,
    turn: Turn,
    /// How late a message was sent at most, in nanoseconds.
    lag: u64,
}

/// Who sends next: everybody once, and neighbours in time are seldom of one room.
struct Turn {
    next: usize,
    stride: usize,
    of: usize,
}

impl Turn {
    fn new(of: usize) -> Self {
        // Near the golden section, and without a common divisor.
        let from = (of as f64 * 0.618) as usize;
        let stride = (from.max(1)..=of).find(|stride| greatest_divisor(*stride, of) == 1);
        Self {
            next: 0,
            stride: stride.unwrap_or(1),
            of,
        }
    }

    fn take(&mut self) -> usize {
        let now = self.next;
        self.next = (now + self.stride) % self.of;
        now
    }
}

fn greatest_divisor(one: usize, other: usize) -> usize {
    if other == 0 {
        return one;
    }
    greatest_divisor(other, one % other)
}

impl Rooms {
    fn phase(&mut self, crowd: &mut Crowd, seconds: f64) -> Result {
        self.latency.clear();
        self.lag = 0;
        let start = crowd.clock();
        let messages = (seconds * 1e9 / self.period).round() as u64;
        for message in 0..messages {
            let due = start + (message as f64 * self.period) as u64;
            while crowd.clock() < due {
                crowd.wait(due, self)?;
            }
            self.lag = self.lag.max(crowd.clock().saturating_sub(due));
            self.send(crowd, due);
        }
        let give_up = crowd.clock() + DRAIN;
        while self.checker.received < self.expected() && crowd.clock() < give_up {
            crowd.wait(give_up, self)?;
        }
        Ok(())
    }

    /// As of when it was due: that it is sent late hides no latency.
    fn send(&mut self, crowd: &mut Crowd, due: u64) {
        let who = self.turn.take();
        let stamp = Stamp {
            publisher: who,
            number: self.sent[who],
            at: due,
        };
        self.sent[who] += 1;
        self.all += 1;
        crowd.publish(who, &self.names[who / self.group], stamp, self.size);
    }

    fn expected(&self) -> u64 {
        self.all * self.group as u64
    }
}

impl Listener for Rooms {
    fn on(&mut self, crowd: &mut Crowd, who: usize, event: Event) {
        let Event::Message(Carried { stamp, size }) = event else {
            return;
        };
        let publisher = stamp.publisher;
        if publisher / self.group != who / self.group {
            self.checker.faults.misrouted += 1;
            return;
        }
        let stream = who * self.group + publisher % self.group;
        if self
            .checker
            .take(stream, stamp.number, self.sent[publisher], size)
        {
            self.latency.add(crowd.now.saturating_sub(stamp.at));
        }
    }
}

pub(super) fn run(options: &Options, crowd: &mut Crowd, report: &mut Report) -> Result {
    let (count, group) = (options.connections, options.group);
    let names: Vec<_> = (0..count / group)
        .map(|room| format!("room{room}"))
        .collect();
    setup::connect(crowd, count, |who| options.node(who))?;
    setup::join(crowd, count, |who| names[who / group].clone())?;
    setup::settle(crowd, options.settle)?;

    let mut rooms = Rooms {
        group,
        size: options.size,
        names,
        period: 1e9 / (count as f64 * options.rate.unwrap_or(RATE)),
        checker: Checker::new(count * group),
        latency: Latency::new()?,
        sent: vec![0; count],
        all: 0,
        turn: Turn::new(count),
        lag: 0,
    };
    rooms.phase(crowd, options.warm_up)?;
    let (sent, received) = (rooms.all, rooms.checker.received);
    let before = options.processes.now(crowd.clock())?;
    rooms.phase(crowd, options.seconds)?;
    let after = options.processes.now(crowd.clock())?;

    let deliveries = rooms.checker.received - received;
    before.report(&after, report, deliveries, "delivery");
    report.put("sent", rooms.all - sent);
    report.put(
        "deliveries_per_s",
        deliveries as f64 / before.seconds(&after),
    );
    rooms.latency.report(report, "");
    report.put("lag_us", rooms.lag as f64 / 1e3);
    report.delivered(&rooms.checker, rooms.expected());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_turn() {
        for of in [1, 2, 10, 20, 2_000] {
            let mut turn = Turn::new(of);
            let mut taken: Vec<_> = (0..of).map(|_| turn.take()).collect();
            taken.sort_unstable();
            assert_eq!(taken, (0..of).collect::<Vec<_>>());
        }
    }
}
