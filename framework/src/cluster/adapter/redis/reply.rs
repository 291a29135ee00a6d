//! The replies to what is published: of RESP2 just what PUBLISH, SPUBLISH, XADD and PING answer.

use bytes::{Buf, BytesMut};

use crate::cluster::adapter::AdapterError;

/// No number, id or error is longer.
const MAX_REPLY: usize = 64 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Done,
    Error(String),
}

/// What has arrived, until it is a whole reply.
#[derive(Default)]
pub(super) struct Replies {
    buffer: BytesMut,
}

impl Replies {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next reply; `None` if it is not there yet.
    ///
    /// # Errors
    /// If what arrived is something else.
    pub(super) fn next(&mut self) -> Result<Option<Reply>, AdapterError> {
        let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") else {
            return match self.buffer.len() > MAX_REPLY {
                true => Err(unexpected()),
                false => Ok(None),
            };
        };
        let line = self.buffer.get(..end).unwrap_or_default();
        let (reply, behind) = match line.split_first() {
            Some((b'+' | b':', _)) => (Reply::Done, 0),
            Some((b'-', text)) => (Reply::Error(String::from_utf8_lossy(text).into_owned()), 0),
            Some((b'$', length)) => {
                let length = std::str::from_utf8(length)
                    .ok()
                    .and_then(|text| text.parse().ok());
                match length {
                    Some(-1) => (Reply::Done, 0),
                    Some(length @ 0..) => (
                        Reply::Done,
                        usize::try_from(length)
                            .unwrap_or(usize::MAX)
                            .saturating_add(2),
                    ),
                    _ => return Err(unexpected()),
                }
            }
            _ => return Err(unexpected()),
        };
        if behind > MAX_REPLY {
            return Err(unexpected());
        }
        let whole = end + 2 + behind;
        if self.buffer.len() < whole {
            return Ok(None);
        }
        self.buffer.advance(whole);
        Ok(Some(reply))
    }
}

fn unexpected() -> AdapterError {
    AdapterError::new(
        "Redis answered a publish with something else than a number, an id or an error",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_found_however_they_are_cut() {
        let text = b":1\r\n-OOM no memory\r\n$3\r\n1-0\r\n$-1\r\n+PONG\r\n";
        let expected = [
            Reply::Done,
            Reply::Error("OOM no memory".to_owned()),
            Reply::Done,
            Reply::Done,
            Reply::Done,
        ];
        for size in 1..=text.len() {
            let mut replies = Replies::default();
            let mut found = Vec::new();
            for part in text.chunks(size) {
                replies.feed(part);
                while let Some(reply) = replies.next().expect("valid") {
                    found.push(reply);
                }
            }
            assert_eq!(found, expected, "in parts of {size}");
            assert!(replies.buffer.is_empty());
        }
    }

    #[test]
    fn anything_else_is_refused_and_nothing_is_kept_without_bound() {
        for text in [
            "*1\r\n",
            "\r\n",
            "$x\r\n",
            "$-2\r\n",
            "$99999999999\r\n",
            "$99999999999999999999\r\n",
        ] {
            let mut replies = Replies::default();
            replies.feed(text.as_bytes());
            assert!(replies.next().is_err(), "{text:?}");
        }
        let mut replies = Replies::default();
        replies.feed(&vec![b':'; MAX_REPLY + 1]);
        assert!(replies.next().is_err());
    }
}
