//! What one worker tells.

use std::{cell::Cell, sync::Arc};

use super::{Monitor, figures::Figure};
use crate::protocol::websocket::{Opcode, frame};

/// A worker's way to the [`Monitor`]. What is too frequent for figures that all workers share is
/// counted here, and told with each sign of life.
pub(crate) struct Watch {
    pub(crate) monitor: Arc<Monitor>,
    packets_in: Cell<u64>,
    bytes_in: Cell<u64>,
    packets_out: Cell<u64>,
    bytes_out: Cell<u64>,
}

impl Watch {
    pub(crate) fn new(monitor: &Arc<Monitor>) -> Self {
        Self {
            monitor: Arc::clone(monitor),
            packets_in: Cell::new(0),
            bytes_in: Cell::new(0),
            packets_out: Cell::new(0),
            bytes_out: Cell::new(0),
        }
    }

    /// An Engine.IO packet has come with so many bytes behind its type. Node counts those with any.
    pub(crate) fn incoming(&self, bytes: usize) {
        if bytes > 0 {
            add(&self.packets_in, 1);
            add(&self.bytes_in, bytes as u64);
        }
    }

    /// So many receivers get the packets of these frames.
    pub(crate) fn outgoing(&self, frames: &[u8], receivers: usize) {
        let (packets, bytes) = packets(frames);
        add(&self.packets_out, packets.saturating_mul(receivers as u64));
        add(&self.bytes_out, bytes.saturating_mul(receivers as u64));
    }

    /// The worker shows that it runs.
    pub(crate) fn beat(&self) {
        for (figure, count) in [
            (Figure::PacketsIn, &self.packets_in),
            (Figure::BytesIn, &self.bytes_in),
            (Figure::PacketsOut, &self.packets_out),
            (Figure::BytesOut, &self.bytes_out),
        ] {
            let count = count.take();
            if count > 0 {
                self.monitor.count(figure, count);
            }
        }
        // The thread on which it ran may have ended since.
        self.monitor.run_here();
    }
}

fn add(figure: &Cell<u64>, more: u64) {
    figure.set(figure.get().saturating_add(more));
}

/// How many Engine.IO packets with anything behind their type the frames hold, and how many bytes that
/// is: the type of a text is a character of it, attachments have none.
fn packets(frames: &[u8]) -> (u64, u64) {
    let (mut packets, mut bytes, mut rest) = (0, 0, frames);
    while let Some((opcode, payload, behind)) = frame::split_sent(rest) {
        rest = behind;
        let payload = match opcode {
            // The `open` packet: Node has written it when it begins to count.
            Opcode::Text if payload.first() == Some(&b'0') => 0,
            Opcode::Text => payload.len().saturating_sub(1),
            Opcode::Binary => payload.len(),
            _ => 0,
        };
        packets += u64::from(payload > 0);
        bytes += payload as u64;
    }
    (packets, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::frame::Frame;

    #[test]
    fn only_packets_with_something_in_them_count() {
        let ping = Frame::engine("2").bytes;
        let open = Frame::engine(r#"0{"sid":""}"#).bytes;
        let pong = Frame::raw(&[0x8a, 1, b'x']).bytes;
        let event = Frame::engine(r#"42["hi"]"#).bytes;
        assert_eq!(packets(&ping), (0, 0));
        assert_eq!(packets(&open), (0, 0));
        assert_eq!(packets(&pong), (0, 0));
        assert_eq!(packets(&event), (1, 7));
        assert_eq!(
            packets(&[&ping[..], &pong, &event, &event].concat()),
            (2, 14)
        );
        assert_eq!(packets(&[0x82, 2, 1, 2]), (1, 2));
    }
}
