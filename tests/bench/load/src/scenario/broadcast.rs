//! One room, and a publisher outside of it: as fast as the members take the messages, or paced. With several nodes the
//! publisher is on the first, and latencies of its members (`local_`) and others (`remote_`) are apart.

use super::{DRAIN, ROOM, nanoseconds, setup};
use crate::Result;
use crate::checker::Checker;
use crate::connection::{Carried, Event};
use crate::crowd::{Crowd, Listener};
use crate::latency::Latency;
use crate::options::Options;
use crate::report::Report;
use crate::stamp::Stamp;

/// Without a message that has reached everybody for so long, those under way are given up, in nanoseconds: a lost one must
/// not end the load.
const STALLED: u64 = 2_000_000_000;

/// How often a stall is looked for, in nanoseconds.
const LOOK: u64 = 500_000_000;

struct Broadcast {
    members: usize,
    nodes: usize,
    size: usize,
    window: usize,
    /// Between messages, in nanoseconds.
    period: Option<u64>,
    checker: Checker,
    local: Latency,
    remote: Latency,
    sent: u64,
    /// Messages that have not reached everybody, and how many members each still has to reach: by its number, in turn.
    under_way: usize,
    left: Vec<usize>,
    /// No message is sent later.
    end: u64,
    progress: u64,
    stalls: u64,
    /// How late a message was sent at most, in nanoseconds.
    lag: u64,
}

impl Broadcast {
    fn new(options: &Options) -> Result<Self> {
        Ok(Self {
            members: options.connections,
            nodes: options.nodes.len(),
            size: options.size,
            window: options.window,
            period: options.rate.map(|rate| nanoseconds(1.0 / rate)),
            checker: Checker::new(options.connections),
            local: Latency::new()?,
            remote: Latency::new()?,
            sent: 0,
            under_way: 0,
            left: vec![0; options.window * 2],
            end: 0,
            progress: 0,
            stalls: 0,
            lag: 0,
        })
    }

    fn send(&mut self, crowd: &mut Crowd, at: u64) {
        let slot = self.sent as usize % self.left.len();
        self.left[slot] = self.members;
        let stamp = Stamp {
            publisher: 0,
            number: self.sent,
            at,
        };
        self.sent += 1;
        self.under_way += 1;
        crowd.publish(self.members, ROOM, stamp, self.size);
    }

    fn phase(&mut self, crowd: &mut Crowd, seconds: f64) -> Result {
        self.local.clear();
        self.remote.clear();
        self.lag = 0;
        self.end = crowd.clock() + nanoseconds(seconds);
        match self.period {
            None => self.one_after_the_other(crowd)?,
            Some(period) => self.paced(crowd, period, nanoseconds(seconds) / period)?,
        }
        let give_up = crowd.clock() + DRAIN;
        while self.checker.received < self.expected() && crowd.clock() < give_up {
            crowd.wait(give_up, self)?;
        }
        Ok(())
    }

    /// What has reached everybody is followed by the next one at once, in [`Listener::on`].
    fn one_after_the_other(&mut self, crowd: &mut Crowd) -> Result {
        self.fill(crowd);
        loop {
            let now = crowd.clock();
            if now >= self.end {
                return Ok(());
            }
            if now.saturating_sub(self.progress) > STALLED {
                self.stalls += 1;
                self.fill(crowd);
            }
            crowd.wait(self.end.min(now + LOOK), self)?;
        }
    }

    /// Puts a whole window under way, and forgets what was.
    fn fill(&mut self, crowd: &mut Crowd) {
        self.under_way = 0;
        self.progress = crowd.clock();
        while self.under_way < self.window {
            let now = crowd.clock();
            self.send(crowd, now);
        }
    }

    fn paced(&mut self, crowd: &mut Crowd, period: u64, messages: u64) -> Result {
        let start = crowd.clock();
        for message in 0..messages {
            let due = start + message * period;
            while crowd.clock() < due {
                crowd.wait(due, self)?;
            }
            self.lag = self.lag.max(crowd.clock().saturating_sub(due));
            // As of when it was due: that it is sent late hides no latency.
            self.send(crowd, due);
        }
        Ok(())
    }

    fn expected(&self) -> u64 {
        self.sent * self.members as u64
    }
}

impl Listener for Broadcast {
    fn on(&mut self, crowd: &mut Crowd, who: usize, event: Event) {
        let Event::Message(Carried { stamp, size }) = event else {
            return;
        };
        if who >= self.members || stamp.publisher != 0 {
            self.checker.faults.misrouted += 1;
            return;
        }
        if !self.checker.take(who, stamp.number, self.sent, size) {
            return;
        }
        let took = crowd.now.saturating_sub(stamp.at);
        if who.is_multiple_of(self.nodes) {
            self.local.add(took);
        } else {
            self.remote.add(took);
        }
        if self.period.is_some() {
            return;
        }
        let slot = stamp.number as usize % self.left.len();
        self.left[slot] = self.left[slot].saturating_sub(1);
        if self.left[slot] == 0 {
            self.progress = crowd.now;
            self.under_way = self.under_way.saturating_sub(1);
            if self.under_way < self.window && crowd.now < self.end {
                let now = crowd.clock();
                self.send(crowd, now);
            }
        }
    }
}

pub(super) fn run(options: &Options, crowd: &mut Crowd, report: &mut Report) -> Result {
    setup::connect(crowd, options.connections, |who| options.node(who))?;
    setup::connect(crowd, 1, |_| options.node(0))?;
    setup::join(crowd, options.connections, |_| ROOM.to_owned())?;
    setup::settle(crowd, options.settle)?;

    let mut room = Broadcast::new(options)?;
    room.phase(crowd, options.warm_up)?;
    let (sent, received) = (room.sent, room.checker.received);
    let before = options.processes.now(crowd.clock())?;
    room.phase(crowd, options.seconds)?;
    let after = options.processes.now(crowd.clock())?;

    let deliveries = room.checker.received - received;
    before.report(&after, report, deliveries, "delivery");
    report.put("sent", room.sent - sent);
    report.put(
        "deliveries_per_s",
        deliveries as f64 / before.seconds(&after),
    );
    room.local.with(&room.remote)?.report(report, "");
    if room.nodes > 1 {
        room.local.report(report, "local_");
        room.remote.report(report, "remote_");
    }
    report.put("lag_us", room.lag as f64 / 1e3);
    report.put("stalls", room.stalls);
    report.delivered(&room.checker, room.expected());
    Ok(())
}
