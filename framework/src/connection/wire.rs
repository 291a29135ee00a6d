//! From bytes to WebSocket messages.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::actor::Link;
use crate::{
    error::DisconnectReason,
    protocol::websocket::{Decoder, Input, Limits},
    transport::io::Io,
};

/// Reads in one turn, before others on the worker get theirs.
const READS: usize = 16;

/// Messages in one turn.
const MESSAGES: usize = 256;

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
    /// Messages may be deflated.
    deflate: bool,
    /// After a protocol error what comes has no meaning; it is read only to see the end.
    pub(super) deaf: bool,
}

/// What one block came to.
enum Fed {
    /// All of it was decoded.
    All,
    /// The turn is over after so many bytes.
    Enough(usize),
}

impl Wire {
    pub(super) fn new(io: Io, early: Bytes, deflate: bool) -> Self {
        Self {
            io: Some(io),
            decoder: Decoder::new(),
            rest: early.into(),
            decoded: 0,
            deflate,
            deaf: false,
        }
    }

    /// Reads and decodes what there is, as far as the link takes it.
    pub(super) fn read(&mut self, link: &mut Link, cx: &mut Context<'_>) {
        let mut scratch = link.shard.take_scratch();
        self.read_into(&mut scratch, link, cx);
        link.shard.give_scratch(scratch);
    }

    fn read_into(&mut self, scratch: &mut [u8], link: &mut Link, cx: &mut Context<'_>) {
        let mut budget = MESSAGES;
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
        // There may be more.
        cx.waker().wake_by_ref();
    }

    fn feed(
        &mut self,
        block: &mut [u8],
        link: &mut Link,
        budget: &mut usize,
        cx: &mut Context<'_>,
    ) -> Fed {
        let limits = Limits {
            max_message: link.core.node.config.max_http_buffer_size,
            max_fragments: MAX_FRAGMENTS,
        };
        let len = block.len();
        let mut input = Input::new(block);
        let mut inflater = self.deflate.then(|| link.shard.take_inflater());
        let fed = loop {
            if self.deaf {
                break Fed::All;
            }
            if link.is_full() || *budget == 0 {
                if *budget == 0 {
                    cx.waker().wake_by_ref();
                }
                break Fed::Enough(len - input.remaining().len());
            }
            let decoded = match &mut inflater {
                None => self.decoder.decode(&limits, &mut input),
                Some(inflater) => self.decoder.decode_inflating(inflater, &limits, &mut input),
            };
            match decoded {
                Ok(None) => break Fed::All,
                Ok(Some(message)) => {
                    *budget -= 1;
                    link.message(message, cx);
                }
                Err(error) => {
                    self.deaf = true;
                    link.protocol_error(error);
                }
            }
        };
        if let Some(inflater) = inflater {
            link.shard.give_inflater(inflater);
        }
        fed
    }
}
