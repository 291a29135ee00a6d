//! The way to the workers.

use std::sync::Arc;

use actix::dev::SendError;

use super::{Node, Remote};
use crate::{
    error::EmitError,
    id::WorkerId,
    shard::{
        actor::{Recount, Relink, Wake},
        command::{Action, Command},
        directory::{Report, SharedRoom},
        draining::DrainOrder,
        inbox::Refused,
        local::Shard,
        workers::Workers,
    },
};

impl Node {
    /// Sends a command to every worker that its selection can concern, first of all this thread's
    /// own, which applies it before this returns.
    ///
    /// # Errors
    /// [`EmitError::Overloaded`] with the number of workers that refused it.
    pub(crate) fn dispatch(&self, command: Command) -> Result<(), EmitError> {
        self.dispatch_to(command.to.workers(&command.scope), command)
    }

    /// The same where the workers are known, because one answer of each is expected.
    pub(crate) fn dispatch_to(
        &self,
        mut workers: Workers,
        command: Command,
    ) -> Result<(), EmitError> {
        let local = self.local().filter(|shard| workers.take(shard.worker));
        let mut refused = 0;
        if let Some(shard) = local {
            if workers.is_empty() {
                shard.apply(command);
                return Ok(());
            }
            shard.apply(command.clone());
        }
        let mut rest = workers.iter().peekable();
        while let Some(worker) = rest.next() {
            if rest.peek().is_none() {
                refused += usize::from(!self.send(worker, command));
                break;
            }
            refused += usize::from(!self.send(worker, command.clone()));
        }
        self.overloaded(refused)
    }

    /// The same without applying it: this thread's own worker finds it in its inbox as well, and
    /// has to catch up. The workers that refused it.
    pub(crate) fn post(&self, command: Command, local: Option<&Shard>) -> Vec<WorkerId> {
        let mut workers = command.to.workers(&command.scope);
        let local = local.filter(|shard| workers.take(shard.worker));
        let mut refused = Vec::new();
        for worker in workers.iter() {
            if !self.send(worker, command.clone()) {
                refused.push(worker);
            }
        }
        if let Some(shard) = local
            && !shard.put(command)
        {
            refused.push(shard.worker);
        }
        refused
    }

    /// Counts the workers that refused a command.
    pub(crate) fn overloaded(&self, workers: usize) -> Result<(), EmitError> {
        if workers == 0 {
            return Ok(());
        }
        self.metrics.refused_overloaded.add(workers as u64);
        Err(EmitError::Overloaded { workers })
    }

    /// The thread on which the adapter ran has ended: the first worker that hears of it runs it. One
    /// that is ending as well does not, so all are told.
    pub(crate) fn relink(&self) {
        for remote in self.remotes() {
            // Never full: each clone of an address brings a slot of the mailbox with it.
            let _ = remote.shard.clone().try_send(Relink);
        }
    }

    fn remotes(&self) -> Vec<Arc<Remote>> {
        let remotes = self.workers.iter();
        remotes.map(|entry| Arc::clone(&entry)).collect()
    }

    /// Tells the workers that their connections drain; a busy one hears it later.
    pub(crate) fn drain(&self, order: DrainOrder) {
        for remote in self.remotes() {
            // Gone, or taken: each clone of an address brings a slot of the mailbox with it.
            let _ = remote.shard.clone().try_send(order);
        }
    }

    /// Asks every worker for its members of a room; those that cannot be asked have gone.
    pub(crate) fn recount(&self, room: &Arc<SharedRoom>) -> Vec<WorkerId> {
        let workers = room.workers.snapshot().iter();
        workers
            .filter(|worker| {
                let remote = self.workers.get(worker).map(|remote| Arc::clone(&remote));
                // Never full: each clone of an address brings a slot of the mailbox with it.
                let asked =
                    remote.map(|remote| remote.shard.clone().try_send(Recount(Arc::clone(room))));
                matches!(asked, None | Some(Err(SendError::Closed(_))))
            })
            .collect()
    }

    /// Whether the worker took the command; one that has gone has no members, which is as good.
    fn send(&self, worker: WorkerId, mut command: Command) -> bool {
        let joins = command.action.joins();
        for name in joins {
            command.scope.announce(name, worker);
        }
        command.announced = !joins.is_empty();
        let remote = self.workers.get(&worker).map(|remote| Arc::clone(&remote));
        let Some(remote) = remote else {
            undelivered(&command, worker, true);
            return true;
        };
        let refused = match remote.inbox.put(command, self.config.max_worker_backlog) {
            Ok(false) => return true,
            Ok(true) => {
                remote.wake();
                return true;
            }
            Err(Refused::Closed(command)) => {
                undelivered(&command, worker, true);
                return true;
            }
            Err(Refused::Full(command)) => command,
        };
        undelivered(&refused, worker, false);
        false
    }
}

impl Remote {
    /// There is something in the inbox, where nothing was.
    #[expect(
        clippy::disallowed_methods,
        reason = "nobody wakes it a second time; one of them for each time that it has emptied its inbox"
    )]
    fn wake(&self) {
        // One that is going takes care of its inbox.
        self.shard.do_send(Wake);
    }
}

/// Takes back what was counted on for a command that does not reach its worker.
pub(in crate::shard) fn undelivered(command: &Command, worker: WorkerId, gone: bool) {
    // Nobody there will answer.
    if let Action::Emit {
        ack: Some((_, collector)),
        ..
    } = &command.action
    {
        collector.counted(0);
    }
    // A busy worker may have members; if not, it says so when the next emit comes.
    for name in command.action.joins() {
        let vacated = command.scope.arrived(name, worker, !gone);
        if let Some(supervisor) = vacated.and_then(|room| room.supervisor()) {
            let _ = supervisor.try_send(Report { worker, members: 0 });
        }
    }
}

#[cfg(test)]
mod tests;
