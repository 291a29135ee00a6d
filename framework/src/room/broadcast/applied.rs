//! Changes of many sockets, which workers make on their own.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use smallvec::SmallVec;
use tokio::sync::mpsc;

use crate::{
    error::EmitError,
    shard::{command::Found, uplink::Elsewhere},
};

/// A change of many sockets (join, leave or disconnect), as a future that completes when it has been
/// applied on all workers concerned and on all other nodes. The change is made whether or not it is
/// awaited.
///
/// In a [cluster](crate::adapter), awaiting it asks all other nodes to confirm, which takes a round
/// trip. If some have not done so within
/// [`requests_timeout`](crate::HubBuilder::requests_timeout), it is [`EmitError::Unconfirmed`]. A node
/// that is not connected at that moment is not waited for.
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
        }
    }

    /// Ready when all are, with the first error among them.
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self {
            pending: SmallVec::new(),
            elsewhere: SmallVec::new(),
            error: None,
        };
        for part in parts {
            all.pending.extend(part.pending);
            all.elsewhere.extend(part.elsewhere);
            all.error = all.error.or(part.error);
        }
        all
    }
}

impl Future for Applied {
    type Output = Result<(), EmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.pending
            .retain(|pending| pending.poll_recv(cx).is_pending());
        let error = &mut this.error;
        this.elsewhere
            .retain(|elsewhere| match elsewhere.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(result) => {
                    *error = error.take().or(result.err());
                    false
                }
            });
        match self.pending.is_empty() && self.elsewhere.is_empty() {
            true => Poll::Ready(self.error.take().map_or(Ok(()), Err)),
            false => Poll::Pending,
        }
    }
}
