//! Broadcasts that ask for answers.

use std::{sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;

use super::Broadcast;
use crate::{
    error::{AckError, EmitError},
    event::{Answer, Answers, Collector, Event, RawAck},
    id::SocketId,
    shard::command::Action,
    transport::frame::Frame,
};

impl Broadcast<'_> {
    /// Emits an event and waits until every receiver has answered, or gone, or the timeout.
    ///
    /// # Errors
    /// As [`emit`](Self::emit). Answers that are late or do not fit are not errors of the call:
    /// see [`Acks`].
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up; the event has been sent once it was polled.
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<Acks<E::Ack>, EmitError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        Asked::answers([self.ask_for(event)?]).await
    }

    /// Emits an untyped event, with arguments as for [`emit_raw`](Self::emit_raw), and waits until
    /// every receiver has answered, or gone, or the timeout.
    ///
    /// # Errors
    /// As [`emit_with_ack`](Self::emit_with_ack); whether an answer fits, [`RawAck::args`] tells.
    ///
    /// # Cancel safety
    /// As [`emit_with_ack`](Self::emit_with_ack).
    pub async fn emit_raw_with_ack<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> Result<Acks<RawAck>, EmitError> {
        Asked::answers([self.ask_for_raw(name, args)?]).await
    }

    /// Emits an event that wants answers.
    pub(crate) fn ask_for<E>(&self, event: &E) -> Result<Asked<E::Ack>, EmitError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        let id = self.scope.next_ack_id();
        let frame = self.encoder().event(event, Some(id))?;
        Ok(self.emit_asking(frame, id, Answer::decode::<E>))
    }

    /// The same for an untyped event.
    pub(crate) fn ask_for_raw<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> Result<Asked<RawAck>, EmitError> {
        let id = self.scope.next_ack_id();
        let frame = self.encoder().raw(name, args, Some(id))?;
        Ok(self.emit_asking(frame, id, |answer| Ok(RawAck::new(answer))))
    }

    fn emit_asking<A>(
        &self,
        frame: Frame,
        id: u64,
        decode: fn(Answer) -> Result<A, AckError>,
    ) -> Asked<A> {
        let selection = self.selection();
        let workers = selection.workers(&self.scope);
        let collector = Collector::new(workers.len());
        let ack = Some((id, Arc::clone(&collector)));
        let command = self.command(selection, Action::Emit { frame, ack }, None);
        Asked {
            // Workers that refused have counted nobody; the others answer all the same.
            sent: self.node.dispatch_to(workers, command),
            answers: collector.answers(),
            decode,
            since: Instant::now(),
            timeout: self.timeout,
        }
    }
}

/// A broadcast that was emitted, and the answers that are on their way. Dropping it gives them up.
pub(crate) struct Asked<A> {
    sent: Result<(), EmitError>,
    answers: Answers,
    decode: fn(Answer) -> Result<A, AckError>,
    since: Instant,
    timeout: Duration,
}

impl<A> Asked<A> {
    /// The answer of the only socket that was asked; `is_there` tells whether it still is.
    pub(crate) async fn one(self, is_there: impl FnOnce() -> bool) -> Result<A, AckError> {
        self.sent?;
        let gathered = self.answers.within(self.timeout).await;
        gathered.one(is_there()).and_then(self.decode)
    }

    /// The answers to all of these. They come in while one after the other is waited for.
    pub(crate) async fn answers(all: impl IntoIterator<Item = Self>) -> Result<Acks<A>, EmitError> {
        let mut acks = Acks {
            answers: Vec::new(),
            complete: true,
        };
        let mut refused = Ok(());
        for asked in all {
            let left = asked.timeout.saturating_sub(asked.since.elapsed());
            let gathered = asked.answers.within(left).await;
            acks.complete &= gathered.complete && asked.sent.is_ok();
            refused = refused.and(asked.sent);
            let decoded = |answer: Answer| (answer.socket, (asked.decode)(answer));
            acks.answers
                .extend(gathered.answers.into_iter().map(decoded));
        }
        match refused {
            Err(error) if acks.answers.is_empty() => Err(error),
            _ => Ok(acks),
        }
    }
}

/// The answers to a broadcast.
#[derive(Debug)]
pub struct Acks<A> {
    answers: Vec<(SocketId, Result<A, AckError>)>,
    complete: bool,
}

impl<A> Acks<A> {
    /// Whether every receiver answered or went away before the timeout.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Who answered what, in the order of arrival; an error where an answer does not fit the type.
    pub fn iter(&self) -> impl Iterator<Item = (SocketId, Result<&A, &AckError>)> {
        self.answers
            .iter()
            .map(|(socket, answer)| (*socket, answer.as_ref()))
    }

    /// The answers that fit.
    #[must_use]
    pub fn into_values(self) -> Vec<A> {
        self.answers
            .into_iter()
            .filter_map(|(_, answer)| answer.ok())
            .collect()
    }
}
