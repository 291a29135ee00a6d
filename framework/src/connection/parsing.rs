//! Messages that a custom parser reads.

use std::task::Context;

use super::actor::Link;
use crate::{
    error::DisconnectReason,
    protocol::socket_io::parser::{ChunkRef, ParserError},
    supervision::catch,
};

impl Link {
    pub(super) fn chunk(&mut self, chunk: ChunkRef<'_>, cx: &mut Context<'_>) {
        let Some(parser) = self.core.node.parser.as_deref() else {
            return;
        };
        let limits = self.limits();
        // After a panic the decoder is not called again: the connection ends.
        match catch(|| self.assembler.add_chunk(parser, chunk, &limits)) {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(packet))) => match packet.checked() {
                Ok(checked) => self.packet(checked, &packet.attachments, "(custom parser)", cx),
                Err(error) => self.invalid(error, "(custom parser)"),
            },
            Ok(Err(error)) => {
                self.refused("parser", &error, "(custom parser)");
                self.end(DisconnectReason::ForcedClose, None);
            }
            Err(panic) => {
                self.core.node.metrics.panics.add(1);
                tracing::error!(panic, "the parser panicked");
                self.end(DisconnectReason::ForcedClose, None);
            }
        }
    }

    /// A packet of the protocol that cannot be sent: the client would wait for it in vain.
    pub(super) fn unsendable(&mut self, error: &ParserError) {
        tracing::error!(%error, "a packet of the protocol cannot be encoded");
        self.end(DisconnectReason::ForcedClose, None);
    }
}
