//! Changes of many sockets, which workers make on their own.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use smallvec::SmallVec;
use tokio::{
    runtime::Handle,
    sync::mpsc,
    time::{Instant, Sleep, sleep_until},
};

use crate::{
    error::EmitError,
    shard::{command::Found, uplink::Elsewhere},
};

/// A change of many sockets (join, leave or disconnect), as a future that completes when it has been
/// applied on all workers concerned and on all other nodes. The change is made whether or not it is
/// awaited.
///
/// In a [cluster](crate::adapter), awaiting it asks all other nodes to confirm, which takes some
/// round trips. If some have not done so within
/// [`requests_timeout`](crate::HubBuilder::requests_timeout), it is [`EmitError::Unconfirmed`]. So it is if
/// a worker of this node is blocked or busy for so long, which counts as one node; it makes the change as
/// soon as it can. A node that is not connected at that moment is not waited for.
///
/// ```
/// use roomcast::prelude::*;
///
/// async fn close(hub: &Hub) -> Result<(), EmitError> {
///     hub.to("team-1").join(["finals"]).await?; // made, on all nodes
///     hub.to("banned").disconnect(true); // under way
///     Ok(())
/// }
/// ```
///
/// # Cancel safety
/// Dropping it does not undo the change.
pub struct Applied {
    /// The ends of those tell that all workers have done it; nobody sends anything.
    pending: SmallVec<[mpsc::Receiver<Vec<Found>>; 1]>,
    /// The other nodes.
    elsewhere: SmallVec<[Elsewhere<Result<(), EmitError>>; 1]>,
    error: Option<EmitError>,
    /// When those are waited for no longer who are still pending.
    until: Option<Instant>,
    /// Set once they are waited for.
    timer: Option<Pin<Box<Sleep>>>,
    /// That time is over.
    late: bool,
}

impl Applied {
    /// What was asked of the workers here, and of the other nodes if there are any.
    pub(crate) fn new(
        here: Result<mpsc::Receiver<Vec<Found>>, EmitError>,
        elsewhere: Option<Result<Elsewhere<Result<(), EmitError>>, EmitError>>,
    ) -> Self {
        let (pending, error) = match here {
            Ok(pending) => (Some(pending), None),
            Err(error) => (None, Some(error)),
        };
        let (elsewhere, unpublished) = match elsewhere {
            Some(Ok(elsewhere)) => (Some(elsewhere), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        Self {
            pending: pending.into_iter().collect(),
            elsewhere: elsewhere.into_iter().collect(),
            error: error.or(unpublished),
            until: None,
            timer: None,
            late: false,
        }
    }

    /// Workers of this node are waited for until then.
    pub(super) fn within(self, time: Duration) -> Self {
        let until = Instant::now().checked_add(time);
        Self { until, ..self }
    }

    /// Ready when all are, with the first error among them.
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self {
            pending: SmallVec::new(),
            elsewhere: SmallVec::new(),
            error: None,
            until: None,
            timer: None,
            late: false,
        };
        for part in parts {
            all.until = all.until.max(part.until);
            all.pending.extend(part.pending);
            all.elsewhere.extend(part.elsewhere);
            all.error = all.error.or(part.error);
        }
        all
    }
}

impl Applied {
    /// Whether workers of this node are waited for no longer.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        // Whoever awaits it elsewhere has nothing that tells the time.
        let Some(until) = self.until.filter(|_| Handle::try_current().is_ok()) else {
            return false;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        timer.as_mut().poll(cx).is_ready()
    }

    fn outcome(&mut self) -> Result<(), EmitError> {
        match (self.error.take(), self.late) {
            (None, false) => Ok(()),
            (None, true) => Err(EmitError::Unconfirmed { missing: Some(1) }),
            (Some(EmitError::Unconfirmed { missing }), true) => Err(EmitError::Unconfirmed {
                missing: missing.map(|others| others + 1),
            }),
            (Some(error), _) => Err(error),
        }
    }
}

impl Future for Applied {
    type Output = Result<(), EmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.pending
            .retain(|pending| pending.poll_recv(cx).is_pending());
        if !this.pending.is_empty() && this.is_over(cx) {
            this.pending.clear();
            this.late = true;
        }
        let error = &mut this.error;
        this.elsewhere
            .retain(|elsewhere| match elsewhere.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(result) => {
                    *error = error.take().or(result.err());
                    false
                }
            });
        match this.pending.is_empty() && this.elsewhere.is_empty() {
            true => Poll::Ready(this.outcome()),
            false => Poll::Pending,
        }
    }
}
