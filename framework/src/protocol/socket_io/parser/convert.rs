//! Between the packets of a custom parser and those of this crate.

use super::super::{
    decode,
    error::DecodeError,
    packet::{Data, Kind, Packet},
};
use super::{OwnedPacket, PacketType};
use bytes::Bytes;

impl<'a> super::Packet<'a> {
    /// The packet that the default parser has written as this text.
    ///
    /// # Errors
    /// None in practice, as the text is ours.
    pub(crate) fn read(text: &'a str, attachments: &'a [Bytes]) -> Result<Self, DecodeError> {
        let parts = decode::parts(text)?;
        Ok(Self {
            kind: PacketType::of(parts.kind),
            namespace: parts.nsp,
            id: parts.id,
            data: Some(parts.json).filter(|json| !json.is_empty()),
            attachments,
        })
    }
}

impl OwnedPacket {
    /// The packet as the default parser would have decoded it, once its parts have been found to
    /// fit each other.
    ///
    /// Laxer than the default parser where the reference's msgpack parser is, which looks into no
    /// event: its name may be reserved, or missing, and then nobody handles it.
    pub(crate) fn checked(&self) -> Result<Packet<'_>, DecodeError> {
        // The default parser cannot write any other, so no reply could name it.
        if !self.namespace.starts_with('/') || self.namespace.contains(',') {
            return Err(DecodeError::IllegalNamespace);
        }
        let (kind, binary) = match self.kind {
            PacketType::Connect => (Kind::Connect, None),
            PacketType::Disconnect => (Kind::Disconnect, None),
            PacketType::Event => (Kind::Event, Some(Kind::BinaryEvent)),
            PacketType::Ack => (Kind::Ack, Some(Kind::BinaryAck)),
            PacketType::ConnectError => (Kind::ConnectError, None),
        };
        let json = self.data.as_deref().unwrap_or_default().trim_ascii();
        let data = match kind {
            Kind::Event if json.is_empty() => Data::None,
            Kind::Event => decode::named(json)?.map_or(Data::None, Data::Event),
            _ => decode::data(kind, json)?,
        };
        Ok(Packet {
            kind: match binary {
                Some(binary) if !self.attachments.is_empty() => binary,
                _ => kind,
            },
            nsp: &self.namespace,
            id: self.id,
            data,
            attachments: self.attachments.len(),
        })
    }
}
