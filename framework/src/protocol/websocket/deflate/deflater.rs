//! Payloads for clients, deflated.

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

use super::{TAIL, WindowBits, in_memory};

/// What deflating may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// 0 to 9: CPU time against size.
    pub(crate) level: u8,
    /// 1 to 9: memory against size and CPU time.
    pub(crate) memory_level: u8,
}

/// Deflates one message after the other, each by itself.
pub(crate) struct Deflater(Deflate);

impl Deflater {
    pub(crate) fn new(effort: Effort, window: WindowBits) -> Self {
        Self(Deflate::new_with_config(DeflateConfig {
            level: effort.level.min(9).into(),
            mem_level: effort.memory_level.clamp(1, 9).into(),
            // Negative for a raw stream, without header and checksum.
            window_bits: -i32::from(window.get()),
            ..DeflateConfig::default()
        }))
    }

    /// Appends what a payload is deflated to, which may be longer than it was.
    pub(crate) fn deflate(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        // At worst each byte takes nine bits (RFC 1951 section 3.2.6), and the blocks have headers.
        let most = payload.len() + payload.len() / 8 + 64;
        self.0.reset();
        let mut rest = payload;
        let mut end = out.len();
        loop {
            match out.capacity() {
                // The allocator gives zeros cheaper than a resize writes them.
                0 => *out = vec![0; most],
                _ => out.resize(end + most, 0),
            }
            let room = out.get_mut(end..).unwrap_or_default();
            let before = (self.0.total_in(), self.0.total_out());
            // Fails only in a stream that was finished, which this one never is.
            let _ = self.0.compress(rest, room, DeflateFlush::SyncFlush);
            let read = in_memory(self.0.total_in() - before.0);
            let written = in_memory(self.0.total_out() - before.1);
            rest = rest.get(read..).unwrap_or_default();
            end += written;
            // With room to spare the flush is complete.
            if written < most {
                break;
            }
        }
        out.truncate(end);
        if out.ends_with(&TAIL) {
            out.truncate(end - TAIL.len());
        }
    }
}
