//! A body stream that is served by another worker: its HTTP dispatcher cannot leave its thread, so
//! its bytes travel through a pipe.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::{Buf, Bytes};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, ReadHalf, WriteHalf,
};

use super::io::Io;

/// Bytes on their way in each direction.
const PIPE: usize = 16 * 1024;

/// Bytes taken from the pipe at once.
const CHUNK: usize = 4 * 1024;

/// The end of the pipe that the connection's worker has.
pub(crate) struct RelayIo {
    stream: RefCell<DuplexStream>,
    /// Taken from the pipe, to tell whether there is anything.
    chunk: RefCell<Bytes>,
    ended: Cell<bool>,
    aborted: Cell<bool>,
}

impl RelayIo {
    pub(super) fn new(stream: DuplexStream) -> Self {
        Self {
            stream: RefCell::new(stream),
            chunk: RefCell::default(),
            ended: Cell::new(false),
            aborted: Cell::new(false),
        }
    }

    fn if_open(&self) -> io::Result<()> {
        match self.aborted.get() {
            true => Err(io::ErrorKind::ConnectionAborted.into()),
            false => Ok(()),
        }
    }

    pub(super) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.if_open()?;
        if self.ended.get() || !self.chunk.borrow().is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut space = [0; CHUNK];
        let mut buf = ReadBuf::new(&mut space);
        std::task::ready!(Pin::new(&mut *self.stream.borrow_mut()).poll_read(cx, &mut buf))?;
        self.ended.set(buf.filled().is_empty());
        *self.chunk.borrow_mut() = Bytes::copy_from_slice(buf.filled());
        Poll::Ready(Ok(()))
    }

    pub(super) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.if_open()?;
        let mut chunk = self.chunk.borrow_mut();
        if chunk.is_empty() && !self.ended.get() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = chunk.len().min(buf.len());
        chunk.copy_to_slice(&mut buf[..read]);
        Ok(read)
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.if_open()?;
        // A pipe with room takes nothing as well.
        Pin::new(&mut *self.stream.borrow_mut())
            .poll_write(cx, &[])
            .map_ok(|_| ())
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.if_open()?;
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(&mut *self.stream.borrow_mut()).poll_write(&mut cx, bytes) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let first = slices.iter().find(|slice| !slice.is_empty());
        first.map_or(Ok(0), |slice| self.try_write(slice))
    }

    pub(super) fn shutdown_write(&self) {
        let mut cx = Context::from_waker(Waker::noop());
        // The pipe's end is set at once.
        let _ = Pin::new(&mut *self.stream.borrow_mut()).poll_shutdown(&mut cx);
    }

    /// The other end is dropped with this one, and cuts the connection there.
    pub(super) fn abort(&self) {
        self.aborted.set(true);
        let (gone, _) = tokio::io::duplex(1);
        *self.stream.borrow_mut() = gone;
    }
}

/// Carries the bytes of `io`, a body stream of this worker, to and from the pipe whose other end it
/// returns, until that end is dropped.
pub(super) fn start(io: Io) -> DuplexStream {
    let (near, far) = tokio::io::duplex(PIPE);
    actix::spawn(async move {
        let (from_pipe, to_pipe) = tokio::io::split(near);
        let incoming = async {
            // The peer has ended; what we send may still be read.
            let _ = receive(&io, to_pipe).await;
            std::future::pending().await
        };
        tokio::select! {
            _ = send(&io, from_pipe) => io.shutdown_write(),
            () = incoming => {}
        }
    });
    far
}

async fn send(io: &Io, mut from: ReadHalf<DuplexStream>) -> io::Result<()> {
    let mut space = vec![0; CHUNK];
    loop {
        let read = from.read(&mut space).await?;
        let mut rest = space.get(..read).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        while !rest.is_empty() {
            poll_fn(|cx| io.poll_write_ready(cx)).await?;
            match io.try_write(rest) {
                Ok(written) => rest.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

async fn receive(io: &Io, mut to: WriteHalf<DuplexStream>) -> io::Result<()> {
    let mut space = vec![0; CHUNK];
    loop {
        poll_fn(|cx| io.poll_read_ready(cx)).await?;
        match io.try_read(&mut space) {
            Ok(0) => return to.shutdown().await,
            Ok(read) => to.write_all(space.get(..read).unwrap_or_default()).await?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
