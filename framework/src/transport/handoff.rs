//! Takes an upgraded connection's socket out of the HTTP dispatcher.
//!
//! actix-web has no public way to do so for one route of an application. What works instead, on the
//! minor version of actix-http that the workspace pins, is a duplicate of the socket and a response body
//! that makes the dispatcher leave without touching the connection. For a WebSocket:
//!
//! 1. [`keep_socket`] duplicates the descriptor before the dispatcher exists.
//! 2. The 101 is answered with a [`HandoffBody`] that declares one byte. A 101 is written without
//!    `content-length`, so that byte is never announced to the peer.
//! 3. The first `poll_next` returns `Pending`: the dispatcher flushes what it has encoded, the head, and
//!    polls again because the body woke it.
//! 4. The second `poll_next` starts the connection and ends the body. The encoder still expects one byte
//!    and fails with `UnexpectedEof`; the dispatcher returns that from its poll at once, which is the one
//!    way out of it without a flush, a read, a lingering close, `shutdown(2)` or a log line.
//!
//! No byte is lost between the two readers of the socket. Each poll of the dispatcher reads the socket,
//! then decodes all it has read into the request payload (an upgrade's payload runs to the end of the
//! stream; decoding pauses only while 32 KiB of it are unread, and the first `poll_next` has taken
//! those), then polls the body. So when the second `poll_next` has drained the payload, everything that
//! was ever read is in `early`, and the dispatcher does not read again. The connection's own task runs
//! later, for `start` is called inside the dispatcher's poll.
//!
//! Limits: a client that pipelines requests without reading their answers can meet a head that the full
//! socket did not take in step 3, which garbles its own stream only. A middleware that replaces the
//! body's declared size would bring the lingering close back; those of actix-web pass it on for a 101.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    convert::Infallible,
    future::poll_fn,
    io,
    mem::{self, MaybeUninit},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_http::Extensions;
use actix_web::{
    HttpRequest,
    body::{BodySize, MessageBody},
    web,
};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use socket2::{SockRef, Socket};
use tokio::{io::Interest, net::TcpStream, sync::oneshot};

use super::io::{Io, TcpIo};

/// A duplicate of an HTTP connection's socket, until a request of that connection takes it.
struct KeptSocket {
    socket: Cell<Option<Socket>>,
    /// Dropped with the dispatcher.
    presence: Cell<Option<oneshot::Sender<Infallible>>>,
}

/// The same, registered with the runtime because a request watches whether its client is still there.
struct Watched(RefCell<Option<Rc<TcpStream>>>);

/// To be called from `HttpServer::on_connect`: sets `TCP_NODELAY`, and keeps a duplicate of the socket
/// in the connection's data for [`take_socket`].
///
/// Keeps nothing where there is no plain TCP socket (TLS, Unix-domain sockets), where the platform ties a
/// socket to one event queue (not Unix), or when the process has no descriptor left. Such connections
/// take the body-stream transport.
pub(crate) fn keep_socket(io: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = io.downcast_ref::<TcpStream>() else {
        return;
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY not set");
    }
    if !cfg!(unix) {
        return;
    }
    match SockRef::from(stream).try_clone() {
        Ok(socket) => {
            extensions.insert(KeptSocket {
                socket: Cell::new(Some(socket)),
                presence: Cell::default(),
            });
            extensions.insert(Watched(RefCell::default()));
        }
        Err(error) => tracing::debug!(%error, "socket not duplicated"),
    }
}

/// The socket that [`keep_socket`] kept for the connection of `req`, once.
pub(super) fn take_socket(req: &HttpRequest) -> Option<Socket> {
    if let Some(Watched(watched)) = req.conn_data()
        && let Some(stream) = watched.take()
    {
        // Nobody watches any more: requests of this connection come one after the other, and this one
        // has stopped.
        return Some(Rc::into_inner(stream)?.into_std().ok()?.into());
    }
    req.conn_data::<KeptSocket>()?.socket.take()
}

/// What ends when the dispatcher of `req` does; `None` where [`keep_socket`] kept nothing.
pub(super) fn presence(req: &HttpRequest) -> Option<oneshot::Receiver<Infallible>> {
    let (present, presence) = oneshot::channel();
    req.conn_data::<KeptSocket>()?.presence.set(Some(present));
    Some(presence)
}

/// Ready when the client of `req` has closed its connection, which the dispatcher does not tell
/// while a response is awaited. Pending for ever where the socket cannot be had.
pub(crate) async fn gone(req: &HttpRequest) {
    match watch(req) {
        Some(stream) => closed(&stream).await,
        None => std::future::pending().await,
    }
}

/// Ready when the peer has closed its side.
pub(super) async fn closed(stream: &TcpStream) {
    // A client may send its next request before this one is answered; there is no second edge then,
    // and the dispatcher, which reads it, sees the end.
    let mut byte = [MaybeUninit::uninit()];
    loop {
        if poll_fn(|cx| stream.poll_read_ready(cx)).await.is_err() {
            return;
        }
        let peeked = stream.try_io(Interest::READABLE, || SockRef::from(stream).peek(&mut byte));
        match peeked {
            Ok(0) => return,
            Ok(_) => return std::future::pending().await,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// The socket of `req`, registered with the runtime. `None` where it cannot be had, or was taken.
pub(super) fn watch(req: &HttpRequest) -> Option<Rc<TcpStream>> {
    let Watched(watched) = req.conn_data()?;
    let mut watched = watched.borrow_mut();
    if watched.is_none() {
        let socket = req.conn_data::<KeptSocket>()?.socket.take()?;
        *watched = TcpStream::from_std(socket.into()).ok().map(Rc::new);
    }
    watched.clone()
}

/// Registers `socket` with the runtime of the current worker.
///
/// # Errors
///
/// Those of the registration, for instance when the kernel's watch limit is reached.
pub(super) fn open(socket: Socket) -> io::Result<Io> {
    let stream = TcpStream::from_std(socket.into())?;
    Ok(Io::Tcp(Rc::new(TcpIo::new(stream))))
}

/// The body of the 101, see the module's documentation; and of a GET that is [`parked`](super::parked),
/// where that byte is announced and sent by whoever has the socket then.
pub(super) struct HandoffBody {
    payload: web::Payload,
    payload_ended: bool,
    early: BytesMut,
    head_flushed: bool,
    start: Option<Start>,
}

/// What ends the dispatcher's part; dropped with the body, and the socket with it, when the peer
/// vanishes first.
type Start = Box<dyn FnOnce(Bytes)>;

impl HandoffBody {
    pub(super) fn new(payload: web::Payload, start: impl FnOnce(Bytes) + 'static) -> Self {
        Self {
            payload,
            payload_ended: false,
            early: BytesMut::new(),
            head_flushed: false,
            start: Some(Box::new(start)),
        }
    }

    /// Moves what the dispatcher has read to `early`: a copy, because a chunk keeps the dispatcher's
    /// whole read block alive. Bounded, because the dispatcher never holds more than about 32 KiB of
    /// payload and 32 KiB undecoded, and this runs twice.
    fn drain_payload(&mut self, cx: &mut Context<'_>) {
        while !self.payload_ended {
            match Pin::new(&mut self.payload).poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => self.early.extend_from_slice(&chunk),
                // The end or the error of the socket; its own reader meets it again.
                Poll::Ready(_) => self.payload_ended = true,
                Poll::Pending => break,
            }
        }
    }
}

impl MessageBody for HandoffBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(1)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.drain_payload(cx);
        if !mem::replace(&mut self.head_flushed, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(start) = self.start.take() {
            start(mem::take(&mut self.early).freeze());
        }
        Poll::Ready(None)
    }
}
