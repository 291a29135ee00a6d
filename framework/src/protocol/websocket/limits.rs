//! What one peer may make us hold.

use super::Error;

/// The limits that a [`Decoder`](super::Decoder) enforces, from frame headers alone. They belong to the hub's
/// configuration, so a decoder borrows them at each call instead of holding a copy per connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The longest message in bytes, reassembled if it was fragmented; also the longest data frame.
    pub(crate) max_message: usize,
    /// The most frames that one fragmented message may come in, empty ones included, so that endless empty fragments
    /// come to an end. An unfragmented message is always allowed.
    pub(crate) max_fragments: u32,
}

impl Limits {
    /// The length of a frame that declares `declared` bytes for a message of which `assembled` bytes are here.
    ///
    /// # Errors
    /// [`Error::MessageTooBig`] if the message would exceed the limit.
    pub(crate) fn check_size(&self, assembled: usize, declared: u64) -> Result<usize, Error> {
        usize::try_from(declared)
            .ok()
            .filter(|declared| *declared <= self.max_message.saturating_sub(assembled))
            .ok_or(Error::MessageTooBig)
    }

    /// # Errors
    /// [`Error::TooManyFragments`] if `fragments` frames of one message exceed the limit.
    pub(crate) fn check_fragments(&self, fragments: u32) -> Result<(), Error> {
        if fragments > self.max_fragments {
            return Err(Error::TooManyFragments);
        }
        Ok(())
    }
}
