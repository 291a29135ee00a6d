//! The execution context of a connection.
//!
//! Ours rather than actix's `Context`, because the connection must not be polled by an HTTP
//! response body; and made of the same parts as actix-web-actors makes its own, so that a
//! connection is an ordinary actor: it has an address, handles messages and spawns futures.

use actix::{
    Actor, ActorContext, ActorFuture, ActorState, Addr, AsyncContext, Handler, Message,
    SpawnHandle,
    dev::{AsyncContextParts, ContextFut, ContextParts, Envelope, Mailbox, ToEnvelope},
};
use tokio::sync::oneshot;

use super::Connection;

pub(crate) struct ConnectionContext {
    parts: ContextParts<Connection>,
}

impl ConnectionContext {
    /// Runs the actor that `make` builds from its own address, in a task of this thread.
    pub(super) fn run(make: impl FnOnce(Addr<Connection>) -> Connection) {
        let mailbox = Mailbox::default();
        let context = Self {
            parts: ContextParts::new(mailbox.sender_producer()),
        };
        let connection = make(context.parts.address());
        actix::spawn(ContextFut::new(context, connection, mailbox));
    }
}

impl ActorContext for ConnectionContext {
    fn stop(&mut self) {
        self.parts.stop();
    }

    fn terminate(&mut self) {
        self.parts.terminate();
    }

    fn state(&self) -> ActorState {
        self.parts.state()
    }
}

impl AsyncContext<Connection> for ConnectionContext {
    fn address(&self) -> Addr<Connection> {
        self.parts.address()
    }

    fn spawn<F>(&mut self, future: F) -> SpawnHandle
    where
        F: ActorFuture<Connection, Output = ()> + 'static,
    {
        self.parts.spawn(future)
    }

    fn wait<F>(&mut self, future: F)
    where
        F: ActorFuture<Connection, Output = ()> + 'static,
    {
        self.parts.wait(future);
    }

    fn waiting(&self) -> bool {
        self.parts.waiting()
    }

    fn cancel_future(&mut self, handle: SpawnHandle) -> bool {
        self.parts.cancel_future(handle)
    }
}

impl AsyncContextParts<Connection> for ConnectionContext {
    fn parts(&mut self) -> &mut ContextParts<Connection> {
        &mut self.parts
    }
}

impl<M> ToEnvelope<Connection, M> for ConnectionContext
where
    Connection: Actor<Context = Self> + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn pack(message: M, reply: Option<oneshot::Sender<M::Result>>) -> Envelope<Connection> {
        Envelope::new(message, reply)
    }
}
