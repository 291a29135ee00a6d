//! The body of an answer that may be long, for a client that may read it slowly, or not at all.
//!
//! actix-http waits for as long as a client takes, and holds the whole body meanwhile. So what is more than
//! the system takes at once goes out in parts, and who takes none of them for a while is cut.

use std::{
    cell::Cell,
    convert::Infallible,
    net::Shutdown,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpRequest,
    body::{BodySize, BoxBody, MessageBody},
};
use bytes::Bytes;
use socket2::SockRef;
use tokio::{sync::oneshot, time::timeout};

use super::handoff;
use crate::metrics::Metrics;

/// The dispatcher takes the next one when it has written most of the one before.
const PART: usize = 64 * 1024;

/// The body of an answer to `req`, whose client is cut when it takes nothing of it for `patience`, and at most as
/// long again. Not where the socket cannot be had.
pub(crate) fn body(
    req: &HttpRequest,
    body: Vec<u8>,
    patience: Duration,
    metrics: &Arc<Metrics>,
) -> BoxBody {
    if body.len() <= PART {
        return BoxBody::new(body);
    }
    let Some(stream) = handoff::watch(req) else {
        return BoxBody::new(body);
    };
    let (there, gone) = oneshot::channel();
    let parts = Parts {
        rest: body.into(),
        taken: Rc::default(),
        _there: there,
    };
    let taken = Rc::clone(&parts.taken);
    // The next request of this connection may want the socket for itself.
    let stream = Rc::downgrade(&stream);
    let metrics = Arc::clone(metrics);
    actix_web::rt::spawn(async move {
        if is_stuck(&taken, gone, patience).await
            && let Some(stream) = stream.upgrade()
        {
            tracing::debug!(?patience, "an answer was not read in time");
            metrics.cut_closing.add(1);
            let _ = SockRef::from(&*stream).shutdown(Shutdown::Both);
        }
    });
    BoxBody::new(parts)
}

struct Parts {
    rest: Bytes,
    /// How many the dispatcher has taken.
    taken: Rc<Cell<usize>>,
    /// Dropped with the body.
    _there: oneshot::Sender<Infallible>,
}

/// Ready when nothing was taken for that long, or the body has gone.
async fn is_stuck(
    taken: &Cell<usize>,
    mut gone: oneshot::Receiver<Infallible>,
    patience: Duration,
) -> bool {
    let mut before = 0;
    while timeout(patience, &mut gone).await.is_err() {
        let now = taken.get();
        if now == before {
            return true;
        }
        before = now;
    }
    false
}

impl MessageBody for Parts {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        self.taken.set(self.taken.get() + 1);
        let length = self.rest.len().min(PART);
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}
