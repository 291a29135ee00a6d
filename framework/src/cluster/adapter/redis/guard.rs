//! A bound on what a server may make us keep: the client library reads a reply whole, however long
//! the server says that it is.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::resp::Scan;

/// A stream without what makes a reply too long: see [`Scan`]. It ends with an error before it holds more.
pub(super) struct Guarded<S> {
    stream: S,
    scan: Scan,
    /// How many bytes have come.
    read: Arc<AtomicU64>,
}

impl<S> Guarded<S> {
    /// With the bound of [`Scan::new`].
    pub(super) fn new(stream: S, max_reply: u64, read: Arc<AtomicU64>) -> Self {
        Self {
            stream,
            scan: Scan::new(max_reply),
            read,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        loop {
            ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
            let read = buf.filled_mut().get_mut(before..).unwrap_or_default();
            let is_end = read.is_empty();
            this.read.fetch_add(read.len() as u64, Relaxed);
            let kept = this.scan.take_all(read)?;
            buf.set_filled(before + kept);
            // Nothing read would be the end.
            if kept > 0 || is_end {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
