//! The task beside a socket: writes what could not be written at once, and reads the replies.

use std::{future::poll_fn, io, sync::Arc, task::Poll};

use super::{
    outbox::{LineId, Outbox},
    reply::Reply,
    socket::Socket,
};
use crate::cluster::adapter::AdapterError;

/// Runs until the connection breaks.
pub(super) async fn publish(
    outbox: Arc<Outbox>,
    line: LineId,
    socket: Arc<Socket>,
) -> AdapterError {
    let mut replies = Reply::replies();
    let mut buffer = vec![0; 4096];
    poll_fn(|cx| {
        // Replies first: they open the window for what is written next.
        while let Poll::Ready(read) = socket.poll_read(cx, &mut buffer) {
            let read = match read {
                Ok(0) => {
                    return Poll::Ready(AdapterError::new(io::Error::from(
                        io::ErrorKind::UnexpectedEof,
                    )));
                }
                Ok(read) => read,
                Err(error) => return Poll::Ready(AdapterError::new(error)),
            };
            replies.feed(buffer.get(..read).unwrap_or_default());
            loop {
                match Reply::next(&mut replies) {
                    Ok(Some(Reply::Done)) => outbox.done(line),
                    Ok(Some(Reply::Error(error))) => outbox.refused(line, error),
                    Ok(None) => break,
                    Err(error) => return Poll::Ready(error),
                }
            }
        }
        if let Poll::Ready(error) = outbox.poll_write(line, cx) {
            return Poll::Ready(AdapterError::new(error));
        }
        // What is encrypted may still be on its way.
        match socket.poll_flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(AdapterError::new(error)),
            _ => Poll::Pending,
        }
    })
    .await
}
