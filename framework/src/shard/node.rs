//! This process' part of a hub: its workers, what they share, and the way to each of them.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
};

use actix::{Addr, Recipient, dev::SendError};
use bytes::Bytes;
use dashmap::DashMap;
use tokio::sync::Notify;

use super::{
    actor::{CloseAll, Recount, Relink, ShardActor, Wake},
    admission::Admission,
    command::{Action, Command},
    directory::{Directory, Report, Scope, SharedRoom},
    inbox::{Inbox, Refused},
    local::Shard,
    observer::Observer,
    pulse::Pulse,
    uplink::Uplinks,
    watch,
    workers::{MAX_WORKERS, Workers},
};
use crate::{
    config::Config,
    error::EmitError,
    event::OnAnyOutgoing,
    id::{EntryId, WorkerId},
    metrics::Metrics,
    protocol::socket_io::{
        encode,
        parser::{Parser, ParserError},
    },
    transport::{frame::Frame, plain::Plain},
};

/// Starts the supervisor of a room, unless another thread is about to; the room layer provides it.
pub(crate) type Supervise = fn(&Arc<Node>, &Arc<SharedRoom>) -> Option<Recipient<Report>>;

/// What the hub gives to its node.
pub(crate) struct Parts {
    pub(crate) config: Config,
    /// `None` is the default parser.
    pub(crate) parser: Option<Box<dyn Parser>>,
    pub(crate) on_any_outgoing: Option<OnAnyOutgoing>,
    pub(crate) supervise: Supervise,
    pub(crate) metrics: Arc<Metrics>,
    /// Set where the hub has an adapter.
    pub(crate) uplinks: Option<Arc<dyn Uplinks>>,
}

pub(crate) struct Node {
    id: u64,
    pub(crate) config: Config,
    /// `None` is the default parser.
    pub(crate) parser: Option<Box<dyn Parser>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) directory: Directory,
    pub(crate) supervise: Supervise,
    pub(crate) on_any_outgoing: Option<OnAnyOutgoing>,
    pub(crate) uplinks: Option<Arc<dyn Uplinks>>,
    pub(crate) admission: Admission,
    /// Takes no new connections.
    pub(crate) draining: AtomicBool,
    /// Empty until the hub has been built.
    pub(crate) observer: OnceLock<Arc<dyn Observer>>,
    /// A connection has ended.
    pub(crate) ended: Notify,
    workers: DashMap<WorkerId, Arc<Remote>>,
    next_worker: AtomicU16,
}

/// A worker as other threads see it.
struct Remote {
    shard: Addr<ShardActor>,
    inbox: Arc<Inbox>,
    pulse: Arc<Pulse>,
}

thread_local! {
    /// The shards of this thread: one for each hub that serves here.
    static HERE: RefCell<Vec<(u64, Rc<Shard>)>> = const { RefCell::new(Vec::new()) };
}

impl Node {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let Parts {
            config,
            parser,
            on_any_outgoing,
            supervise,
            metrics,
            uplinks,
        } = parts;
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            admission: Admission::new(&config),
            config,
            parser,
            metrics,
            directory: Directory::default(),
            supervise,
            on_any_outgoing,
            uplinks,
            draining: AtomicBool::new(false),
            observer: OnceLock::new(),
            ended: Notify::new(),
            workers: DashMap::new(),
            next_worker: AtomicU16::new(0),
        })
    }

    /// A Socket.IO packet in the form of the hub's parser; see [`Frame::packet`].
    pub(crate) fn packet<E: From<ParserError>>(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, E>,
    ) -> Result<Frame, E> {
        Frame::packet(self.parser.as_deref(), write)
    }

    /// The packet of an event: with room for an offset where it gets one, which an event that asks
    /// for an ack does not. One that is in no log, though all nodes share one, has an argument in
    /// the place of the offset that is none: clients take the last text of whatever comes.
    pub(crate) fn event<E: From<ParserError>>(
        &self,
        scope: &Scope,
        ack: Option<u64>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, E>,
    ) -> Result<Frame, E> {
        match (&scope.recovery, ack) {
            (Some(_), None) if scope.shared_log().is_some() => self.packet(|out| {
                let attachments = write(out)?;
                encode::push_argument(out, "null");
                Ok(attachments)
            }),
            (Some(_), None) => Frame::unnumbered(self.parser.as_deref(), write),
            _ => self.packet(write),
        }
    }

    /// The packet of an event of the log that all nodes share, with its offset.
    pub(crate) fn logged_event(
        &self,
        scope: &Scope,
        offset: EntryId,
        array: &str,
        attachments: &[Bytes],
    ) -> Result<Frame, EmitError> {
        self.packet(|out| {
            encode::event_text(out, &scope.name, None, array, attachments.len());
            encode::push_argument(out, &format!("\"{offset}\""));
            Ok(attachments.to_vec())
        })
    }

    /// The same from the packet that another node has published, or that was published to others:
    /// its array as JSON text, and its attachments.
    pub(crate) fn event_text(
        &self,
        scope: &Scope,
        ack: Option<u64>,
        array: &str,
        attachments: &[Bytes],
    ) -> Result<Frame, EmitError> {
        self.event(scope, ack, |out| {
            encode::event_text(out, &scope.name, ack, array, attachments.len());
            Ok(attachments.to_vec())
        })
    }

    /// Whether the frames of the scope's events are packets as the default parser writes them.
    fn writes_plainly(&self, scope: &Scope, ack: Option<u64>) -> bool {
        self.parser.is_none() && (scope.recovery.is_none() || ack.is_some())
    }

    /// The frame for clients, and the one for other nodes where it is another.
    pub(crate) fn linked_event(
        &self,
        scope: &Scope,
        ack: Option<u64>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, EmitError>,
    ) -> Result<(Frame, Option<Frame>), EmitError> {
        if self.writes_plainly(scope, ack) {
            return Ok((self.packet(write)?, None));
        }
        let plain = Frame::packet(None, write)?;
        let read = Plain::of(&plain);
        let packet = read.packet();
        let array = packet.and_then(|packet| packet.data).unwrap_or("[]");
        let attachments = packet.map_or(&[][..], |packet| packet.attachments);
        let frame = self.event_text(scope, ack, array, attachments)?;
        Ok((frame, Some(plain)))
    }

    /// The shard of this thread, if this thread serves this hub.
    pub(crate) fn local(&self) -> Option<Rc<Shard>> {
        HERE.try_with(|here| {
            let here = here.try_borrow().ok()?;
            let (_, shard) = here.iter().find(|(node, _)| *node == self.id)?;
            Some(Rc::clone(shard))
        })
        .ok()
        .flatten()
    }

    /// The shard of this thread, started if there is none; `None` when the hub has as many workers
    /// as it can. Must be called on a thread with a local task set.
    pub(crate) fn local_or_start(self: &Arc<Self>) -> Option<Rc<Shard>> {
        if let Some(shard) = self.local() {
            return Some(shard);
        }
        let worker = self.free_worker()?;
        let inbox = Arc::new(Inbox::default());
        let pulse = Arc::new(Pulse::new(watch::beat(self.config.blocked_worker_after)));
        let shard = Shard::new(
            Arc::clone(self),
            worker,
            Arc::clone(&inbox),
            Arc::clone(&pulse),
        );
        let shard = Rc::new(shard);
        let remote = Remote {
            shard: ShardActor::start_for(Rc::clone(&shard)),
            inbox,
            pulse,
        };
        self.workers.insert(worker, Arc::new(remote));
        HERE.with_borrow_mut(|here| here.push((self.id, Rc::clone(&shard))));
        self.run_here();
        Some(shard)
    }

    /// Runs what has to run on some worker on this one, unless it runs elsewhere.
    pub(crate) fn run_here(&self) {
        if let Some(uplinks) = &self.uplinks {
            Arc::clone(uplinks).run_here();
        }
        if let Some(observer) = self.observer.get() {
            Arc::clone(observer).run_here();
        }
    }

    /// A number that no living worker has.
    fn free_worker(&self) -> Option<WorkerId> {
        #[expect(clippy::cast_possible_truncation, reason = "256")]
        let all = MAX_WORKERS as u16;
        (0..all)
            .map(|_| WorkerId(self.next_worker.fetch_add(1, Ordering::Relaxed) % all))
            .find(|worker| !self.workers.contains_key(worker))
    }

    /// Those that have started.
    pub(crate) fn all_workers(&self) -> Workers {
        let mut workers = Workers::default();
        for entry in &self.workers {
            workers.add(*entry.key());
        }
        workers
    }

    /// Whether the worker takes commands.
    pub(crate) fn has_worker(&self, worker: WorkerId) -> bool {
        self.workers.contains_key(&worker)
    }

    /// How the workers are that have started.
    pub(crate) fn pulses(&self) -> Vec<(WorkerId, Arc<Pulse>)> {
        let workers = self.workers.iter();
        workers
            .map(|entry| (*entry.key(), Arc::clone(&entry.pulse)))
            .collect()
    }

    /// A worker thread has ended, well or not.
    pub(crate) fn worker_gone(&self, worker: WorkerId) {
        self.workers.remove(&worker);
    }

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
            let _ = remote.shard.try_send(Relink);
        }
    }

    fn remotes(&self) -> Vec<Arc<Remote>> {
        let remotes = self.workers.iter();
        remotes.map(|entry| Arc::clone(&entry)).collect()
    }

    /// Tells every connection of the node that the hub shuts down.
    pub(crate) fn close_all(&self) {
        for remote in self.remotes() {
            // A worker too busy to hear is told again.
            let _ = remote.shard.try_send(CloseAll);
        }
    }

    /// Asks every worker for its members of a room; those that cannot be asked have gone.
    pub(crate) fn recount(&self, room: &Arc<SharedRoom>) -> Vec<WorkerId> {
        let workers = room.workers.snapshot().iter();
        workers
            .filter(|worker| {
                let remote = self.workers.get(worker).map(|remote| Arc::clone(&remote));
                let asked = remote.map(|remote| remote.shard.try_send(Recount(Arc::clone(room))));
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
                // Refused only by a worker that is going, which takes care of its inbox.
                let _ = remote.shard.try_send(Wake);
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

/// Takes back what was counted on for a command that does not reach its worker.
pub(super) fn undelivered(command: &Command, worker: WorkerId, gone: bool) {
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
