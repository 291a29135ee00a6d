//! The transport of connections whose socket stays with the HTTP dispatcher (TLS, platforms other than
//! Unix, no `on_connect`): the response body carries what we write, the request payload what we read.
//!
//! The connection's task lives outside the body. actix-http stops polling a body while the peer does not
//! read, so nothing that must keep running (timers, heartbeats, limits) may depend on those polls.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    future::poll_fn,
    io::{self, IoSlice},
    mem,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use actix_web::{
    body::{BodySize, MessageBody},
    error::PayloadError,
    web,
};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::Stream;
use socket2::Socket;
use tokio::{sync::oneshot, time::timeout};

use super::io::{Io, cut};

/// Bytes accepted before the dispatcher has taken them. Small, because the limit that applications set
/// and the policy on reaching it are the outbox's; large enough to fill the dispatcher's own 32 KiB
/// write buffer in one go.
const BUFFER_LIMIT: usize = 64 * 1024;

/// Makes the two ends of a connection: the connection task's and the response's.
///
/// `socket` is a duplicate of the dispatcher's, if there is one, to cut a peer that does not read.
/// `presence` ends with the dispatcher.
pub(super) fn pair(
    payload: web::Payload,
    socket: Option<Socket>,
    presence: Option<oneshot::Receiver<Infallible>>,
) -> (Io, StreamBody) {
    let outgoing = Rc::new(Outgoing::default());
    let io = BodyIo {
        incoming: RefCell::new(Incoming {
            payload,
            chunk: Bytes::new(),
            ended: false,
        }),
        outgoing: Rc::clone(&outgoing),
        socket,
        presence: Cell::new(presence),
    };
    (Io::Body(Rc::new(io)), StreamBody { outgoing })
}

/// The connection task's end.
pub(crate) struct BodyIo {
    incoming: RefCell<Incoming>,
    outgoing: Rc<Outgoing>,
    socket: Option<Socket>,
    presence: Cell<Option<oneshot::Receiver<Infallible>>>,
}

/// The request payload and what is left of its last chunk.
struct Incoming {
    payload: web::Payload,
    chunk: Bytes,
    ended: bool,
}

impl BodyIo {
    pub(super) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let incoming = &mut *self.incoming.borrow_mut();
        while incoming.chunk.is_empty() && !incoming.ended && !self.outgoing.is_aborted() {
            match Pin::new(&mut incoming.payload).poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => incoming.chunk = chunk,
                // `Incomplete` is how the dispatcher reports the peer's end: an upgrade's payload has
                // no other.
                Poll::Ready(None | Some(Err(PayloadError::Incomplete(_)))) => incoming.ended = true,
                Poll::Ready(Some(Err(error))) => {
                    incoming.ended = true;
                    return Poll::Ready(Err(match error {
                        PayloadError::Io(error) => error,
                        error => io::Error::other(error),
                    }));
                }
                Poll::Pending => {
                    self.outgoing.reader.set(cx);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let incoming = &mut *self.incoming.borrow_mut();
        if self.outgoing.is_aborted() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        if incoming.chunk.is_empty() && !incoming.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = incoming.chunk.len().min(buf.len());
        incoming.chunk.copy_to_slice(&mut buf[..read]);
        if incoming.chunk.is_empty() {
            // Lets go of the dispatcher's read block.
            incoming.chunk = Bytes::new();
        }
        Ok(read)
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.poll_room(cx).map(Ok)
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_write_vectored(&[IoSlice::new(bytes)])
    }

    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.outgoing.push(slices)
    }

    pub(super) fn shutdown_write(&self) {
        self.outgoing.finish();
    }

    /// Ends our side, and cuts the connection if the dispatcher does not get rid of what was written
    /// within `patience`; without a socket to cut, of what it has not taken yet.
    pub(super) async fn finish(&self, patience: Duration) {
        self.outgoing.finish();
        let gone = async {
            match self.presence.take() {
                Some(presence) => drop(presence.await),
                None => poll_fn(|cx| self.outgoing.poll_gone(cx)).await,
            }
        };
        if timeout(patience, gone).await.is_err() {
            self.abort();
        }
    }

    pub(super) fn abort(&self) {
        if let Some(socket) = &self.socket {
            cut(socket);
        }
        self.outgoing.abort(self.socket.is_some());
    }
}

impl Drop for BodyIo {
    fn drop(&mut self) {
        self.outgoing.finish();
    }
}

/// The response's end.
pub(super) struct StreamBody {
    outgoing: Rc<Outgoing>,
}

impl MessageBody for StreamBody {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.outgoing.poll_take(cx)
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        self.outgoing.body_dropped();
    }
}

/// What was written and the dispatcher has not taken, shared by both ends.
#[derive(Default)]
struct Outgoing {
    buffer: RefCell<BytesMut>,
    phase: Cell<Phase>,
    body: WakerSlot,
    reader: WakerSlot,
    writer: WakerSlot,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// We have ended our side; the body ends when the buffer is empty.
    Finishing,
    Aborted {
        /// The dispatcher learns it from its socket and ends by itself.
        socket_cut: bool,
    },
    /// The dispatcher has dropped the body.
    Gone,
}

impl Outgoing {
    fn push(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.phase.get() {
            Phase::Open => {}
            Phase::Finishing | Phase::Gone => return Err(io::ErrorKind::BrokenPipe.into()),
            Phase::Aborted { .. } => return Err(io::ErrorKind::ConnectionAborted.into()),
        }
        let mut buffer = self.buffer.borrow_mut();
        let before = buffer.len();
        for slice in slices {
            let room = BUFFER_LIMIT.saturating_sub(buffer.len());
            buffer.extend_from_slice(&slice[..slice.len().min(room)]);
        }
        let written = buffer.len() - before;
        if written == 0 && slices.iter().any(|slice| !slice.is_empty()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.body.wake();
        Ok(written)
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.phase.get() != Phase::Open || self.buffer.borrow().len() < BUFFER_LIMIT {
            return Poll::Ready(());
        }
        self.writer.set(cx);
        Poll::Pending
    }

    /// Ready when the dispatcher has taken everything.
    fn poll_gone(&self, cx: &Context<'_>) -> Poll<()> {
        if matches!(self.phase.get(), Phase::Gone | Phase::Aborted { .. }) {
            return Poll::Ready(());
        }
        self.writer.set(cx);
        Poll::Pending
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if let Phase::Aborted { socket_cut } = self.phase.get() {
            // With no socket to cut only an error makes the dispatcher leave without waiting for the
            // peer to take what is already encoded; actix-http logs it.
            let error = io::Error::from(io::ErrorKind::ConnectionAborted);
            return Poll::Ready((!socket_cut).then_some(Err(error)));
        }
        let bytes = mem::take(&mut *self.buffer.borrow_mut()).freeze();
        if !bytes.is_empty() {
            self.writer.wake();
            return Poll::Ready(Some(Ok(bytes)));
        }
        if self.phase.get() == Phase::Finishing {
            return Poll::Ready(None);
        }
        self.body.set(cx);
        Poll::Pending
    }

    fn finish(&self) {
        if self.phase.get() == Phase::Open {
            self.phase.set(Phase::Finishing);
            self.body.wake();
        }
    }

    fn abort(&self, socket_cut: bool) {
        if self.phase.get() != Phase::Gone {
            self.body.wake();
        }
        self.phase.set(Phase::Aborted { socket_cut });
        self.buffer.borrow_mut().clear();
        self.reader.wake();
        self.writer.wake();
    }

    fn body_dropped(&self) {
        if !self.is_aborted() {
            self.phase.set(Phase::Gone);
        }
        // The reader learns it from the payload, whose sender the dispatcher drops as well.
        self.writer.wake();
    }

    fn is_aborted(&self) -> bool {
        matches!(self.phase.get(), Phase::Aborted { .. })
    }
}

/// The task to wake, woken once.
#[derive(Default)]
struct WakerSlot(Cell<Option<Waker>>);

impl WakerSlot {
    fn set(&self, cx: &Context<'_>) {
        self.0.set(Some(cx.waker().clone()));
    }

    fn wake(&self) {
        if let Some(waker) = self.0.take() {
            waker.wake();
        }
    }
}
