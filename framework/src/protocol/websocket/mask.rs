//! Masking (RFC 6455 section 5.3).

/// The masking key of a frame, turned so that its first byte applies to the next byte of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mask([u8; 4]);

impl Mask {
    pub(crate) fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// Unmasks (or masks) the next bytes of the payload in place.
    pub(crate) fn apply(&mut self, payload: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let key = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        // Whole words let the compiler use vector instructions: many times faster than byte by byte.
        let (words, rest) = payload.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ key).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(self.0.into_iter().cycle()) {
            *byte ^= key;
        }
        self.0.rotate_left(payload.len() % 4);
    }
}
