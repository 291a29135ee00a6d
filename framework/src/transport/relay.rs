//! A body stream that is served by another worker: its HTTP dispatcher cannot leave its thread, so
//! its bytes travel through two pipes.

use std::{
    cell::Cell,
    convert::Infallible,
    future::poll_fn,
    io::{self, IoSlice},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::{io::Io, pipe::Pipe};

/// The end of the pipes that travels to the connection's worker.
pub(crate) struct Relayed {
    to_peer: Arc<Pipe>,
    from_peer: Arc<Pipe>,
    /// Used to cut the connection; dropped, it ends in good order.
    cut: Cell<Option<oneshot::Sender<()>>>,
}

impl Drop for Relayed {
    fn drop(&mut self) {
        self.to_peer.end();
    }
}

/// The same, once it has arrived.
pub(crate) struct RelayIo {
    relayed: Relayed,
    aborted: Cell<bool>,
}

impl RelayIo {
    pub(super) fn new(relayed: Relayed) -> Self {
        Self {
            relayed,
            aborted: Cell::new(false),
        }
    }

    fn if_open(&self) -> io::Result<()> {
        match self.aborted.get() {
            true => Err(io::ErrorKind::ConnectionAborted.into()),
            false => Ok(()),
        }
    }

    pub(super) fn poll_read_ready(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.if_open()?;
        self.relayed.from_peer.poll_bytes(cx).map(Ok)
    }

    pub(super) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.if_open()?;
        self.relayed.from_peer.drain(|bytes| {
            let read = bytes.len().min(buf.len());
            buf[..read].copy_from_slice(&bytes[..read]);
            Ok(read)
        })
    }

    pub(super) fn poll_write_ready(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.if_open()?;
        self.relayed.to_peer.poll_room(cx).map(Ok)
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.if_open()?;
        self.relayed.to_peer.fill(|room| {
            let written = bytes.len().min(room.len());
            room[..written].copy_from_slice(&bytes[..written]);
            Ok(written)
        })
    }

    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let first = slices.iter().find(|slice| !slice.is_empty());
        first.map_or(Ok(0), |slice| self.try_write(slice))
    }

    pub(super) fn shutdown_write(&self) {
        self.relayed.to_peer.end();
    }

    pub(super) fn abort(&self) {
        self.aborted.set(true);
        if let Some(cut) = self.relayed.cut.take() {
            let _ = cut.send(());
        }
    }
}

/// Carries the bytes of `io`, a body stream of this worker, through the pipes whose other end it
/// returns, until that end is dropped or cut. A peer then has twice `patience` to take what was written.
pub(super) fn start(io: Io, patience: Duration) -> Relayed {
    let (cut, is_cut) = oneshot::channel();
    let relayed = Relayed {
        to_peer: Arc::default(),
        from_peer: Arc::default(),
        cut: Cell::new(Some(cut)),
    };
    let near = Near {
        io,
        to_peer: Arc::clone(&relayed.to_peer),
        from_peer: Arc::clone(&relayed.from_peer),
    };
    actix::spawn(async move { near.relay(is_cut, patience).await });
    relayed
}

/// The end of the pipes that stays with the dispatcher.
struct Near {
    io: Io,
    to_peer: Arc<Pipe>,
    from_peer: Arc<Pipe>,
}

impl Near {
    async fn relay(&self, mut is_cut: oneshot::Receiver<()>, patience: Duration) {
        let both = async {
            tokio::join!(self.send(), self.receive());
            std::future::pending::<Infallible>().await
        };
        let cut = tokio::select! {
            biased;
            cut = &mut is_cut => cut.is_ok(),
            never = both => match never {},
        };
        match cut {
            true => self.io.abort(),
            // What was written is still delivered, to a peer that takes it.
            false => {
                let _ = timeout(patience, self.send()).await;
                self.io.clone().let_go(patience);
            }
        }
    }

    async fn send(&self) {
        let sent: io::Result<()> = async {
            loop {
                poll_fn(|cx| self.to_peer.poll_bytes(cx)).await;
                poll_fn(|cx| self.io.poll_write_ready(cx)).await?;
                match self.to_peer.drain(|bytes| self.io.try_write(bytes)) {
                    Ok(0) => return Ok(()),
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                    Ok(_) | Err(_) => {}
                }
            }
        }
        .await;
        match sent {
            Ok(()) => self.io.shutdown_write(),
            // What is written from now on fails.
            Err(_) => self.to_peer.end(),
        }
    }

    async fn receive(&self) {
        // The peer's end or a failure: what we send may still be read.
        let _: io::Result<()> = async {
            loop {
                poll_fn(|cx| self.from_peer.poll_room(cx)).await;
                poll_fn(|cx| self.io.poll_read_ready(cx)).await?;
                match self.from_peer.fill(|room| self.io.try_read(room)) {
                    Ok(0) => return Ok(()),
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                    Ok(_) | Err(_) => {}
                }
            }
        }
        .await;
        self.from_peer.end();
    }
}

impl Drop for Near {
    fn drop(&mut self) {
        self.to_peer.end();
        self.from_peer.end();
    }
}
