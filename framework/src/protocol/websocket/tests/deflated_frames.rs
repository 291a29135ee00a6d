//! Frames that were written plain and deflated later: what a client reads of them.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::deflate::frames::deflate_frames;
use super::super::deflate::{Deflater, Effort, Inflater, WindowBits};
use super::super::{ControlFrame, Opcode, frame as sent};
use super::deflate::{RSV1, any_payload};

/// Opcodes and payloads as a client has them.
fn received(mut frames: &[u8]) -> Vec<(Opcode, Vec<u8>)> {
    let mut messages = Vec::new();
    let mut inflater = Inflater::new();
    while let [first, rest @ ..] = frames {
        let plain = [&[first & !RSV1], rest].concat();
        let (opcode, payload, behind) = sent::split_sent(&plain).unwrap();
        messages.push(match first & RSV1 {
            0 => (opcode, payload.to_vec()),
            _ => (opcode, inflater.inflate(payload, usize::MAX).unwrap()),
        });
        frames = &frames[frames.len() - behind.len()..];
    }
    messages
}

proptest! {
    #[test]
    fn a_client_reads_what_was_written(
        messages in vec((0..4_u8, any_payload()), 1..6),
        threshold in 0..600_usize,
        level in 1..=9_u8,
        window in 9..=15_u8,
    ) {
        let mut plain = Vec::new();
        for (kind, payload) in &messages {
            match kind {
                0 => plain.extend_from_slice(&ControlFrame::ping(payload)),
                1 => sent::write(Opcode::Text, payload, &mut plain),
                _ => sent::write(Opcode::Binary, payload, &mut plain),
            }
        }
        let effort = Effort { level, memory_level: 8 };
        let mut deflater = Deflater::new(effort, WindowBits::new(window).unwrap());
        if let Some(frames) = deflate_frames(&plain, threshold, &mut deflater) {
            prop_assert!(frames.len() < plain.len());
            prop_assert_eq!(received(&frames), received(&plain));
        }
    }
}
