//! One frame after the other: what has arrived of it.

use super::super::{Error, Input, Limits, Opcode, frame::Header, mask::Mask, utf8::Utf8Check};
use super::{Complete, Decoder, Kind, Payload, Progress, State};

impl Decoder {
    /// Reads a header and begins its frame.
    pub(super) fn header<'s>(
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
    pub(super) fn data<'s>(
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
    pub(super) fn control<'s>(
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

/// Appends to `buffer`, which at most doubles, and never grows beyond `most` bytes if those suffice.
fn append(buffer: &mut Vec<u8>, bytes: &[u8], most: usize) {
    let len = buffer.len() + bytes.len();
    if len > buffer.capacity() {
        let capacity = (2 * buffer.capacity()).min(most).max(len);
        buffer.reserve_exact(capacity - buffer.len());
    }
    buffer.extend_from_slice(bytes);
}
