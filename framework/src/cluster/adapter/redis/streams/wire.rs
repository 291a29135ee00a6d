//! A connection for one user, who writes and reads on the spot: no other task is between.

use std::{future::poll_fn, io, sync::Arc, task::ready, time::Duration};

use bytes::{Buf, BytesMut};
use redis::{Cmd, Value, parse_redis_value};
use tokio::time::timeout;

use super::super::{link::Link, socket::Socket};
use crate::error::AdapterError;

/// What is read at once.
const CHUNK: usize = 16 * 1024;

pub(super) struct Wire {
    socket: Arc<Socket>,
    chunk: Vec<u8>,
    /// What has arrived and was not taken.
    buffer: BytesMut,
    scan: Scan,
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
            buffer: BytesMut::new(),
            scan: Scan::default(),
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
            if let Some(length) = self.scan.whole(&self.buffer)? {
                let value = parse_redis_value(self.buffer.get(..length).unwrap_or_default());
                self.buffer.advance(length);
                return value.map_err(AdapterError::new);
            }
            let read = poll_fn(|cx| self.socket.poll_read(cx, &mut self.chunk)).await;
            let read = read.map_err(AdapterError::new)?;
            if read == 0 {
                return Err(AdapterError::new(io::Error::from(
                    io::ErrorKind::UnexpectedEof,
                )));
            }
            let read = self.chunk.get(..read).unwrap_or_default();
            self.buffer.extend_from_slice(read);
        }
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

/// Looks for the end of an answer in RESP2, each byte once however it arrives.
struct Scan {
    at: usize,
    /// Values that are still to come.
    missing: u64,
}

impl Default for Scan {
    fn default() -> Self {
        Self { at: 0, missing: 1 }
    }
}

impl Scan {
    /// The length of the first answer, once all of it is there.
    fn whole(&mut self, bytes: &[u8]) -> Result<Option<usize>, AdapterError> {
        while self.missing > 0 {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else {
                return Ok(None);
            };
            let line = rest.get(..end).unwrap_or_default();
            let (kind, text) = line.split_first().ok_or_else(unexpected)?;
            let number = || -> Result<Option<u64>, AdapterError> {
                let text = std::str::from_utf8(text).map_err(|_| unexpected())?;
                match text {
                    "-1" => Ok(None),
                    _ => text.parse().map(Some).map_err(|_| unexpected()),
                }
            };
            let mut length = end + 2;
            match kind {
                b'+' | b'-' | b':' => {}
                b'$' => {
                    if let Some(bytes) = number()? {
                        let bytes = usize::try_from(bytes).map_err(|_| unexpected())?;
                        length = length.checked_add(bytes).ok_or_else(unexpected)?;
                        length = length.checked_add(2).ok_or_else(unexpected)?;
                    }
                }
                b'*' => {
                    let values = number()?.unwrap_or_default();
                    let missing = self.missing.checked_add(values);
                    self.missing = missing.ok_or_else(unexpected)?;
                }
                _ => return Err(unexpected()),
            }
            if rest.len() < length {
                // Its head is looked at once more, when something has come.
                return Ok(None);
            }
            self.at += length;
            self.missing -= 1;
        }
        let length = self.at;
        *self = Self::default();
        Ok(Some(length))
    }
}

fn unexpected() -> AdapterError {
    AdapterError::new("Redis answered something that is not RESP2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_it_ends_however_it_arrives() {
        let answers = [
            "+OK\r\n",
            "-ERR no\r\n",
            ":5\r\n",
            "$-1\r\n",
            "*-1\r\n",
            "*0\r\n",
            "$5\r\na\r\nbc\r\n",
            "*2\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n$0\r\n\r\n",
        ];
        for answer in answers {
            for behind in ["", "+OK\r\n"] {
                let mut scan = Scan::default();
                let text = format!("{answer}{behind}");
                for length in 0..answer.len() {
                    let part = text.as_bytes().get(..length).unwrap_or_default();
                    assert!(matches!(scan.whole(part), Ok(None)), "{answer:?}, {length}");
                }
                let whole = scan.whole(text.as_bytes());
                assert!(matches!(whole, Ok(Some(length)) if length == answer.len()));
                assert_eq!(scan.missing, 1);
            }
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "\r\n",
            "x\r\n",
            "%1\r\n",
            "$x\r\n",
            "*-2\r\n",
            "$18446744073709551615\r\n",
            "*18446744073709551615\r\n",
        ] {
            assert!(Scan::default().whole(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
