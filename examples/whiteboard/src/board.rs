//! What has been drawn.

use std::collections::VecDeque;

use roomcast::Binary;

use crate::stroke::Stroke;

/// What a client is sent when it connects. The oldest strokes make room.
const MAX_BYTES: usize = 512 * 1024;

#[derive(Default)]
pub(crate) struct Board {
    strokes: VecDeque<Stroke>,
    bytes: usize,
    seq: u64,
}

impl Board {
    /// Adds a stroke, and returns its number.
    pub(crate) fn draw(&mut self, stroke: Stroke) -> u64 {
        self.bytes += stroke.bytes().len();
        self.strokes.push_back(stroke);
        while self.bytes > MAX_BYTES
            && let Some(oldest) = self.strokes.pop_front()
        {
            self.bytes -= oldest.bytes().len();
        }
        self.seq += 1;
        self.seq
    }

    pub(crate) fn clear(&mut self) {
        self.strokes.clear();
        self.bytes = 0;
    }

    /// The number of the last stroke.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// As [`crate::events::Board`] sends it.
    pub(crate) fn picture(&self) -> Binary {
        let mut picture = Vec::with_capacity(self.bytes + 4 * self.strokes.len());
        for stroke in &self.strokes {
            let bytes = stroke.bytes();
            // A stroke's length fits: it is checked when it comes.
            picture
                .extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            picture.extend_from_slice(bytes);
        }
        picture.into()
    }
}
