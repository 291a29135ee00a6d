//! What one socket answered, before it has a type.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::super::{Event, Payload, decode_ack};
use crate::{error::AckError, id::SocketId, protocol::socket_io};

/// What one socket answered: the argument list of its ack, without the brackets.
#[derive(Debug)]
pub(crate) struct Answer {
    /// `None` for one of another node, which does not tell.
    pub(crate) socket: Option<SocketId>,
    pub(crate) args: Box<str>,
    pub(crate) attachments: Vec<Bytes>,
}

impl Answer {
    pub(super) fn size(&self) -> usize {
        let attached: usize = self.attachments.iter().map(Bytes::len).sum();
        size_of::<Self>() + self.args.len() + attached
    }

    /// The answer to an event of this type.
    pub(crate) fn decode<E>(self) -> Result<E::Ack, AckError>
    where
        E: Event,
        E::Ack: DeserializeOwned,
    {
        let payload = Payload {
            args: socket_io::elements(&self.args),
            attachments: &self.attachments,
        };
        decode_ack::<E>(payload).map_err(|source| AckError::Decode {
            event: E::NAME,
            source,
        })
    }
}
