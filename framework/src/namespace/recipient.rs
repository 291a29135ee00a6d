//! A socket as the receiver of actix messages.

use actix::{Actor, Context, Handler, Message, Recipient};
use serde::Serialize;

use super::Socket;
use crate::{error::EmitError, event::Event};

/// Ends by itself when its last address is dropped.
struct Mailbox(Socket);

impl Actor for Mailbox {
    type Context = Context<Self>;
}

impl<E> Handler<E> for Mailbox
where
    E: Event + Serialize + Message<Result = Result<(), EmitError>>,
{
    type Result = Result<(), EmitError>;

    fn handle(&mut self, event: E, _: &mut Self::Context) -> Self::Result {
        self.0.emit(&event)
    }
}

pub(super) fn start<E>(socket: Socket) -> Recipient<E>
where
    E: Event + Serialize + Message<Result = Result<(), EmitError>> + Send + 'static,
{
    Mailbox(socket).start().recipient()
}
