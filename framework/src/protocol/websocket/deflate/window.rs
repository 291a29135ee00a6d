use std::num::NonZeroU8;

/// The size of an LZ77 sliding window as its base-2 logarithm, from 9 (512 bytes) to 15 (32 KiB).
///
/// RFC 7692 knows 8 as well, but zlib cannot keep to it in a raw stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WindowBits(NonZeroU8);

impl WindowBits {
    pub(crate) const MAX: Self = match Self::new(15) {
        Some(bits) => bits,
        None => unreachable!(),
    };

    /// `None` outside of 9 to 15.
    pub(crate) const fn new(bits: u8) -> Option<Self> {
        match NonZeroU8::new(bits) {
            Some(nonzero) if 9 <= bits && bits <= 15 => Some(Self(nonzero)),
            _ => None,
        }
    }

    pub(crate) const fn get(self) -> u8 {
        self.0.get()
    }
}
