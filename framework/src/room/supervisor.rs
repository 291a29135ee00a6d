//! The control plane of one room.
//!
//! A room's members are in its workers' shards, and broadcasts go straight to those. The room's
//! actor watches over them: it counts the members of every worker, notices workers that have died
//! with theirs, and ends with the last member. It is restarted after a crash and then rebuilt from
//! what the shards say; delivery does not depend on it.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use actix::{Actor, ActorContext, Addr, Context, Handler, Recipient};

use super::reserved;
use crate::{
    id::WorkerId,
    shard::{
        directory::{Report, SharedRoom},
        node::Node,
    },
    supervision,
};

/// Reports that may wait: one of each worker, twice over.
const MAILBOX: usize = 512;

pub(crate) struct Room {
    node: Arc<Node>,
    shared: Arc<SharedRoom>,
    members: HashMap<WorkerId, usize>,
}

/// Starts the supervisor of a room on this thread, unless another thread is just doing that.
/// Rooms that the hub keeps for itself have none: nobody asks for their size.
pub(crate) fn supervise(node: &Arc<Node>, shared: &Arc<SharedRoom>) -> Option<Recipient<Report>> {
    if shared.name.as_deref().is_some_and(reserved::is_reserved) {
        return None;
    }
    let claim = Claim::take(node, shared)?;
    let publish = Arc::clone(shared);
    start(claim, move |address| {
        publish.supervised_by(address.recipient())
    });
    shared.supervisor()
}

fn start(claim: Claim, publish: impl Fn(Addr<Room>) + 'static) {
    let make = move || Room {
        node: Arc::clone(&claim.node),
        shared: Arc::clone(&claim.shared),
        members: HashMap::new(),
    };
    supervision::supervise("room", make, publish);
}

/// The right to supervise a room. Given back when its supervisor has ended for good, with the
/// thread it ran on too.
struct Claim {
    node: Arc<Node>,
    shared: Arc<SharedRoom>,
}

impl Claim {
    fn take(node: &Arc<Node>, shared: &Arc<SharedRoom>) -> Option<Self> {
        if shared.claimed.swap(true, Ordering::AcqRel) {
            return None;
        }
        node.metrics.rooms.up();
        Some(Self {
            node: Arc::clone(node),
            shared: Arc::clone(shared),
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.node.metrics.rooms.down();
        self.shared.claimed.store(false, Ordering::Release);
        // The thread it ran on has ended, and other workers still have members: the first that
        // hears of it supervises the room.
        if !self.shared.workers.is_empty() {
            self.node.recount(&self.shared);
        }
    }
}

impl Actor for Room {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        // A worker that started another supervisor's restart, or counted before this one was
        // published, is heard this way.
        for gone in self.node.recount(&self.shared) {
            self.shared.workers.remove(gone);
        }
        if self.shared.workers.is_empty() {
            ctx.stop();
        }
        tracing::trace!(room = self.shared.name.as_deref(), "supervised");
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        tracing::trace!(room = self.shared.name.as_deref(), "no longer supervised");
    }
}

impl Handler<Report> for Room {
    type Result = ();

    fn handle(&mut self, report: Report, ctx: &mut Self::Context) {
        match report.members {
            0 => self.members.remove(&report.worker),
            members => self.members.insert(report.worker, members),
        };
        let members = self.members.values().sum();
        self.shared.members.store(members, Ordering::Relaxed);
        // Workers mark themselves before they report, so this is the truth even while counts are
        // on their way. A room that has ended is never entered again: a new one takes its name.
        if members == 0 && self.shared.workers.is_empty() {
            ctx.stop();
        }
    }
}

#[cfg(test)]
mod tests;
