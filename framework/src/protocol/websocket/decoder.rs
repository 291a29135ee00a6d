//! The incremental decoder: from read blocks, cut anywhere, to whole messages.

use super::deflate::Inflater;
use super::frame::{Header, MAX_CLIENT_HEADER};
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

/// The first bytes of a header that a read block has cut.
#[derive(Debug, Clone, Copy, Default)]
struct PartialHeader {
    bytes: [u8; MAX_CLIENT_HEADER],
    len: u8,
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

    /// Reads a header and begins its frame.
    fn header<'s>(
        &mut self,
        may_deflate: bool,
        limits: &Limits,
        input: &mut Input<'s>,
    ) -> Result<Option<Complete<'s>>, Error> {
        let State::Header(partial) = &mut self.state else {
            return Ok(None);
        };
        let Some(header) = partial.complete(may_deflate, input)? else {
            return Ok(None);
        };
        self.state = State::default();
        match header.opcode {
            Some(opcode) if opcode.is_control() => self.begin_control(opcode, header, input),
            Some(opcode) => self.begin_message(opcode, header, limits, input),
            None => self.continue_message(header, limits, input),
        }
    }

    fn begin_message<'s>(
        &mut self,
        opcode: Opcode,
        mut header: Header,
        limits: &Limits,
        input: &mut Input<'s>,
    ) -> Result<Option<Complete<'s>>, Error> {
        if self.message.is_some() {
            return Err(Error::ExpectedContinuation);
        }
        if !header.fin {
            limits.check_fragments(1)?;
        }
        let len = limits.check_size(0, header.payload_len)?;
        if header.fin && len <= input.remaining().len() {
            return Ok(Some(Complete {
                opcode,
                deflated: header.deflated,
                payload: Payload::Block(input.take_payload(len, &mut header.mask)),
            }));
        }
        self.message = Some(Progress {
            kind: match opcode {
                opcode if header.deflated => Kind::Deflated(opcode),
                Opcode::Text => Kind::Text(Utf8Check::default()),
                _ => Kind::Binary,
            },
            fragments: 1,
        });
        self.data(header.fin, header.mask, len, limits, input)
    }

    fn continue_message<'s>(
        &mut self,
        header: Header,
        limits: &Limits,
        input: &mut Input<'s>,
    ) -> Result<Option<Complete<'s>>, Error> {
        let message = self.message.as_mut().ok_or(Error::UnexpectedContinuation)?;
        message.fragments = message.fragments.saturating_add(1);
        limits.check_fragments(message.fragments)?;
        let len = limits.check_size(self.buffer.len(), header.payload_len)?;
        self.data(header.fin, header.mask, len, limits, input)
    }

    fn begin_control<'s>(
        &mut self,
        opcode: Opcode,
        mut header: Header,
        input: &mut Input<'s>,
    ) -> Result<Option<Complete<'s>>, Error> {
        let len = u8::try_from(header.payload_len).map_err(|_| Error::ControlTooLong)?;
        if usize::from(len) <= input.remaining().len() {
            return Ok(Some(Complete {
                opcode,
                deflated: false,
                payload: Payload::Block(input.take_payload(len.into(), &mut header.mask)),
            }));
        }
        Ok(self.control(opcode, header.mask, len, len, input))
    }

    /// Takes what has arrived of a data frame that is cut, or a fragment.
    fn data<'s>(
        &mut self,
        fin: bool,
        mut mask: Mask,
        missing: usize,
        limits: &Limits,
        input: &mut Input<'s>,
    ) -> Result<Option<Complete<'s>>, Error> {
        let message = self.message.as_mut().ok_or(Error::UnexpectedContinuation)?;
        let payload = input.take_payload(missing, &mut mask);
        if let Kind::Text(check) = &mut message.kind {
            check.push(payload)?;
        }
        // The length of the message is known from its last frame only. Room for no more than each fragment would
        // copy the message once per fragment.
        let most = if fin {
            self.buffer.len() + missing
        } else {
            limits.max_message
        };
        append(&mut self.buffer, payload, most);

        let missing = missing - payload.len();
        if missing > 0 {
            self.state = State::Data { fin, mask, missing };
            return Ok(None);
        }
        self.state = State::default();
        if !fin {
            return Ok(None);
        }
        let (opcode, deflated) = match message.kind {
            Kind::Text(_) => (Opcode::Text, false),
            Kind::Binary => (Opcode::Binary, false),
            Kind::Deflated(opcode) => (opcode, true),
        };
        self.message = None;
        Ok(Some(Complete {
            opcode,
            deflated,
            payload: Payload::Buffer(0),
        }))
    }

    /// Takes what has arrived of a control frame that is cut.
    fn control<'s>(
        &mut self,
        opcode: Opcode,
        mut mask: Mask,
        len: u8,
        missing: u8,
        input: &mut Input<'s>,
    ) -> Option<Complete<'s>> {
        let payload = input.take_payload(missing.into(), &mut mask);
        let most = self.buffer.len() + usize::from(missing);
        append(&mut self.buffer, payload, most);

        let missing = missing.saturating_sub(u8::try_from(payload.len()).unwrap_or(u8::MAX));
        if missing > 0 {
            self.state = State::Control {
                opcode,
                mask,
                len,
                missing,
            };
            return None;
        }
        self.state = State::default();
        self.lent = len;
        Some(Complete {
            opcode,
            deflated: false,
            payload: Payload::Buffer(self.buffer.len().saturating_sub(len.into())),
        })
    }
}

impl Default for State {
    fn default() -> Self {
        Self::Header(PartialHeader::default())
    }
}

impl PartialHeader {
    /// Reads the header that begins here and ends in `input`; `None` if it goes on after `input`.
    fn complete(
        &mut self,
        may_deflate: bool,
        input: &mut Input<'_>,
    ) -> Result<Option<Header>, Error> {
        if self.len == 0
            && let Some((header, len)) = Header::parse(input.remaining(), may_deflate)?
        {
            input.take(len);
            return Ok(Some(header));
        }
        let here = usize::from(self.len);
        let mut filled = self.len;
        for (to, from) in self.bytes.iter_mut().skip(here).zip(input.remaining()) {
            *to = *from;
            filled += 1;
        }
        let parsed = Header::parse(
            self.bytes.get(..filled.into()).unwrap_or_default(),
            may_deflate,
        )?;
        let Some((header, len)) = parsed else {
            input.take(usize::from(filled) - here);
            self.len = filled;
            return Ok(None);
        };
        input.take(len - here);
        Ok(Some(header))
    }
}

/// Appends to `buffer`, which at most doubles, and never grows beyond `most` bytes if those suffice.
fn append(buffer: &mut Vec<u8>, bytes: &[u8], most: usize) {
    let len = buffer.len() + bytes.len();
    if len > buffer.capacity() {
        let capacity = (2 * buffer.capacity()).min(most).max(len);
        buffer.reserve_exact(capacity - buffer.len());
    }
    buffer.extend_from_slice(bytes);
}
