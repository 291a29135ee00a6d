//! The connection that publishes are written to: from any thread, where it is not encrypted.

use std::{
    io,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use redis::{RedisConnectionInfo, cmd};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::client::TlsStream;

use super::{
    dialer::{Address, Dialer, Stream},
    refusal::Refusal,
    reply::Reply,
};
use crate::cluster::adapter::AdapterError;

pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// Encryption has a state, which only the publisher's task touches.
    Tls(Mutex<Box<TlsStream<TcpStream>>>),
}

impl Socket {
    /// Opens one to a master.
    pub(super) async fn to(dialer: &Dialer, address: &Address) -> Result<Self, AdapterError> {
        let open = async {
            let stream = dialer.open(address).await.map_err(AdapterError::new)?;
            Self::log_in(stream, &dialer.login).await
        };
        dialer.in_time(open).await
    }

    /// As RESP2: the replies to publishes are the same and the greeting is shorter.
    async fn log_in(mut stream: Stream, login: &RedisConnectionInfo) -> Result<Self, AdapterError> {
        let mut greeting = redis::pipe();
        if let Some(password) = login.password() {
            let mut auth = cmd("AUTH");
            if let Some(user) = login.username() {
                auth.arg(user);
            }
            auth.arg(password);
            greeting.add_command(auth);
        }
        if login.db() != 0 {
            greeting.cmd("SELECT").arg(login.db());
        }
        greeting.cmd("PING");
        stream
            .write_all(&greeting.get_packed_pipeline())
            .await
            .map_err(AdapterError::new)?;
        stream.flush().await.map_err(AdapterError::new)?;

        let mut replies = Reply::replies();
        let mut missing = greeting.cmd_iter().count();
        let mut buffer = [0; 512];
        while missing > 0 {
            let read = stream.read(&mut buffer).await.map_err(AdapterError::new)?;
            if read == 0 {
                return Err(AdapterError::new("Redis closed the connection"));
            }
            replies.feed(buffer.get(..read).unwrap_or_default());
            while let Some(reply) = Reply::next(&mut replies)? {
                match reply {
                    Reply::Done => missing = missing.saturating_sub(1),
                    // The PING, of one that cannot write its disk: it publishes all the same.
                    Reply::Error(text) if is_full(&text) => missing = missing.saturating_sub(1),
                    Reply::Error(text) => return Err(AdapterError::new(text)),
                }
            }
        }
        Ok(match stream {
            Stream::Tcp(stream) => Self::Tcp(stream),
            Stream::Unix(stream) => Self::Unix(stream),
            Stream::Tls(stream) => Self::Tls(Mutex::new(stream)),
        })
    }

    /// Whether [`try_write`](Self::try_write) does something.
    pub(super) fn writes_at_once(&self) -> bool {
        !matches!(self, Self::Tls(_))
    }

    /// Writes what the kernel takes without waiting; from any thread.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
            Self::Tls(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            match self {
                Self::Tcp(stream) => ready!(stream.poll_write_ready(cx))?,
                Self::Unix(stream) => ready!(stream.poll_write_ready(cx))?,
                Self::Tls(stream) => return Pin::new(&mut *lock(stream)).poll_write(cx, bytes),
            }
            match self.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    /// What encryption has kept back.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tls(stream) => Pin::new(&mut *lock(stream)).poll_flush(cx),
            _ => Poll::Ready(Ok(())),
        }
    }

    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let read = match self {
                Self::Tcp(stream) => {
                    ready!(stream.poll_read_ready(cx))?;
                    let mut taken = None;
                    let full = buffer.len();
                    let read = stream.try_io(Interest::READABLE, || {
                        emptied(stream.try_read(buffer)?, full, &mut taken)
                    });
                    taken.map_or(read, Ok)
                }
                Self::Unix(stream) => {
                    ready!(stream.poll_read_ready(cx))?;
                    let mut taken = None;
                    let full = buffer.len();
                    let read = stream.try_io(Interest::READABLE, || {
                        emptied(stream.try_read(buffer)?, full, &mut taken)
                    });
                    taken.map_or(read, Ok)
                }
                Self::Tls(stream) => {
                    let mut buffer = ReadBuf::new(buffer);
                    ready!(Pin::new(&mut *lock(stream)).poll_read(cx, &mut buffer))?;
                    return Poll::Ready(Ok(buffer.filled().len()));
                }
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

fn is_full(error: &str) -> bool {
    let code = error.split(' ').next().unwrap_or_default();
    Refusal::of_code(code) == Refusal::Full
}

/// A read that does not fill its buffer has emptied the socket: counted as one that would have to
/// wait, it saves the next call, which would say so.
fn emptied(read: usize, full: usize, taken: &mut Option<usize>) -> io::Result<usize> {
    if (1..full).contains(&read) {
        *taken = Some(read);
        return Err(io::ErrorKind::WouldBlock.into());
    }
    Ok(read)
}

fn lock<T>(stream: &Mutex<T>) -> MutexGuard<'_, T> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}
