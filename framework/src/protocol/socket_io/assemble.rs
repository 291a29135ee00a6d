//! Packets in progress: a text that announces attachments, then the attachments; or whatever a
//! custom parser makes of them.

use super::decode::decode;
use super::error::DecodeError;
use super::packet::{Data, Packet};
use super::parser::{ChunkRef, Decoder, Limits, OwnedPacket, Parser, ParserError};
use super::placeholder::{self, Named};
use bytes::Bytes;

/// The packets of one connection, of which at most one is in progress.
///
/// After an error the connection must be closed; what was in progress is gone.
#[derive(Default)]
pub(crate) struct Assembler {
    // Boxed because nearly all connections are idle: one pointer each.
    state: Option<Box<State>>,
}

enum State {
    Pending(Pending),
    Custom(Box<dyn Decoder>),
}

#[derive(Debug)]
struct Pending {
    packet: BinaryPacket,
    missing: usize,
    named: Named,
    bytes: usize,
}

impl Pending {
    /// An attachment counts as often as the text names it: so often it is written where the packet takes
    /// another form, for another node or another parser.
    fn weight(&self, attachment: &Bytes) -> usize {
        let named = self.named.get(self.packet.attachments.len());
        let times = named.copied().unwrap_or_default().max(1);
        attachment.len().saturating_mul(times)
    }
}

/// What a text message amounts to.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    Packet(Packet<'a>),
    /// Attachments must follow, and nothing else.
    Waiting,
}

/// A binary packet with all its attachments.
#[derive(Debug, Default)]
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
    /// Whether attachments of a packet are still to come; what a custom parser waits for is not known.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state.as_deref(), Some(State::Pending(_)))
    }

    /// Takes a text message. Only the text of a binary packet is copied.
    pub(crate) fn add_text<'a>(
        &mut self,
        text: &'a str,
        limits: &Limits,
    ) -> Result<Step<'a>, DecodeError> {
        if self.state.take().is_some() {
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
        let named = match packet.data {
            Data::Event(super::Event { array, .. }) | Data::Ack(array) => {
                placeholder::check(array, missing)?
            }
            _ => Named::new(),
        };
        self.state = Some(Box::new(State::Pending(Pending {
            packet: BinaryPacket {
                text: text.to_owned(),
                // Not sized by `missing`, which is only announced.
                attachments: Vec::new(),
            },
            missing,
            named,
            bytes,
        })));
        Ok(Step::Waiting)
    }

    /// Takes a binary message; `Some` when it was the last one missing.
    pub(crate) fn add_binary(
        &mut self,
        attachment: Bytes,
        limits: &Limits,
    ) -> Result<Option<BinaryPacket>, DecodeError> {
        let mut state = self.state.take();
        let Some(State::Pending(pending)) = state.as_deref_mut() else {
            return Err(DecodeError::UnexpectedBinary);
        };
        pending.bytes = add_bytes(pending.bytes, pending.weight(&attachment), limits)?;
        pending.packet.attachments.push(attachment);
        pending.missing -= 1;
        if pending.missing == 0 {
            return Ok(Some(std::mem::take(&mut pending.packet)));
        }
        self.state = state;
        Ok(None)
    }

    /// Takes a message of any form where `parser` takes the place of the default one, with the
    /// decoder that it makes for the first message.
    pub(crate) fn add_chunk(
        &mut self,
        parser: &dyn Parser,
        chunk: ChunkRef<'_>,
        limits: &Limits,
    ) -> Result<Option<OwnedPacket>, ParserError> {
        let state = match &mut self.state {
            Some(state) => state,
            none => none.insert(Box::new(State::Custom(parser.decoder()))),
        };
        match &mut **state {
            State::Custom(decoder) => decoder.add(chunk, limits),
            State::Pending(_) => Err(ParserError::new(DecodeError::UnexpectedText)),
        }
    }
}

fn add_bytes(held: usize, more: usize, limits: &Limits) -> Result<usize, DecodeError> {
    held.checked_add(more)
        .filter(|total| *total <= limits.max_packet_bytes)
        .ok_or(DecodeError::TooLarge {
            limit: limits.max_packet_bytes,
        })
}
