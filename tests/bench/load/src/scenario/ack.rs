//! Echoes with acks: each ack is answered with the next echo. Acks may come in any order, as Socket.IO promises none.

use std::mem;

use super::{DRAIN, nanoseconds, setup};
use crate::Result;
use crate::checker::Checker;
use crate::connection::{Carried, Event};
use crate::crowd::{Crowd, Listener};
use crate::latency::Latency;
use crate::options::Options;
use crate::report::Report;
use crate::stamp::Stamp;

/// Ids repeat after so many, of which many fewer are under way.
const IDS: u64 = 999_999;

struct Ack {
    outstanding: usize,
    size: usize,
    checker: Checker,
    latency: Latency,
    /// By connection.
    sent: Vec<u64>,
    all: u64,
    /// No echo is sent later.
    end: u64,
}

impl Ack {
    fn send(&mut self, crowd: &mut Crowd, who: usize) {
        let stamp = Stamp {
            publisher: who,
            number: self.sent[who],
            at: crowd.clock(),
        };
        self.sent[who] += 1;
        self.all += 1;
        crowd.echo(who, 1 + self.all % IDS, stamp, self.size);
    }

    fn phase(&mut self, crowd: &mut Crowd, seconds: f64) -> Result {
        self.latency.clear();
        self.end = crowd.clock() + nanoseconds(seconds);
        for who in 0..self.sent.len() {
            for _ in 0..self.outstanding {
                self.send(crowd, who);
            }
        }
        let give_up = self.end + DRAIN;
        while self.checker.received < self.all && crowd.clock() < give_up {
            crowd.wait(give_up, self)?;
        }
        Ok(())
    }
}

impl Listener for Ack {
    fn on(&mut self, crowd: &mut Crowd, who: usize, event: Event) {
        let Event::Echoed(Carried { stamp, size }) = event else {
            return;
        };
        if stamp.publisher != who {
            self.checker.faults.misrouted += 1;
            return;
        }
        if !self.checker.take(who, stamp.number, self.sent[who], size) {
            return;
        }
        self.latency.add(crowd.now.saturating_sub(stamp.at));
        if crowd.now < self.end {
            self.send(crowd, who);
        }
    }
}

pub(super) fn run(options: &Options, crowd: &mut Crowd, report: &mut Report) -> Result {
    setup::connect(crowd, options.connections, |who| options.node(who))?;
    setup::settle(crowd, options.settle)?;

    let mut ack = Ack {
        outstanding: options.outstanding,
        size: options.size,
        checker: Checker::new(options.connections),
        latency: Latency::new()?,
        sent: vec![0; options.connections],
        all: 0,
        end: 0,
    };
    ack.phase(crowd, options.warm_up)?;
    let received = ack.checker.received;
    let before = options.processes.now(crowd.clock())?;
    ack.phase(crowd, options.seconds)?;
    let after = options.processes.now(crowd.clock())?;

    let round_trips = ack.checker.received - received;
    before.report(&after, report, round_trips, "round_trip");
    report.put(
        "round_trips_per_s",
        round_trips as f64 / before.seconds(&after),
    );
    ack.latency.report(report, "");
    mem::take(&mut ack.checker.faults.gaps);
    report.put("out_of_order", mem::take(&mut ack.checker.faults.reordered));
    report.delivered(&ack.checker, ack.all);
    Ok(())
}
