//! A connection for one user, who writes and reads on the spot: no other task is between.

use std::{future::poll_fn, io, sync::Arc, task::ready, time::Duration};

use redis::{Cmd, Value, parse_redis_value};
use tokio::time::timeout;

use super::super::{link::Link, resp::Replies, socket::Socket};
use crate::error::AdapterError;

/// What is read at once.
const CHUNK: usize = 16 * 1024;

pub(super) struct Wire {
    socket: Arc<Socket>,
    chunk: Vec<u8>,
    replies: Replies,
    response_timeout: Duration,
}

impl Wire {
    /// To the master of a key.
    pub(super) async fn open(
        link: &Link,
        key: &str,
        response_timeout: Duration,
    ) -> Result<Self, AdapterError> {
        Ok(Self {
            socket: Arc::new(link.socket(key.as_bytes()).await?),
            chunk: vec![0; CHUNK],
            replies: Replies::new(link.dialer.max_reply),
            response_timeout,
        })
    }

    pub(super) fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// Writes commands, as they are sent. Dropped, it may have written a part.
    pub(super) async fn send(&self, mut bytes: &[u8]) -> Result<(), AdapterError> {
        let sending = poll_fn(|cx| {
            while !bytes.is_empty() {
                let written = ready!(self.socket.poll_write(cx, bytes))?;
                bytes = bytes.get(written..).unwrap_or_default();
            }
            self.socket.poll_flush(cx)
        });
        let sent = timeout(self.response_timeout, sending).await;
        sent.map_err(|_| late())?.map_err(AdapterError::new)
    }

    /// The next answer, which may be an error of the server's.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn reply(&mut self) -> Result<Value, AdapterError> {
        loop {
            let reply = self.replies.next(parse_redis_value);
            if let Some(reply) = reply.map_err(AdapterError::new)? {
                return reply.map_err(AdapterError::new);
            }
            let read = poll_fn(|cx| self.socket.poll_read(cx, &mut self.chunk)).await;
            let read = read.map_err(AdapterError::new)?;
            if read == 0 {
                return Err(AdapterError::new(io::Error::from(
                    io::ErrorKind::UnexpectedEof,
                )));
            }
            let read = self.chunk.get(..read).unwrap_or_default();
            self.replies.feed(read);
        }
    }

    /// Whether the last answer was too long, and lacks what is behind the bound.
    pub(super) fn was_cut(&self) -> bool {
        self.replies.was_cut()
    }

    /// The next answer, if it comes in time: so much longer than others.
    pub(super) async fn reply_after(&mut self, longer: Duration) -> Result<Value, AdapterError> {
        let time = self.response_timeout.saturating_add(longer);
        timeout(time, self.reply()).await.map_err(|_| late())?
    }

    /// Sends a command and waits for its answer, behind which nothing else may be on its way.
    pub(super) async fn ask(&mut self, command: &Cmd) -> Result<Value, AdapterError> {
        self.send(&command.get_packed_command()).await?;
        self.reply_after(Duration::ZERO).await
    }
}

pub(super) fn late() -> AdapterError {
    AdapterError::new("Redis did not answer in time")
}
