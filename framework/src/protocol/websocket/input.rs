//! The cursor over a read block.

use std::mem;

use super::mask::Mask;

/// What is left of a read block. Payloads are unmasked in place, so the block is spent once it has been decoded.
#[derive(Debug)]
pub(crate) struct Input<'s> {
    rest: &'s mut [u8],
}

impl<'s> Input<'s> {
    /// Starts at the first byte of `block`.
    pub(crate) fn new(block: &'s mut [u8]) -> Self {
        Self { rest: block }
    }

    /// The bytes that were not consumed yet.
    pub(crate) fn remaining(&self) -> &[u8] {
        self.rest
    }

    /// Whether every byte was consumed.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Consumes up to `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> &'s mut [u8] {
        let len = len.min(self.rest.len());
        let (taken, rest) = mem::take(&mut self.rest).split_at_mut(len);
        self.rest = rest;
        taken
    }

    /// Consumes up to `len` bytes of payload and unmasks them.
    pub(super) fn take_payload(&mut self, len: usize, mask: &mut Mask) -> &'s [u8] {
        let payload = self.take(len);
        mask.apply(payload);
        payload
    }
}
