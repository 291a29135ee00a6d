//! A socket as the receiver of actix messages.

use actix::{Actor, ActorContext, Context, Handler, Message, Recipient};
use serde::Serialize;

use super::Socket;
use crate::{error::EmitError, event::Event};

/// Ends by itself when its last address is dropped, and when its socket has gone, so that whoever
/// keeps addresses sees which of them are of no use any more.
struct Mailbox(Socket);

impl Actor for Mailbox {
    type Context = Context<Self>;
}

impl<E> Handler<E> for Mailbox
where
    E: Event + Serialize + Message<Result = Result<(), EmitError>>,
{
    type Result = Result<(), EmitError>;

    fn handle(&mut self, event: E, ctx: &mut Self::Context) -> Self::Result {
        let emitted = self.0.emit(&event);
        if matches!(emitted, Err(EmitError::Disconnected)) {
            ctx.stop();
        }
        emitted
    }
}

pub(super) fn start<E>(socket: Socket) -> Recipient<E>
where
    E: Event + Serialize + Message<Result = Result<(), EmitError>> + Send + 'static,
{
    Mailbox(socket).start().recipient()
}
