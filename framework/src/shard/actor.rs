//! The shard as an actor: the way in for other threads, and the task that flushes.

use std::{
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use actix::{Actor, ActorFuture, Addr, AsyncContext, Context, Handler, Message};

use super::{
    directory::SharedRoom,
    local::{LocalShard, Shard},
};

/// What is handled before everyone else on the worker gets a turn: so many commands, or sockets that they
/// look at. actix handles messages for as long as there are any, and threads that emit without pause would
/// keep it at that for ever.
const MAX_BURST: usize = 256;

pub(crate) struct ShardActor {
    shard: LocalShard,
    /// What was handled since the flusher ran.
    burst: usize,
}

impl ShardActor {
    pub(super) fn start_for(shard: &LocalShard) -> Addr<Self> {
        shard.run(Shard::keep_time(Rc::downgrade(shard)));
        shard.run(Shard::keep_watch(Rc::downgrade(shard)));
        let context = Context::new();
        let address = context.address();
        let actor = Self {
            shard: Rc::clone(shard),
            burst: 0,
        };
        shard.run(context.into_future(actor));
        address
    }

    pub(super) fn shard(&self) -> &LocalShard {
        &self.shard
    }
}

impl Actor for ShardActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
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

/// There are commands in the inbox.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Wake;

impl Handler<Wake> for ShardActor {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        let (done, more) = self.shard.apply_waiting(MAX_BURST);
        self.burst += done;
        if self.burst >= MAX_BURST {
            self.burst = 0;
            self.shard.flush_slice();
            ctx.wait(Yield { yielded: false });
        }
        if more {
            // Nobody else wakes it: something waited already when it came.
            ctx.notify(Wake);
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

/// The adapter's worker has ended.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Relink;

impl Handler<Relink> for ShardActor {
    type Result = ();

    fn handle(&mut self, _: Relink, _: &mut Self::Context) {
        self.shard.node.run_here();
    }
}
