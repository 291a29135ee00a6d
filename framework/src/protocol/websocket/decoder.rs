//! The incremental decoder: from read blocks, cut anywhere, to whole messages.

mod frames;
mod header;

use header::PartialHeader;

use super::deflate::Inflater;
use super::mask::Mask;
use super::utf8::Utf8Check;
use super::{Error, Input, Limits, Message, Opcode};

/// Turns what a client sends into messages. One per connection.
///
/// A frame that lies whole in a read block is handed out as a borrow of that block. Only a frame that the block cuts,
/// or a message in fragments, is copied into a buffer, which is allocated by what has arrived, never by what was
/// declared, and freed by the next call after the message was handed out. An idle decoder holds nothing on the heap.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The payload so far of the message in progress; behind it that of a control frame that a block has cut.
    buffer: Vec<u8>,
    /// The message in progress: begun, and not complete.
    message: Option<Progress>,
    state: State,
    /// How many bytes at the end of `buffer` were handed out as the payload of a control frame, while a message is
    /// in progress before them.
    lent: u8,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy)]
enum State {
    Header(PartialHeader),
    Data {
        fin: bool,
        mask: Mask,
        missing: usize,
    },
    Control {
        opcode: Opcode,
        mask: Mask,
        len: u8,
        missing: u8,
    },
    /// After a close frame.
    Closed,
    Failed(Error),
}

/// What is known of the message in progress, beside its payload.
#[derive(Debug)]
struct Progress {
    kind: Kind,
    /// How many frames of it have begun.
    fragments: u32,
}

#[derive(Debug)]
enum Kind {
    Text(Utf8Check),
    Binary,
    /// A text or binary message whose payload has no meaning before it is inflated.
    Deflated(Opcode),
}

/// A message that is complete, before its payload is given its meaning.
struct Complete<'s> {
    opcode: Opcode,
    deflated: bool,
    payload: Payload<'s>,
}

enum Payload<'s> {
    /// In the read block.
    Block(&'s [u8]),
    /// In the decoder's buffer, from this byte to the end.
    Buffer(usize),
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Whether a part of a message or of a frame has come, and the rest has not.
    pub(crate) fn is_midway(&self) -> bool {
        let within_frame = match self.state {
            State::Header(header) => header.len > 0,
            State::Data { .. } | State::Control { .. } => true,
            State::Closed | State::Failed(_) => return false,
        };
        within_frame || self.message.is_some()
    }

    /// The next message, or `None` when `input` is used up.
    ///
    /// After a close frame all further bytes are ignored (RFC 6455 section 1.4).
    ///
    /// # Errors
    /// What the peer did wrong. There is no way to go on from there: each further call returns the same error.
    pub(crate) fn decode<'a, 's: 'a>(
        &'a mut self,
        limits: &Limits,
        input: &mut Input<'s>,
    ) -> Result<Option<Message<'a>>, Error> {
        self.decode_with(None, limits, input)
    }

    /// The same on a connection that has agreed to permessage-deflate. The limit on a message holds for what comes
    /// and for what it is inflated to.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub(crate) fn decode_inflating<'a, 's: 'a>(
        &'a mut self,
        inflater: &mut Inflater,
        limits: &Limits,
        input: &mut Input<'s>,
    ) -> Result<Option<Message<'a>>, Error> {
        self.decode_with(Some(inflater), limits, input)
    }

    fn decode_with<'a, 's: 'a>(
        &'a mut self,
        inflater: Option<&mut Inflater>,
        limits: &Limits,
        input: &mut Input<'s>,
    ) -> Result<Option<Message<'a>>, Error> {
        self.take_back();
        if input.is_empty() && !matches!(self.state, State::Failed(_)) {
            return Ok(None);
        }
        let advanced = self.advance(inflater.is_some(), limits, input);
        let inflated = advanced.and_then(|complete| match (complete, inflater) {
            (Some(complete), Some(inflater)) if complete.deflated => {
                self.inflate(inflater, &complete, limits).map(Some)
            }
            (complete, _) => Ok(complete),
        });
        let complete = match inflated {
            Ok(Some(complete)) => complete,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.message = None;
                self.buffer = Vec::new();
                self.state = State::Failed(error);
                return Err(error);
            }
        };
        let payload = match complete.payload {
            Payload::Block(payload) => payload,
            Payload::Buffer(start) => self.buffer.get(start..).unwrap_or_default(),
        };
        let message = Message::parse(complete.opcode, payload);
        match message {
            Ok(Message::Close(_)) => {
                self.message = None;
                self.state = State::Closed;
            }
            Err(error) => {
                self.message = None;
                self.state = State::Failed(error);
            }
            Ok(_) => {}
        }
        message.map(Some)
    }

    /// How many bytes are held for a frame or message that is not complete, or was just handed out.
    #[cfg_attr(not(test), allow(dead_code, reason = "for tests and the fuzz target"))]
    pub(crate) fn held(&self) -> usize {
        let header = match &self.state {
            State::Header(partial) => usize::from(partial.len),
            _ => 0,
        };
        self.buffer.capacity() + header
    }

    /// Frees what the last call handed out.
    fn take_back(&mut self) {
        if self.message.is_some() {
            let keep = self.buffer.len().saturating_sub(self.lent.into());
            self.buffer.truncate(keep);
        } else if !matches!(self.state, State::Control { .. }) {
            self.buffer = Vec::new();
        }
        self.lent = 0;
    }

    fn advance<'s>(
        &mut self,
        may_deflate: bool,
        limits: &Limits,
        input: &mut Input<'s>,
    ) -> Result<Option<Complete<'s>>, Error> {
        loop {
            let complete = match self.state {
                State::Header(_) => self.header(may_deflate, limits, input)?,
                State::Data { fin, mask, missing } => {
                    self.data(fin, mask, missing, limits, input)?
                }
                State::Control {
                    opcode,
                    mask,
                    len,
                    missing,
                } => self.control(opcode, mask, len, missing, input),
                State::Closed => {
                    input.take(usize::MAX);
                    None
                }
                State::Failed(error) => return Err(error),
            };
            if complete.is_some() || input.is_empty() {
                return Ok(complete);
            }
        }
    }

    /// Puts what the message is inflated to in its place.
    fn inflate<'s>(
        &mut self,
        inflater: &mut Inflater,
        complete: &Complete<'s>,
        limits: &Limits,
    ) -> Result<Complete<'s>, Error> {
        let deflated = match complete.payload {
            Payload::Block(payload) => payload,
            Payload::Buffer(start) => self.buffer.get(start..).unwrap_or_default(),
        };
        self.buffer = inflater.inflate(deflated, limits.max_message)?;
        Ok(Complete {
            opcode: complete.opcode,
            deflated: false,
            payload: Payload::Buffer(0),
        })
    }
}

impl Default for State {
    fn default() -> Self {
        Self::Header(PartialHeader::default())
    }
}
