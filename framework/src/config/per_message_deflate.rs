use std::ops::RangeInclusive;

use crate::error::BuildError;

/// How messages are compressed on a WebSocket (permessage-deflate, RFC 7692); for
/// [`HubBuilder::per_message_deflate`](crate::HubBuilder::per_message_deflate).
///
/// Both sides compress every message by itself (`no_context_takeover`), whatever the client offers.
/// So one compressor and one decompressor serve all connections of a worker, a connection needs no
/// memory for it, and a broadcast is compressed once for all receivers of a worker. In exchange,
/// similarities between messages save nothing.
///
/// What a client sends is limited by
/// [`max_http_buffer_size`](crate::HubBuilder::max_http_buffer_size) compressed and decompressed.
///
/// ```
/// use roomcast::{PerMessageDeflate, prelude::*};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let hub = Hub::builder()
///     .namespace::<Chat>("/")
///     .per_message_deflate(PerMessageDeflate::default().threshold(512).level(3))
///     .build()?;
/// # Ok::<_, roomcast::BuildError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "give it to `HubBuilder::per_message_deflate`"]
pub struct PerMessageDeflate {
    pub(crate) threshold: usize,
    pub(crate) level: u8,
    pub(crate) memory_level: u8,
    pub(crate) server_max_window_bits: u8,
    pub(crate) client_max_window_bits: u8,
}

impl Default for PerMessageDeflate {
    fn default() -> Self {
        Self {
            threshold: 1024,
            level: 1,
            memory_level: 8,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
        }
    }
}

impl PerMessageDeflate {
    /// Messages of fewer bytes are sent as they are. Default 1,024.
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// From 1, the fastest, to 9, the smallest; 0 compresses nothing. Default 1: beyond, the CPU
    /// time grows faster than what it saves.
    pub fn level(mut self, level: u8) -> Self {
        self.level = level;
        self
    }

    /// How much memory a compressor uses beside its window: 2<sup>`memory_level` + 9</sup> bytes
    /// and more, from 1 to 9. Less makes it slower and its output larger. Default 8.
    pub fn memory_level(mut self, level: u8) -> Self {
        self.memory_level = level;
        self
    }

    /// The largest window we compress with, as a power of two from 9 (512 bytes) to 15 (32 KiB);
    /// clients can ask for a smaller one. Default 15.
    pub fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.server_max_window_bits = bits;
        self
    }

    /// The largest window that clients are asked to compress with, if they let themselves be asked;
    /// from 9 to 15. Default 15: whatever they like.
    pub fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.client_max_window_bits = bits;
        self
    }

    pub(crate) fn verify(&self) -> Result<(), BuildError> {
        const WINDOW_BITS: (RangeInclusive<u8>, &str) = (9..=15, "from 9 to 15");
        for (option, value, (range, allowed)) in [
            ("level", self.level, (0..=9, "from 0 to 9")),
            ("memory_level", self.memory_level, (1..=9, "from 1 to 9")),
            (
                "server_max_window_bits",
                self.server_max_window_bits,
                WINDOW_BITS,
            ),
            (
                "client_max_window_bits",
                self.client_max_window_bits,
                WINDOW_BITS,
            ),
        ] {
            if !range.contains(&value) {
                return Err(BuildError::OutOfRange { option, allowed });
            }
        }
        Ok(())
    }
}
