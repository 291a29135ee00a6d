//! The shard as an actor: the way in for other threads, and the task that flushes.

use std::{
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context as TaskContext, Poll},
};

use actix::{Actor, ActorFuture, Addr, AsyncContext, Context, Handler, Message};

use super::{
    command::Command,
    directory::SharedRoom,
    local::{LocalShard, Shard},
};

/// Commands that may wait; their bytes have a bound of their own
/// ([`max_worker_backlog`](crate::HubBuilder::max_worker_backlog)).
const MAILBOX: usize = 64 * 1024;

/// Commands handled before everyone else on the worker gets a turn. actix handles messages for as
/// long as there are any, and threads that emit without pause would keep it at that for ever.
const MAX_BURST: usize = 256;

pub(crate) struct ShardActor {
    shard: LocalShard,
    backlog: Arc<AtomicUsize>,
    /// Commands since the flusher ran.
    burst: usize,
}

impl ShardActor {
    pub(super) fn start_for(shard: LocalShard, backlog: Arc<AtomicUsize>) -> Addr<Self> {
        actix::spawn(Shard::keep_time(Rc::downgrade(&shard)));
        let actor = Self {
            shard,
            backlog,
            burst: 0,
        };
        actor.start()
    }
}

impl Actor for ShardActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        // Polled after the mailbox is drained: whatever arrived meanwhile is merged.
        ctx.spawn(Flush);
    }
}

struct Flush;

impl ActorFuture<ShardActor> for Flush {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        actor: &mut ShardActor,
        _: &mut Context<ShardActor>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<()> {
        actor.burst = 0;
        actor.shard.poll_flush(cx)
    }
}

/// Lets the other tasks of the thread run: actix leaves the mailbox alone while a context waits.
struct Yield {
    yielded: bool,
}

impl ActorFuture<ShardActor> for Yield {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        _: &mut ShardActor,
        _: &mut Context<ShardActor>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<()> {
        if std::mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Handler<Command> for ShardActor {
    type Result = ();

    fn handle(&mut self, command: Command, ctx: &mut Self::Context) {
        self.backlog.fetch_sub(command.weight(), Ordering::Relaxed);
        self.shard.apply(command);
        self.burst += 1;
        if self.burst >= MAX_BURST {
            self.burst = 0;
            self.shard.flush_slice();
            ctx.wait(Yield { yielded: false });
        }
    }
}

/// Someone asks how many members a room has here: its supervisor, which has just been started, or
/// whoever noticed that it has none.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Recount(pub(crate) Arc<SharedRoom>);

impl Handler<Recount> for ShardActor {
    type Result = ();

    fn handle(&mut self, Recount(room): Recount, _: &mut Self::Context) {
        self.shard
            .report_again(room.namespace, room.name.as_deref());
    }
}

/// The hub shuts down.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct CloseAll;

impl Handler<CloseAll> for ShardActor {
    type Result = ();

    fn handle(&mut self, _: CloseAll, _: &mut Self::Context) {
        self.shard.close_all();
    }
}
