//! Binary packets in progress: a text that announces attachments, then the attachments.

use super::decode::decode;
use super::error::DecodeError;
use super::packet::{Data, Packet};
use super::placeholder;
use bytes::Bytes;

/// What one packet may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Attachments of one packet; 10 in the reference implementation.
    pub(crate) max_attachments: usize,
    /// Bytes of a binary packet, text and attachments together.
    pub(crate) max_packet_bytes: usize,
}

/// The packets of one connection, of which at most one is in progress.
///
/// After an error the connection must be closed; what was in progress is gone.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    // Boxed because nearly all connections are idle: one pointer each.
    pending: Option<Box<Pending>>,
}

#[derive(Debug)]
struct Pending {
    packet: BinaryPacket,
    missing: usize,
    bytes: usize,
}

/// What a text message amounts to.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    Packet(Packet<'a>),
    /// Attachments must follow, and nothing else.
    Waiting,
}

/// A binary packet with all its attachments.
#[derive(Debug)]
pub(crate) struct BinaryPacket {
    text: String,
    pub(crate) attachments: Vec<Bytes>,
}

impl BinaryPacket {
    /// The packet, to be read with
    /// [`with_attachments`](super::with_attachments)`(&self.attachments, ..)`.
    ///
    /// # Errors
    ///
    /// None in practice: the same text was decoded when it arrived.
    pub(crate) fn packet(&self) -> Result<Packet<'_>, DecodeError> {
        decode(&self.text)
    }
}

impl Assembler {
    /// Takes a text message. Only the text of a binary packet is copied.
    pub(crate) fn add_text<'a>(
        &mut self,
        text: &'a str,
        limits: &Limits,
    ) -> Result<Step<'a>, DecodeError> {
        if self.pending.take().is_some() {
            return Err(DecodeError::UnexpectedText);
        }
        let packet = decode(text)?;
        let missing = packet.attachments;
        if missing == 0 {
            return Ok(Step::Packet(packet));
        }
        if missing > limits.max_attachments {
            return Err(DecodeError::TooManyAttachments {
                count: missing,
                limit: limits.max_attachments,
            });
        }
        let bytes = add_bytes(0, text.len(), limits)?;
        if let Data::Event(super::Event { array, .. }) | Data::Ack(array) = packet.data {
            placeholder::check(array, missing)?;
        }
        self.pending = Some(Box::new(Pending {
            packet: BinaryPacket {
                text: text.to_owned(),
                // Not sized by `missing`, which is only announced.
                attachments: Vec::new(),
            },
            missing,
            bytes,
        }));
        Ok(Step::Waiting)
    }

    /// Takes a binary message; `Some` when it was the last one missing.
    pub(crate) fn add_binary(
        &mut self,
        attachment: Bytes,
        limits: &Limits,
    ) -> Result<Option<BinaryPacket>, DecodeError> {
        let mut pending = self.pending.take().ok_or(DecodeError::UnexpectedBinary)?;
        pending.bytes = add_bytes(pending.bytes, attachment.len(), limits)?;
        pending.packet.attachments.push(attachment);
        pending.missing -= 1;
        if pending.missing == 0 {
            return Ok(Some(pending.packet));
        }
        self.pending = Some(pending);
        Ok(None)
    }

    #[cfg(test)]
    pub(super) fn is_waiting(&self) -> bool {
        self.pending.is_some()
    }
}

fn add_bytes(held: usize, more: usize, limits: &Limits) -> Result<usize, DecodeError> {
    held.checked_add(more)
        .filter(|total| *total <= limits.max_packet_bytes)
        .ok_or(DecodeError::TooLarge {
            limit: limits.max_packet_bytes,
        })
}
