//! The connection's turn. One future does everything: an actor's futures are all polled whenever
//! one of them wakes.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
};

use actix::{ActorContext, ActorFuture};
use tokio::task::yield_now;

use super::{Connection, context::ConnectionContext, spans};
use crate::shard::clock;

pub(super) struct Drive;

impl ActorFuture<Connection> for Drive {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        connection: &mut Connection,
        ctx: &mut ConnectionContext,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let turn = match spans::of(connection.link.session) {
            None => connection.turn(cx),
            Some(span) => span.in_scope(|| connection.turn(cx)),
        };
        if turn.is_ready() {
            ctx.stop();
        }
        turn
    }
}

/// Has the turn come again, behind those of others whose messages have come meanwhile. A task that wakes itself would
/// run dozens of times before its worker looks which sockets have something.
pub(super) fn again(cx: &mut Context<'_>) {
    // It is the waker that is told; nobody has to wait for it.
    let _ = pin!(yield_now()).poll(cx);
}

impl Connection {
    /// Ready when the connection is over and its sessions have ended.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { carrier, link } = self;
        // actix polls a context once more when it drops it after a panic.
        if std::mem::replace(&mut link.in_turn, true) {
            return Poll::Ready(());
        }
        let _turn = clock::turn();
        link.shard.driving(link.key, cx.waker());
        link.run_clients(cx);
        if !link.ending.is_over() {
            carrier.read(link, cx);
        }
        link.shard.driven(link.key);
        link.note_pause();
        link.end_drained(carrier, cx);
        if !link.ending.is_over() {
            link.write(carrier, cx);
        }
        if link.ending.is_over() && carrier.end(link.core.node.config.close_timeout) {
            link.core.node.directory.sessions.remove(&link.session);
            link.shard.close(link.key);
        }
        // What was read, or a failed write, may have made sockets leave.
        if std::mem::take(&mut link.farewells) {
            link.run_clients(cx);
            if link.paused && !link.is_full() {
                // They were what reading waited for.
                cx.waker().wake_by_ref();
            }
        }
        link.in_turn = false;
        match link.ending.is_over() && (link.clients.is_empty() || link.is_broken_off()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}
