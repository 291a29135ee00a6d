//! Where the replies of a server end (RESP2 and RESP3), and a bound on how long they may be.
//!
//! What a client asks for may be more than anyone expects: a hundred entries of a stream are as long as their
//! senders made them. Of such a reply the strings behind the bound are left out, so that the connection, and
//! who else uses it, goes on.

use std::io;

use bytes::{Buf, BytesMut};

/// The longest string of a reply: the longest that Redis takes by default (`proto-max-bulk-len`).
pub(super) const MAX_REPLY: u64 = 512 << 20;

/// The longest line: a number, a simple string or an error.
const MAX_LINE: usize = 64 * 1024;

/// Of a line no more is kept: a type, and a length of at most 20 digits.
const MAX_HEAD: usize = 32;

/// What a string is replaced by that is left out: an error, which is no part of what was asked for. No string
/// takes fewer bytes, so that those that come later need no more room than they had.
const LEFT_OUT: &[u8; 5] = b"-XL\r\n";

/// The code of that error.
pub(super) const TOO_LONG: &str = "XL";

/// A buffer that has been larger for one reply is not kept.
const KEPT: usize = 64 * 1024;

/// Looks for the ends of replies, at each byte once however they arrive.
pub(super) struct Scan {
    max: u64,
    /// The lines of the reply that has begun, with what they have announced.
    bytes: u64,
    /// Its strings, but those that are left out.
    strings: u64,
    /// Of the string that is being left out, so many bytes have come.
    left_out: Option<usize>,
    /// Values that it still has to have.
    values: u64,
    /// Bytes of a string that are still to come, its end included.
    string: u64,
    /// The line that has begun, as far as it says something.
    line: Vec<u8>,
    /// How long it is.
    length: usize,
    /// Its last byte may be the first of the two that end it.
    returned: bool,
}

impl Scan {
    /// No string may be longer than `max`, nor all else of a reply. Once its strings together are, the further
    /// ones are left out.
    pub(super) fn new(max: u64) -> Self {
        Self {
            max,
            bytes: 0,
            strings: 0,
            left_out: None,
            values: 0,
            string: 0,
            line: Vec::new(),
            length: 0,
            returned: false,
        }
    }

    /// Takes what has arrived, up to the end of a reply, and moves together what is kept of it.
    ///
    /// # Errors
    /// If a reply is, or is to be, longer than the bound, or is none.
    pub(super) fn take(&mut self, arrived: &mut [u8]) -> io::Result<Taken> {
        let mut done = Taken::default();
        while let Some(bytes) = arrived.get(done.taken..)
            && let Some(first) = bytes.first()
        {
            if self.string == 0 && self.length == 0 {
                let leaves_out = self.strings > self.max && *first == b'$';
                self.left_out = leaves_out.then_some(0);
            }
            let taken = match self.string {
                0 => self.read_line(bytes)?,
                _ => self.skip_string(bytes),
            };
            done.kept += match &mut self.left_out {
                Some(come) => {
                    let from = LEFT_OUT.get(*come..).unwrap_or_default();
                    let count = from.len().min(taken);
                    *come += taken;
                    for (byte, with) in arrived.iter_mut().skip(done.kept).zip(&from[..count]) {
                        *byte = *with;
                    }
                    count
                }
                None => {
                    if done.kept < done.taken {
                        arrived.copy_within(done.taken..done.taken + taken, done.kept);
                    }
                    taken
                }
            };
            done.taken += taken;
            let in_value = self.string > 0 || self.length > 0;
            if self.values == 0 && !in_value {
                (self.bytes, self.strings) = (0, 0);
                done.ends = true;
                break;
            }
        }
        Ok(done)
    }

    /// Takes all that has arrived, of however many replies; how much of it is kept.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub(super) fn take_all(&mut self, arrived: &mut [u8]) -> io::Result<usize> {
        let (mut taken, mut kept) = (0, 0);
        while let Some(rest) = arrived.get_mut(taken..)
            && !rest.is_empty()
        {
            let part = self.take(rest)?;
            if kept < taken {
                arrived.copy_within(taken..taken + part.kept, kept);
            }
            taken += part.taken;
            kept += part.kept;
        }
        Ok(kept)
    }

    fn skip_string(&mut self, bytes: &[u8]) -> usize {
        let taken = usize::try_from(self.string).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.string -= taken as u64;
        self.end_of_value();
        taken
    }

    fn read_line(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut returned = self.returned;
        let end = bytes.iter().position(|byte| {
            let ends = returned && *byte == b'\n';
            returned = *byte == b'\r';
            ends
        });
        let taken = end.map_or(bytes.len(), |end| end + 1);
        let part = bytes.get(..taken).unwrap_or_default();
        self.length += part.len();
        if self.length > MAX_LINE {
            return Err(too_long());
        }
        let wanted = MAX_HEAD.saturating_sub(self.line.len());
        self.line.extend(part.iter().take(wanted));
        self.returned = returned && end.is_none();
        if end.is_some() {
            self.begin_value()?;
            self.line.clear();
            self.length = 0;
        }
        Ok(taken)
    }

    /// A line is there: a value, or what announces one.
    fn begin_value(&mut self) -> io::Result<()> {
        self.values = self.values.max(1);
        let (kind, text) = self.line.split_first().ok_or_else(unexpected)?;
        // Nothing at all has the length -1.
        let number = || match text.trim_ascii_end() {
            b"-1" => Ok(None),
            digits => {
                let digits = std::str::from_utf8(digits).map_err(|_| unexpected())?;
                digits.parse().map(Some).map_err(|_| unexpected())
            }
        };
        let (values, string): (u64, u64) = match kind {
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => (0, 0),
            // A string, an error, a text with its form; and the line's end behind it.
            b'$' | b'!' | b'=' => (
                0,
                number()?.map_or(0, |length: u64| length.saturating_add(2)),
            ),
            b'*' | b'~' | b'>' => (number()?.unwrap_or(0), 0),
            b'%' => (number()?.unwrap_or(0).saturating_mul(2), 0),
            // With a value behind the attributes.
            b'|' => (
                number()?.unwrap_or(0).saturating_mul(2).saturating_add(1),
                0,
            ),
            _ => return Err(unexpected()),
        };
        self.string = string;
        self.values = self.values.saturating_add(values);
        // Each value takes a few dozen bytes, whatever it says.
        let announced = values.saturating_mul(size_of::<redis::Value>() as u64);
        self.bytes = self
            .bytes
            .saturating_add(announced)
            .saturating_add(self.length as u64);
        if self.bytes > self.max || string > self.max {
            return Err(too_long());
        }
        if self.left_out.is_none() {
            self.strings += string;
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

/// What [`Scan::take`] has done.
#[derive(Default)]
pub(super) struct Taken {
    taken: usize,
    /// Of what was taken.
    kept: usize,
    /// The end of a reply is there.
    ends: bool,
}

/// What has arrived, until it is a whole reply.
pub(super) struct Replies {
    buffer: BytesMut,
    scan: Scan,
    /// Of the buffer, so much holds no end.
    scanned: usize,
    /// Something of the reply that has begun is left out.
    cut: bool,
    /// Of the last one was.
    was_cut: bool,
}

impl Replies {
    /// With the bound of [`Scan::new`].
    pub(super) fn new(max: u64) -> Self {
        Self {
            buffer: BytesMut::new(),
            scan: Scan::new(max),
            scanned: 0,
            cut: false,
            was_cut: false,
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next reply, as it is read; `None` if it is not there yet.
    ///
    /// # Errors
    /// If it is too long, or none.
    pub(super) fn next<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
        let fresh = self.buffer.get_mut(self.scanned..).unwrap_or_default();
        let Taken { taken, kept, ends } = self.scan.take(fresh)?;
        if kept < taken {
            let end = self.scanned + taken;
            self.buffer.copy_within(end.., self.scanned + kept);
            self.buffer.truncate(self.buffer.len() - (taken - kept));
            self.cut = true;
        }
        self.scanned += kept;
        if !ends {
            return Ok(None);
        }
        self.was_cut = std::mem::take(&mut self.cut);
        let length = std::mem::take(&mut self.scanned);
        let reply = read(self.buffer.get(..length).unwrap_or_default());
        match length > KEPT {
            // Behind it is no more than was read at once.
            true => self.buffer = self.buffer.get(length..).unwrap_or_default().into(),
            false => self.buffer.advance(length),
        }
        Ok(Some(reply))
    }

    /// Whether strings of the last reply were left out.
    pub(super) fn was_cut(&self) -> bool {
        self.was_cut
    }
}

fn too_long() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "Redis sends a reply that is too long, or none at all",
    )
}

fn unexpected() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "Redis sends something that is not RESP",
    )
}

#[cfg(test)]
mod tests;
