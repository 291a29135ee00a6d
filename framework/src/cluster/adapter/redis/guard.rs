//! A bound on what a server may make us keep: the client library reads a reply whole, however long
//! the server says that it is.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest reply: that of the longest string which Redis holds by default (`proto-max-bulk-len`).
const MAX_REPLY: u64 = 512 << 20;

/// The longest line: a number, a simple string or an error.
const MAX_LINE: usize = 64 * 1024;

/// A stream that ends with an error before a reply gets too long.
pub(super) struct Guarded<S> {
    stream: S,
    replies: Replies,
}

impl<S> Guarded<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            replies: Replies::new(MAX_REPLY),
        }
    }
}

/// Where in a reply we are (RESP2 and RESP3).
struct Replies {
    max: u64,
    /// Of the reply that has begun, with what it has announced.
    bytes: u64,
    /// Values that it still has to have.
    values: u64,
    /// Bytes of a string that are still to come, its end included.
    string: u64,
    /// The line that has begun, as far as it says something.
    line: Vec<u8>,
    /// How long it is.
    length: usize,
}

impl Replies {
    fn new(max: u64) -> Self {
        Self {
            max,
            bytes: 0,
            values: 0,
            string: 0,
            line: Vec::new(),
            length: 0,
        }
    }

    /// # Errors
    /// If a reply is, or is to be, longer than the bound.
    fn read(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.string > 0 {
                let taken =
                    usize::try_from(self.string).map_or(bytes.len(), |left| left.min(bytes.len()));
                self.string -= taken as u64;
                bytes = bytes.get(taken..).unwrap_or_default();
                self.end_of_value();
                continue;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
            bytes = rest;
            self.length += part.len();
            if self.length > MAX_LINE {
                return Err(too_long());
            }
            // A type, and a length of at most 20 digits.
            let wanted = 32_usize.saturating_sub(self.line.len());
            self.line.extend(part.iter().take(wanted));
            if end.is_some() {
                self.line()?;
                self.line.clear();
                self.length = 0;
            }
        }
        Ok(())
    }

    fn line(&mut self) -> io::Result<()> {
        if self.values == 0 {
            self.values = 1;
            self.bytes = 0;
        }
        let number = || {
            let digits = self.line.get(1..).unwrap_or_default().trim_ascii_end();
            let number: Option<i64> = std::str::from_utf8(digits).ok()?.parse().ok();
            u64::try_from(number?).ok()
        };
        let (values, string) = match self.line.first() {
            // A string, an error, a text with its form; and the line's end behind it.
            Some(b'$' | b'!' | b'=') => (0, number().map(|length| length.saturating_add(2))),
            Some(b'*' | b'~' | b'>') => (number().unwrap_or(0), None),
            Some(b'%') => (number().unwrap_or(0).saturating_mul(2), None),
            // With a value behind the attributes.
            Some(b'|') => (
                number().unwrap_or(0).saturating_mul(2).saturating_add(1),
                None,
            ),
            _ => (0, None),
        };
        self.string = string.unwrap_or(0);
        self.values = self.values.saturating_add(values);
        // Each value takes a few dozen bytes, whatever it says.
        let announced = values.saturating_mul(size_of::<redis::Value>() as u64);
        let added = announced.saturating_add(self.string);
        self.bytes = self.bytes.saturating_add(added);
        if self.bytes > self.max {
            return Err(too_long());
        }
        self.end_of_value();
        Ok(())
    }

    fn end_of_value(&mut self) {
        if self.string == 0 {
            self.values = self.values.saturating_sub(1);
        }
    }
}

fn too_long() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "Redis sends a reply that is too long, or none at all",
    )
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let read = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(this.replies.read(read))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(max: u64, text: &str, size: usize) -> bool {
        let mut replies = Replies::new(max);
        let mut parts = text.as_bytes().chunks(size);
        parts.all(|part| replies.read(part).is_ok())
    }

    #[test]
    fn replies_pass_however_they_are_cut() {
        let value = size_of::<redis::Value>();
        let text = "+OK\r\n:1\r\n$3\r\na\nb\r\n$-1\r\n*-1\r\n*2\r\n$1\r\nx\r\n*1\r\n:7\r\n_\r\n,1.5\r\n#t\r\n\
                    %1\r\n+k\r\n$0\r\n\r\n>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\np\r\n=5\r\ntxt:x\r\n";
        // More than the longest, and less than all.
        let max = 4 * value as u64 + 20;
        for size in 1..=text.len() {
            assert!(taken(max, &text.repeat(9), size), "in parts of {size}");
        }
    }

    #[test]
    fn what_has_no_end_is_refused_when_it_begins() {
        for text in [
            "$101\r\n".to_owned(),
            "!101\r\n".to_owned(),
            "$9223372036854775807\r\n".to_owned(),
            "*9223372036854775807\r\n".to_owned(),
            "%9223372036854775807\r\n".to_owned(),
            "*2\r\n$60\r\n".to_owned() + &"x".repeat(60) + "\r\n$60\r\n",
            "*1\r\n".repeat(100),
            "+".to_owned() + &"x".repeat(MAX_LINE),
        ] {
            for size in [1, 7, text.len()] {
                assert!(!taken(100, &text, size), "{text}");
            }
        }
    }
}
