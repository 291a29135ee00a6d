//! Changes of many sockets, which workers make on their own.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use smallvec::SmallVec;
use tokio::sync::mpsc;

use crate::{error::EmitError, shard::command::Found};

/// A change that is under way on every worker concerned; ready when it was made. It need not be
/// awaited: the change is made in any case.
///
/// # Cancel safety
/// Dropping it does not undo the change.
pub struct Applied {
    /// The ends of those tell that all workers have done it; nobody sends anything.
    pending: SmallVec<[mpsc::Receiver<Vec<Found>>; 1]>,
    error: Option<EmitError>,
}

impl Applied {
    /// Ready when all are, with the first error among them.
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self {
            pending: SmallVec::new(),
            error: None,
        };
        for part in parts {
            all.pending.extend(part.pending);
            all.error = all.error.or(part.error);
        }
        all
    }
}

impl From<Result<mpsc::Receiver<Vec<Found>>, EmitError>> for Applied {
    fn from(asked: Result<mpsc::Receiver<Vec<Found>>, EmitError>) -> Self {
        let (pending, error) = match asked {
            Ok(pending) => (Some(pending), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            pending: pending.into_iter().collect(),
            error,
        }
    }
}

impl Future for Applied {
    type Output = Result<(), EmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.pending
            .retain(|pending| pending.poll_recv(cx).is_pending());
        match self.pending.is_empty() {
            true => Poll::Ready(self.error.take().map_or(Ok(()), Err)),
            false => Poll::Pending,
        }
    }
}
