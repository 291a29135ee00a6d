//! Events and their handlers: one at a time for each session.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::{actor::Link, clients::Phase, joining, recovering::Stage, spans::traced};
use crate::{
    error::DisconnectReason,
    event::{Incoming, RawEvent},
    namespace::{Called, Outcome, Socket},
    shard::{local::Shard, monitor::notice::What},
    supervision::{catch, poll_catching},
};

impl Link {
    pub(super) fn event(&mut self, index: usize, event: Incoming<'_>, cx: &mut Context<'_>) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        if !client.socket.is_connected() {
            // By the application, in this turn: the connection hears of it after the turn.
            self.core.node.metrics.dropped_disconnected.add(1);
            return;
        }
        if client.socket.limiter().is_some() && !self.is_within_rates(index, &event) {
            return;
        }
        let stops = self.stops_between_handlers();
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        if let Some(monitor) = &self.core.node.monitor {
            let socket = &client.socket;
            let received = || What::Received(socket.id(), RawEvent::from(event));
            monitor.tell_event(socket.scope(), received);
        }
        let waiters = client.socket.waiters();
        let awaited = waiters.is_some_and(|waiters| waiters.expect(event.name));
        let begins = !awaited && !stops && matches!(client.phase, Phase::Idle(_));
        if begins {
            self.begin(index, event);
            self.run_client(index, cx);
            self.forget_gone();
            return;
        }
        let queued = RawEvent::from(event);
        let queue = client.queue.get_or_insert_default();
        queue.bytes += queued.bytes();
        queue.events.push_back(queued);
        if awaited {
            // What is queued already comes first; what nobody takes after all is handled.
            self.serve_waiters(index);
            self.run_client(index, cx);
            self.forget_gone();
        }
    }

    /// Lends the session to the handler of an event.
    fn begin(&mut self, index: usize, event: Incoming<'_>) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        let Some(session) = client.lend() else {
            return;
        };
        let name = event.name;
        let namespace = &client.socket.scope().name;
        let call = || catch(|| session.call(event, &client.socket));
        match self.shard.attend(namespace, "any", call) {
            Ok(Called::Running { event, future }) => {
                let future = traced(event, &client.socket, future);
                client.phase = Phase::Handling { event, future };
            }
            Ok(Called::Done(outcome)) => self.finish(index, outcome),
            Err(panic) => self.lost(index, name, &panic),
        }
    }

    /// Takes the session back, and sends the ack.
    fn finish(&mut self, index: usize, Outcome { session, reply }: Outcome) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        match client.left {
            None => {
                client.phase = Phase::Idle(session);
                if let Some(reply) = reply {
                    self.shard.send(self.key, reply);
                }
            }
            Some(reason) => {
                client.phase = Phase::Gone;
                let socket = client.socket.clone();
                if let Some(session) = self.disconnecting(session, &socket, reason) {
                    self.say_goodbye(index, session, reason);
                }
            }
        }
    }

    /// The session went with a panic: its socket is disconnected.
    pub(super) fn lost(&mut self, index: usize, at: &str, panic: &str) {
        let Some(client) = self.clients.0.get_mut(index) else {
            return;
        };
        client.phase = Phase::Gone;
        let socket = client.socket.clone();
        self.panicked(at, &socket, panic);
        self.dismiss(index, DisconnectReason::HandlerPanicked);
    }

    pub(super) fn panicked(&self, at: &str, socket: &Socket, panic: &str) {
        socket.forget();
        self.core.node.metrics.panics.add(1);
        tracing::error!(event = at, socket = %socket.id(), panic, "application code panicked");
    }

    pub(super) fn run_clients(&mut self, cx: &mut Context<'_>) {
        for index in 0..self.clients.0.len() {
            self.run_client(index, cx);
        }
        self.forget_gone();
    }

    pub(super) fn forget_gone(&mut self) {
        self.clients
            .0
            .retain(|client| client.left.is_none() || !matches!(client.phase, Phase::Gone));
    }

    /// Runs one client as far as it goes.
    pub(super) fn run_client(&mut self, index: usize, cx: &mut Context<'_>) {
        let stops = self.stops_between_handlers();
        while let Some(client) = self.clients.0.get_mut(index) {
            let socket = &client.socket;
            match &mut client.phase {
                Phase::Claiming(claiming) => match &mut claiming.stage {
                    Stage::Searching(search) => match search.as_mut().poll(cx) {
                        Poll::Pending => return,
                        Poll::Ready(found) => self.claimed(index, found),
                    },
                    Stage::Replaying(replaying) => match replaying.missed.as_mut().poll(cx) {
                        Poll::Pending => return,
                        Poll::Ready(missed) => self.replayed(index, missed),
                    },
                },
                Phase::Connecting(future) => {
                    match poll(&self.shard, socket, "connect", future.as_mut(), cx) {
                        Poll::Pending => return,
                        Poll::Ready(Ok(result)) => self.connected(index, result),
                        Poll::Ready(Err(panic)) => {
                            let socket = client.socket.clone();
                            self.panicked("connect", &socket, &panic);
                            self.connected(index, Err(joining::panicked()));
                        }
                    }
                }
                Phase::Handling { event, future } => {
                    let event = *event;
                    match poll(&self.shard, socket, event, future.as_mut(), cx) {
                        Poll::Pending => return,
                        Poll::Ready(Ok(outcome)) => self.finish(index, outcome),
                        Poll::Ready(Err(panic)) => self.lost(index, event, &panic),
                    }
                }
                Phase::Leaving(future) => {
                    match poll(&self.shard, socket, "disconnect", future.as_mut(), cx) {
                        Poll::Pending => return,
                        Poll::Ready(result) => {
                            client.phase = Phase::Gone;
                            if let Err(panic) = result {
                                let socket = client.socket.clone();
                                self.panicked("disconnect", &socket, &panic);
                            }
                        }
                    }
                }
                Phase::Idle(_) if stops => return,
                Phase::Idle(_) if client.queue.is_none() => return,
                Phase::Idle(_) if !socket.is_connected() => {
                    let metrics = &self.core.node.metrics;
                    metrics.dropped_disconnected.add(client.drop_queue());
                    return;
                }
                Phase::Idle(_) => {
                    let Some(queue) = &mut client.queue else {
                        return;
                    };
                    if std::mem::take(&mut queue.expiring) {
                        self.tell_expiring(index);
                        continue;
                    }
                    let Some(queued) = queue.events.pop_front() else {
                        // An idle client keeps no buffer.
                        client.queue = None;
                        return;
                    };
                    queue.bytes -= queued.bytes();
                    self.begin(index, queued.incoming());
                }
                Phase::Gone => return,
            }
        }
    }
}

/// One poll of a session's code, in which a panic is an error, and a block noticed.
fn poll<F: Future + ?Sized>(
    shard: &Shard,
    socket: &Socket,
    at: &'static str,
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, String>> {
    let namespace = &socket.scope().name;
    shard.attend(namespace, at, || poll_catching(future, cx))
}
