//! Broadcasts that ask for answers.

use std::{pin::pin, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;

use super::{Broadcast, Encoded};
use crate::{
    error::{AckError, EmitError},
    event::{Answer, Answers, Collector, Event, Gathered, RawAck},
    id::SocketId,
    metrics::Metrics,
    shard::{
        command::Action,
        uplink::{Asking, Elsewhere},
    },
};

impl Broadcast<'_> {
    /// Emits an event and waits until every receiver has answered or disconnected, or until the
    /// timeout. From clients of [other nodes](crate::adapter) only the first argument of an ack is
    /// returned, and if one disconnects without an answer, the call waits until the timeout.
    ///
    /// # Errors
    /// As [`emit`](Self::emit). Acks that are missing or do not deserialize are not errors of the call:
    /// see [`Acks`].
    ///
    /// # Cancel safety
    /// The event is sent when the future is first polled. Dropping the future afterwards discards the
    /// acks.
    pub async fn emit_with_ack<E>(&self, event: &E) -> Result<Acks<E::Ack>, EmitError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned + 'static,
    {
        Asked::answers([self.ask_for(event)?]).await
    }

    /// Emits an untyped event, with arguments as for [`emit_raw`](Self::emit_raw), and waits as
    /// [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Errors
    /// As [`emit_with_ack`](Self::emit_with_ack). Acks are not decoded here: [`RawAck::args`] fails if
    /// one does not fit.
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
        self.check_rooms()?;
        let id = self.scope.next_ack_id();
        let event = self.encoder().event(event, Some(id))?;
        Ok(self.emit_asking(event, id, Answer::decode::<E>))
    }

    /// The same for an untyped event.
    pub(crate) fn ask_for_raw<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> Result<Asked<RawAck>, EmitError> {
        self.check_rooms()?;
        let id = self.scope.next_ack_id();
        let event = self.encoder().raw(name, args, Some(id))?;
        Ok(self.emit_asking(event, id, |answer| Ok(RawAck::new(answer))))
    }

    fn emit_asking<A>(
        &self,
        event: Encoded,
        id: u64,
        decode: fn(Answer) -> Result<A, AckError>,
    ) -> Asked<A> {
        let timeout = self.timeout.unwrap_or(self.node.config.ack_timeout);
        let selection = self.selection();
        let workers = selection.workers(&self.scope);
        let collector = Collector::new(workers.len());
        let elsewhere = self.uplink().map(|uplink| {
            let asking = Asking {
                timeout,
                single: self.single,
            };
            collector.ask_nodes();
            uplink.ask(event.plain(), self.reach(), asking, &collector)
        });
        let (elsewhere, published) = match elsewhere {
            Some(Ok(elsewhere)) => (Some(elsewhere), Ok(())),
            Some(Err(error)) => {
                collector.expect(None);
                (None, Err(error))
            }
            None => (None, Ok(())),
        };
        let frame = event.frame;
        let ack = Some((id, Arc::clone(&collector)));
        let command = self.command(selection, Action::Emit { frame, ack }, None);
        Asked {
            // Workers that refused have counted nobody; the others answer all the same.
            sent: self.node.dispatch_to(workers, command).and(published),
            elsewhere,
            answers: collector.answers(),
            decode,
            metrics: Arc::clone(&self.node.metrics),
            since: Instant::now(),
            timeout,
        }
    }
}

/// A broadcast that was emitted, and the answers that are on their way. Dropping it gives them up.
pub(crate) struct Asked<A> {
    sent: Result<(), EmitError>,
    /// Takes the answers of other nodes for as long as it is there.
    elsewhere: Option<Elsewhere<()>>,
    answers: Answers,
    decode: fn(Answer) -> Result<A, AckError>,
    metrics: Arc<Metrics>,
    since: Instant,
    timeout: Duration,
}

impl<A> Asked<A> {
    /// The answer of the only socket that was asked; `is_there` tells whether it still is.
    pub(crate) async fn one(self, is_there: impl FnOnce() -> bool) -> Result<A, AckError> {
        self.sent?;
        let gathered = gather(self.elsewhere, self.answers, self.timeout).await;
        self.metrics.ack_timeouts.add(gathered.unanswered);
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
            let gathered = gather(asked.elsewhere, asked.answers, left).await;
            asked.metrics.ack_timeouts.add(gathered.unanswered);
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

async fn gather(elsewhere: Option<Elsewhere<()>>, answers: Answers, timeout: Duration) -> Gathered {
    let gathering = answers.within(timeout);
    let Some(elsewhere) = elsewhere else {
        return gathering.await;
    };
    let mut gathering = pin!(gathering);
    tokio::select! {
        biased;
        gathered = &mut gathering => gathered,
        () = elsewhere => gathering.await,
    }
}

/// The acks of a broadcast.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Serialize, Event)]
/// #[event(ack = bool)]
/// struct Ready;
///
/// async fn all_ready(hub: &Hub) -> Result<bool, EmitError> {
///     let acks = hub.to("players").emit_with_ack(&Ready).await?;
///     let everyone = acks.is_complete();
///     Ok(everyone && acks.into_values().into_iter().all(|ready| ready))
/// }
/// ```
#[derive(Debug)]
pub struct Acks<A> {
    answers: Vec<(Option<SocketId>, Result<A, AckError>)>,
    complete: bool,
}

impl<A> Acks<A> {
    /// Whether every receiver answered or disconnected before the timeout, and no answer was dropped
    /// because all of them together exceeded 64 MiB.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The sockets and their answers, in the order of arrival; an error where an answer does not
    /// deserialize. The socket is `None` for clients of other nodes.
    pub fn iter(&self) -> impl Iterator<Item = (Option<SocketId>, Result<&A, &AckError>)> {
        self.answers
            .iter()
            .map(|(socket, answer)| (*socket, answer.as_ref()))
    }

    /// The answers that could be deserialized.
    #[must_use]
    pub fn into_values(self) -> Vec<A> {
        self.answers
            .into_iter()
            .filter_map(|(_, answer)| answer.ok())
            .collect()
    }
}
