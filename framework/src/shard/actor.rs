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

/// Commands handled before everyone else on the worker gets a turn. actix handles messages for as
/// long as there are any, and threads that emit without pause would keep it at that for ever.
const MAX_BURST: usize = 256;

pub(crate) struct ShardActor {
    shard: LocalShard,
    /// Commands since the flusher ran.
    burst: usize,
}

impl ShardActor {
    pub(super) fn start_for(shard: LocalShard) -> Addr<Self> {
        actix::spawn(Shard::keep_time(Rc::downgrade(&shard)));
        actix::spawn(Shard::keep_watch(Rc::downgrade(&shard)));
        Self { shard, burst: 0 }.start()
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
        self.burst += self.shard.catch_up();
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
