//! Payloads of a client, inflated.

use zlib_rs::{Inflate, InflateFlush, Status};

use super::super::Error;
use super::{TAIL, WindowBits, in_memory};

/// What is inflated into at first; it doubles from there.
const FIRST: usize = 1024;

/// Inflates one message after the other, each by itself. Holds a window of 32 KiB.
pub(crate) struct Inflater(Inflate);

impl Inflater {
    pub(crate) fn new() -> Self {
        Self(Inflate::new(false, WindowBits::MAX.get()))
    }

    /// The payload of a whole message, inflated. Allocates by what was inflated so far, never by what is to come.
    ///
    /// # Errors
    /// [`Error::MessageTooBig`] as soon as there are more than `limit` bytes; [`Error::InvalidDeflate`].
    pub(crate) fn inflate(&mut self, payload: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
        // Also forgets what other connections have sent, so that no message can refer to it.
        self.0.reset(false);
        let mut output = Output {
            bytes: Vec::new(),
            filled: 0,
            limit,
        };
        match self.feed(payload, &mut output)? {
            None => {
                self.feed(&TAIL, &mut output)?;
            }
            // After a final block comes at most an empty one without its tail (section 7.2.3.4).
            Some([] | [0]) => {}
            Some(_) => return Err(Error::InvalidDeflate),
        }
        output.finish()
    }

    /// Inflates `input`; what is left of it if a final block ended before it did.
    fn feed<'i>(
        &mut self,
        mut input: &'i [u8],
        output: &mut Output,
    ) -> Result<Option<&'i [u8]>, Error> {
        loop {
            let room = output.room()?;
            let room_len = room.len();
            let before = (self.0.total_in(), self.0.total_out());
            let status = self.0.decompress(input, room, InflateFlush::SyncFlush);
            let status = status.map_err(|_| Error::InvalidDeflate)?;
            let read = in_memory(self.0.total_in() - before.0);
            let written = in_memory(self.0.total_out() - before.1);
            input = input.get(read..).unwrap_or_default();
            output.filled += written;
            if status == Status::StreamEnd {
                return Ok(Some(input));
            }
            // With room to spare nothing is kept back.
            if input.is_empty() && written < room_len {
                return Ok(None);
            }
            if read == 0 && written == 0 {
                return Err(Error::InvalidDeflate);
            }
        }
    }
}

/// A message as far as it is inflated.
struct Output {
    bytes: Vec<u8>,
    filled: usize,
    limit: usize,
}

impl Output {
    /// Where to go on; never empty.
    fn room(&mut self) -> Result<&mut [u8], Error> {
        self.check()?;
        if self.filled == self.bytes.len() {
            // One byte above the limit tells that there is too much.
            let most = self.limit.saturating_add(1);
            let len = (2 * self.filled).max(FIRST).min(most);
            // The allocator gives zeros cheaper than a resize writes them.
            let mut grown = vec![0; len];
            if let Some(room) = grown.get_mut(..self.filled) {
                room.copy_from_slice(&self.bytes);
            }
            self.bytes = grown;
        }
        Ok(self.bytes.get_mut(self.filled..).unwrap_or_default())
    }

    fn check(&self) -> Result<(), Error> {
        if self.filled > self.limit {
            return Err(Error::MessageTooBig);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.check()?;
        self.bytes.truncate(self.filled);
        Ok(self.bytes)
    }
}
