//! The replies to what is published: of RESP2 just what PUBLISH, SPUBLISH and PING answer.

use super::resp::Replies;
use crate::cluster::adapter::AdapterError;

/// No number or error is longer.
const MAX_REPLY: u64 = 64 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Done,
    Error(String),
}

impl Reply {
    /// What has arrived of them.
    pub(super) fn replies() -> Replies {
        Replies::new(MAX_REPLY)
    }

    /// The next one; `None` if it is not there yet.
    ///
    /// # Errors
    /// If what arrived is something else.
    pub(super) fn next(replies: &mut Replies) -> Result<Option<Self>, AdapterError> {
        let reply = replies.next(Self::read).map_err(AdapterError::new)?;
        reply.transpose()
    }

    fn read(reply: &[u8]) -> Result<Self, AdapterError> {
        match reply.split_first() {
            Some((b'+' | b':' | b'$', _)) => Ok(Self::Done),
            Some((b'-', text)) => {
                let text = String::from_utf8_lossy(text.trim_ascii_end());
                Ok(Self::Error(text.into_owned()))
            }
            _ => Err(AdapterError::new(
                "Redis answered a publish with something else than a number or an error",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_keep_their_text_and_anything_else_is_refused() {
        let mut replies = Reply::replies();
        replies.feed(b":1\r\n-OOM no memory\r\n$3\r\n1-0\r\n$-1\r\n+PONG\r\n*1\r\n:1\r\n");
        let expected = [
            Reply::Done,
            Reply::Error("OOM no memory".to_owned()),
            Reply::Done,
            Reply::Done,
            Reply::Done,
        ];
        for expected in expected {
            assert_eq!(Reply::next(&mut replies).ok().flatten(), Some(expected));
        }
        assert!(Reply::next(&mut replies).is_err());
    }
}
