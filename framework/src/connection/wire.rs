//! From bytes to WebSocket messages.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::{actor::Link, drive::again};
use crate::{
    error::DisconnectReason,
    protocol::websocket::{
        Decoder, Error, Input, Limits, Message,
        deflate::{Inflater, WindowBits},
    },
    shard::local::Shard,
    transport::io::Io,
};

/// Reads in one turn, before others on the worker get theirs.
const READS: usize = 16;

/// Messages in one turn.
pub(super) const MESSAGES: usize = 256;

/// Bytes of messages in one turn, which are many more than were read where they come deflated.
const BYTES: usize = 1 << 20;

/// Frames of one message. Autobahn sends 65,536; without a bound empty ones would never end.
pub(crate) const MAX_FRAGMENTS: u32 = 1 << 17;

pub(super) struct Wire {
    /// `None` once the connection is over.
    pub(super) io: Option<Io>,
    decoder: Decoder,
    /// Read but not yet decoded: from before the first read, or because the application has not
    /// caught up. What is before `decoded` is done with.
    rest: Vec<u8>,
    decoded: u32,
    /// What messages to the client may be deflated with; then those from it may be deflated, too.
    pub(super) deflate: Option<WindowBits>,
    /// After a protocol error what comes has no meaning; it is read only to see the end.
    pub(super) deaf: bool,
    /// The last turn ended before the socket had nothing more to read.
    unread: bool,
}

/// What a turn may still handle.
struct Budget {
    messages: usize,
    bytes: usize,
}

impl Budget {
    fn is_spent(&self) -> bool {
        self.messages == 0 || self.bytes == 0
    }

    fn spend(&mut self, message: &Message<'_>) {
        self.messages -= 1;
        self.bytes = self.bytes.saturating_sub(message.len());
    }
}

/// What one block came to.
enum Fed {
    /// All of it was decoded.
    All,
    /// The turn is over after so many bytes.
    Enough(usize),
}

impl Wire {
    pub(super) fn new(io: Io, early: Bytes, deflate: Option<WindowBits>) -> Self {
        Self {
            io: Some(io),
            decoder: Decoder::new(),
            rest: early.into(),
            decoded: 0,
            deflate,
            deaf: false,
            unread: false,
        }
    }

    /// Of a connection that is over.
    pub(super) fn gone() -> Self {
        Self {
            io: None,
            decoder: Decoder::new(),
            rest: Vec::new(),
            decoded: 0,
            deflate: None,
            deaf: true,
            unread: false,
        }
    }

    /// Whether more of what the client has sent is to be decoded.
    pub(super) fn has_more(&self) -> bool {
        !self.rest.is_empty() || self.unread || self.decoder.is_midway()
    }

    /// The next message alone, given to `read`; what has come behind it waits. `None` when the
    /// stream ends or is not WebSocket.
    pub(super) fn next<R>(
        &mut self,
        link: &Link,
        cx: &mut Context<'_>,
        read: impl FnOnce(Message<'_>) -> R,
    ) -> Poll<Option<R>> {
        let limits = limits(link);
        loop {
            let block = self.rest.get_mut(self.decoded as usize..);
            let block = block.unwrap_or_default();
            let len = block.len();
            let mut input = Input::new(block);
            let mut inflater = self.deflate.map(|_| link.shard.inflater.take());
            let message = decode(&mut self.decoder, &mut inflater, &limits, &mut input);
            give_back(inflater, &link.shard);
            let used = len - input.remaining().len();
            self.decoded += u32::try_from(used).unwrap_or(u32::MAX);
            match message {
                Ok(Some(message)) => return Poll::Ready(Some(read(message))),
                Ok(None) => {}
                Err(_) => return Poll::Ready(None),
            }
            let Some(io) = &self.io else {
                return Poll::Ready(None);
            };
            if std::task::ready!(io.poll_read_ready(cx)).is_err() {
                return Poll::Ready(None);
            }
            let mut scratch = link.shard.scratch.take();
            let read = io.try_read(&mut scratch);
            if let Ok(read) = read {
                link.shard.traffic.received(read);
                self.rest = scratch.get(..read).unwrap_or_default().to_vec();
                self.decoded = 0;
            }
            link.shard.scratch.give(scratch);
            match read {
                Ok(1..) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return Poll::Ready(None),
            }
        }
    }

    /// Ready when [`write_all`](Self::write_all) is worth calling; false if it will never be.
    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<bool> {
        match &self.io {
            Some(io) => io.poll_write_ready(cx).map(|ready| ready.is_ok()),
            None => Poll::Ready(false),
        }
    }

    /// Writes a few bytes outside of any outbox; false if the socket does not take them at once.
    pub(super) fn write_all(&self, bytes: &[u8]) -> bool {
        let written = self.io.as_ref().map(|io| io.try_write(bytes));
        matches!(written, Some(Ok(written)) if written == bytes.len())
    }

    /// Reads and decodes what there is, as far as the link takes it.
    pub(super) fn read(&mut self, link: &mut Link, cx: &mut Context<'_>) {
        let mut scratch = link.shard.scratch.take();
        self.read_into(&mut scratch, link, cx);
        link.shard.scratch.give(scratch);
    }

    fn read_into(&mut self, scratch: &mut [u8], link: &mut Link, cx: &mut Context<'_>) {
        self.unread = false;
        let mut budget = Budget {
            messages: MESSAGES,
            bytes: BYTES,
        };
        if !self.rest.is_empty() {
            let mut rest = std::mem::take(&mut self.rest);
            let block = rest.get_mut(self.decoded as usize..).unwrap_or_default();
            if let Fed::Enough(more) = self.feed(block, link, &mut budget, cx) {
                self.rest = rest;
                // A block is no longer than the scratch buffer, or what came with the handshake.
                self.decoded += u32::try_from(more).unwrap_or(u32::MAX);
                return;
            }
            self.decoded = 0;
        }
        for _ in 0..READS {
            let Some(io) = &self.io else { return };
            if link.is_full() {
                return;
            }
            match io.poll_read_ready(cx) {
                Poll::Pending => return,
                Poll::Ready(Err(error)) => return link.read_failed(&error),
                Poll::Ready(Ok(())) => {}
            }
            match io.try_read(scratch) {
                Ok(0) => return link.peer_ended(DisconnectReason::TransportClose),
                Ok(read) => {
                    link.shard.traffic.received(read);
                    let Some(block) = scratch.get_mut(..read) else {
                        return;
                    };
                    if let Fed::Enough(some) = self.feed(block, link, &mut budget, cx) {
                        self.rest = block.get(some..).unwrap_or_default().to_vec();
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return link.read_failed(&error),
            }
        }
        self.unread = true;
        again(cx);
    }

    fn feed(
        &mut self,
        block: &mut [u8],
        link: &mut Link,
        budget: &mut Budget,
        cx: &mut Context<'_>,
    ) -> Fed {
        let limits = limits(link);
        let len = block.len();
        let mut input = Input::new(block);
        let mut inflater = self.deflate.map(|_| link.shard.inflater.take());
        let fed = loop {
            if self.deaf {
                break Fed::All;
            }
            if link.is_full() || budget.is_spent() {
                if budget.is_spent() {
                    again(cx);
                }
                break Fed::Enough(len - input.remaining().len());
            }
            match decode(&mut self.decoder, &mut inflater, &limits, &mut input) {
                Ok(None) => break Fed::All,
                Ok(Some(message)) => {
                    budget.spend(&message);
                    link.message(message, cx);
                }
                Err(error) => {
                    self.deaf = true;
                    link.protocol_error(error);
                }
            }
        };
        give_back(inflater, &link.shard);
        fed
    }
}

/// The next message, inflated where that was agreed to.
fn decode<'a, 's: 'a>(
    decoder: &'a mut Decoder,
    inflater: &mut Option<Box<Inflater>>,
    limits: &Limits,
    input: &mut Input<'s>,
) -> Result<Option<Message<'a>>, Error> {
    match inflater {
        None => decoder.decode(limits, input),
        Some(inflater) => decoder.decode_inflating(inflater, limits, input),
    }
}

fn give_back(inflater: Option<Box<Inflater>>, shard: &Shard) {
    if let Some(inflater) = inflater {
        shard.inflater.give(inflater);
    }
}

fn limits(link: &Link) -> Limits {
    Limits {
        max_message: link.core.node.config.max_http_buffer_size,
        max_fragments: MAX_FRAGMENTS,
    }
}
