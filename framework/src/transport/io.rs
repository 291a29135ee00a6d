//! The bytes of one connection: what a connection's task reads and what its outbox writes.
//!
//! [`Io`] hides which transport carries them. Frames, limits and policies belong to the layers above.

use std::{
    cell::Cell,
    io::{self, IoSlice},
    net::Shutdown,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use socket2::SockRef;
use tokio::{io::Interest, net::TcpStream};

use super::{
    body_stream::BodyIo,
    poll::{PollIo, Travelling},
    relay::RelayIo,
};

/// A connection's byte stream after the 101, shared by the task that reads it and the outbox that
/// writes it.
///
/// The readiness calls keep one waker each: one task waits for reading, one (usually the same) for
/// writing. A `try_` call that reports [`io::ErrorKind::WouldBlock`] wakes nobody by itself; wait with
/// the matching `poll_` call, which may be ready without progress, as usual for readiness.
///
/// Dropping the last clone closes the connection gracefully: what was written is still delivered. A
/// peer that does not take it must be cut with [`abort`](Self::abort) before that, for nothing above the
/// transport watches a connection that has no `Io` any more.
#[derive(Clone)]
pub(crate) enum Io {
    /// The socket itself, taken out of the HTTP dispatcher.
    Tcp(Rc<TcpIo>),
    /// The request payload and the response body of a dispatcher that keeps the socket.
    Body(Rc<BodyIo>),
    /// The answers to the GETs of a polling session, which takes whole frames. Nothing is read
    /// here: what the client sends comes as [`Request`](super::poll::Request)s.
    Poll(Rc<PollIo>),
    /// A body stream of another worker.
    Relay(Rc<RelayIo>),
}

impl Io {
    /// Ready when [`try_read`](Self::try_read) is worth calling: bytes, the end, or an error.
    ///
    /// # Errors
    ///
    /// Those of the transport; the connection is unusable then.
    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(io) => io.poll_read_ready(cx),
            Self::Body(io) => io.poll_read_ready(cx),
            Self::Poll(_) => Poll::Pending,
            Self::Relay(io) => io.poll_read_ready(cx),
        }
    }

    /// Reads what has arrived. `Ok(0)` is the end of the peer's stream; it may still be reading.
    ///
    /// `buf` must not be empty.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing has arrived; `ConnectionAborted` after [`abort`](Self::abort).
    pub(crate) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(io) => io.try_read(buf),
            Self::Body(io) => io.try_read(buf),
            Self::Poll(_) => Err(io::ErrorKind::WouldBlock.into()),
            Self::Relay(io) => io.try_read(buf),
        }
    }

    /// Ready when [`try_write`](Self::try_write) is worth calling: room, or an error.
    ///
    /// # Errors
    ///
    /// Those of the transport; the connection is unusable then.
    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(io) => io.poll_write_ready(cx),
            Self::Body(io) => io.poll_write_ready(cx),
            Self::Poll(io) => io.poll_write_ready(cx),
            Self::Relay(io) => io.poll_write_ready(cx),
        }
    }

    /// Writes as much of `bytes` as the transport takes now.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when it takes nothing now; `BrokenPipe` after
    /// [`shutdown_write`](Self::shutdown_write) or when the peer is gone; `ConnectionAborted` after
    /// [`abort`](Self::abort).
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(io) => io.if_open()?.try_write(bytes),
            Self::Body(io) => io.try_write(bytes),
            Self::Poll(io) => io.try_write(bytes),
            Self::Relay(io) => io.try_write(bytes),
        }
    }

    /// Writes as much of `slices`, in order, as the transport takes now.
    ///
    /// # Errors
    ///
    /// As [`try_write`](Self::try_write).
    pub(crate) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(io) => io.if_open()?.try_write_vectored(slices),
            Self::Body(io) => io.try_write_vectored(slices),
            Self::Poll(io) => io.try_write_vectored(slices),
            Self::Relay(io) => io.try_write_vectored(slices),
        }
    }

    /// Whether something written now would be on its way at once, or with the next GET of a client that
    /// is asked for it. For a socket the outbox knows.
    pub(crate) fn takes_volatile(&self) -> bool {
        match self {
            Self::Poll(io) => io.is_waiting(),
            Self::Tcp(_) | Self::Body(_) | Self::Relay(_) => true,
        }
    }

    /// Makes a connection of this worker of what came from another.
    ///
    /// # Errors
    /// Those of registering the socket.
    pub(crate) fn arrived(travelling: Travelling) -> io::Result<Self> {
        match travelling {
            Travelling::Tcp(socket) => super::handoff::open(socket),
            Travelling::Relay(relayed) => Ok(Self::Relay(Rc::new(RelayIo::new(relayed)))),
        }
    }

    /// Whether what was written reaches a peer that reads, or is given up by the kernel, without
    /// anyone here watching. A response body waits for its peer without end.
    pub(crate) fn delivers_alone(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Lets go of a connection whose peer has ended its side: what was written is delivered if the peer
    /// takes it within `patience`, and then it is cut.
    pub(crate) fn let_go(self, patience: Duration) {
        if let Self::Body(io) = self {
            actix::spawn(async move { io.finish(patience).await });
        }
    }

    /// Ends our side once everything written so far is delivered; reading goes on.
    ///
    /// Over a response body the end of the stream reaches a peer that keeps its side open only after
    /// `HttpServer::client_disconnect_timeout`, and what such a peer sends meanwhile may be discarded.
    pub(crate) fn shutdown_write(&self) {
        match self {
            Self::Tcp(io) => io.shutdown_write(),
            Self::Body(io) => io.shutdown_write(),
            Self::Poll(_) => {}
            Self::Relay(io) => io.shutdown_write(),
        }
    }

    /// Cuts the connection at once, even if the peer does not read; what it has not received is lost.
    /// Over TLS what the HTTP dispatcher has encoded already keeps it for as long as such a peer stays.
    ///
    /// Wakes the reader and the writer, which then find `ConnectionAborted`. The descriptor is free once
    /// the last clone is dropped.
    pub(crate) fn abort(&self) {
        match self {
            Self::Tcp(io) => io.abort(),
            Self::Body(io) => io.abort(),
            Self::Poll(io) => io.abort(),
            Self::Relay(io) => io.abort(),
        }
    }
}

/// A socket of our own.
pub(crate) struct TcpIo {
    stream: TcpStream,
    aborted: Cell<bool>,
}

impl TcpIo {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            aborted: Cell::new(false),
        }
    }

    /// The kernel still hands out what it had received before a shutdown, hence the flag.
    fn if_open(&self) -> io::Result<&TcpStream> {
        if self.aborted.get() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(&self.stream)
    }

    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.if_open()?.poll_read_ready(cx)
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let stream = self.if_open()?;
        let read = stream.try_read(buf)?;
        // On epoll and kqueue a read that does not fill the buffer has drained the socket, and what
        // comes later is a new edge. Telling Tokio saves the read that would only find that out.
        // The end of the stream stays readable.
        if cfg!(unix) && 0 < read && read < buf.len() {
            let drained = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
            let _ = stream.try_io(Interest::READABLE, drained);
        }
        Ok(read)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.if_open()?.poll_write_ready(cx)
    }

    fn shutdown_write(&self) {
        // Fails only where the peer is already gone, which the reader is told anyway.
        let _ = SockRef::from(&self.stream).shutdown(Shutdown::Write);
    }

    fn abort(&self) {
        self.aborted.set(true);
        cut(&SockRef::from(&self.stream));
    }
}

/// Ends both directions of a socket at once, for every descriptor of it, and wakes whoever waits on one.
///
/// Without the zero linger time the kernel would go on offering its send buffer, which may hold
/// megabytes, to a peer that does not read.
pub(super) fn cut(socket: &socket2::Socket) {
    // Both fail only on a socket whose connection has already ended.
    let _ = socket.set_linger(Some(Duration::ZERO));
    let _ = socket.shutdown(Shutdown::Both);
}
