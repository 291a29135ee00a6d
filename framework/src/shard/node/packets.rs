//! Packets in the form of the hub's parser.

use bytes::Bytes;

use super::Node;
use crate::{
    error::EmitError,
    id::EntryId,
    protocol::socket_io::{encode, parser::ParserError},
    shard::directory::Scope,
    transport::{frame::Frame, plain::Plain},
};

impl Node {
    /// A Socket.IO packet in the form of the hub's parser; see [`Frame::packet`].
    pub(crate) fn packet<E: From<ParserError>>(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, E>,
    ) -> Result<Frame, E> {
        Frame::packet(self.parser.as_deref(), write)
    }

    /// The packet of an event: with room for an offset where it gets one, which an event that asks
    /// for an ack does not. One that is in no log, though all nodes share one, has an argument in
    /// the place of the offset that is none: clients take the last text of whatever comes.
    pub(crate) fn event<E: From<ParserError>>(
        &self,
        scope: &Scope,
        ack: Option<u64>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, E>,
    ) -> Result<Frame, E> {
        match (&scope.recovery, ack) {
            (Some(_), None) if scope.shared_log().is_some() => self.packet(|out| {
                let attachments = write(out)?;
                encode::push_argument(out, "null");
                Ok(attachments)
            }),
            (Some(_), None) => Frame::unnumbered(self.parser.as_deref(), write),
            _ => self.packet(write),
        }
    }

    /// The packet of an event of the log that all nodes share, with its offset.
    pub(crate) fn logged_event(
        &self,
        scope: &Scope,
        offset: EntryId,
        array: &str,
        attachments: &[Bytes],
    ) -> Result<Frame, EmitError> {
        self.packet(|out| {
            encode::event_text(out, &scope.name, None, array, attachments.len());
            encode::push_argument(out, &format!("\"{offset}\""));
            Ok(attachments.to_vec())
        })
    }

    /// The same from the packet that another node has published, or that was published to others:
    /// its array as JSON text, and its attachments.
    pub(crate) fn event_text(
        &self,
        scope: &Scope,
        ack: Option<u64>,
        array: &str,
        attachments: &[Bytes],
    ) -> Result<Frame, EmitError> {
        self.event(scope, ack, |out| {
            encode::event_text(out, &scope.name, ack, array, attachments.len());
            Ok(attachments.to_vec())
        })
    }

    /// Whether the frames of the scope's events are packets as the default parser writes them.
    fn writes_plainly(&self, scope: &Scope, ack: Option<u64>) -> bool {
        self.parser.is_none() && (scope.recovery.is_none() || ack.is_some())
    }

    /// The frame for clients, and the one for other nodes where it is another.
    pub(crate) fn linked_event(
        &self,
        scope: &Scope,
        ack: Option<u64>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, EmitError>,
    ) -> Result<(Frame, Option<Frame>), EmitError> {
        if self.writes_plainly(scope, ack) {
            return Ok((self.packet(write)?, None));
        }
        let plain = Frame::packet(None, write)?;
        let read = Plain::of(&plain);
        let packet = read.packet();
        let array = packet.and_then(|packet| packet.data).unwrap_or("[]");
        let attachments = packet.map_or(&[][..], |packet| packet.attachments);
        let frame = self.event_text(scope, ack, array, attachments)?;
        Ok((frame, Some(plain)))
    }
}
