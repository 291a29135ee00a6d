//! What the connections of these tests do with their `Io`.

use std::{
    future::poll_fn,
    io::{self, ErrorKind, IoSlice},
    time::Duration,
};

use actix_web::rt;
use bytes::Bytes;

use super::{super::io::Io, peer::pattern};

pub(super) const ANSWER: usize = 60_000;
static FLOOD: [u8; 16 * 1024] = [0; 16 * 1024];

async fn read(io: &Io, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        poll_fn(|cx| io.poll_read_ready(cx)).await?;
        match io.try_read(buf) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

async fn write_all(io: &Io, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = written(io, io.try_write(bytes)).await?;
        bytes = &bytes[written..];
    }
    Ok(())
}

/// As [`write_all`], in slices, the way an outbox drains.
async fn write_all_vectored(io: &Io, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let slices: Vec<_> = bytes.chunks(700).map(IoSlice::new).collect();
        let written = written(io, io.try_write_vectored(&slices)).await?;
        bytes = &bytes[written..];
    }
    Ok(())
}

/// Waits for room if nothing could be written.
async fn written(io: &Io, result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            poll_fn(|cx| io.poll_write_ready(cx)).await?;
            Ok(0)
        }
        result => result,
    }
}

async fn echo(io: &Io, early: &[u8]) -> io::Result<()> {
    write_all_vectored(io, early).await?;
    let mut buf = [0; 4_096];
    loop {
        match read(io, &mut buf).await? {
            0 => return Ok(()),
            read => write_all_vectored(io, &buf[..read]).await?,
        }
    }
}

/// Does what the path of the request says.
pub(super) async fn serve(path: String, io: Io, early: Bytes) -> io::Result<()> {
    let mut buf = [0; 16];
    match path.as_str() {
        "/echo" => return echo(&io, &early).await,
        "/flood" => loop {
            write_all(&io, &FLOOD).await?;
        },
        "/flood-then-abort" => {
            // The peer does not read: at some point no room comes back.
            let patience = Duration::from_millis(300);
            while let Ok(result) = rt::time::timeout(patience, write_all(&io, &FLOOD)).await {
                result?;
            }
            abort_from_another_task(&io);
        }
        "/abort" => {
            read(&io, &mut buf).await?;
            abort_from_another_task(&io);
        }
        "/half-close" => {
            read(&io, &mut buf).await?;
            write_all(&io, &pattern(ANSWER)).await?;
            io.shutdown_write();
            let refused = io.try_write(b"more").map_err(|error| error.kind());
            assert_eq!(refused, Err(ErrorKind::BrokenPipe));
        }
        "/answer-and-drop" => {
            read(&io, &mut buf).await?;
            return write_all(&io, &pattern(ANSWER)).await;
        }
        other => panic!("no such path: {other}"),
    }
    while read(&io, &mut buf).await? > 0 {}
    Ok(())
}

/// As an outbox does it: the reader must be woken.
fn abort_from_another_task(io: &Io) {
    let io = io.clone();
    rt::spawn(async move { io.abort() });
}
