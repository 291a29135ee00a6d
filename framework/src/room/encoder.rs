use bytes::Bytes;
use serde::Serialize;

use crate::{
    error::EmitError,
    event::{self, Event, Outgoing, Target},
    shard::{directory::Scope, node::Node},
    transport::frame::{Frame, Handling},
};

/// Makes frames of events on their way out, and tells of them.
pub(crate) struct Encoder<'a> {
    pub(crate) node: &'a Node,
    pub(crate) scope: &'a Scope,
    pub(crate) to: Target<'a>,
    pub(crate) volatile: bool,
    pub(crate) compress: bool,
    /// It goes to other nodes as well.
    pub(crate) published: bool,
}

/// An event in the form that clients get, and in the one that other nodes get.
pub(crate) struct Encoded {
    pub(crate) frame: Frame,
    /// As the default parser writes it, where clients get it in another form.
    plain: Option<Frame>,
}

impl Encoded {
    /// What other nodes get.
    pub(crate) fn plain(&self) -> &Frame {
        self.plain.as_ref().unwrap_or(&self.frame)
    }

    fn with(self, handling: Handling) -> Self {
        Self {
            frame: self.frame.with(handling),
            plain: self.plain.map(|frame| frame.with(handling)),
        }
    }
}

impl Encoder<'_> {
    /// The frame of an event; with `ack`, of one that asks for an answer. It is treated on its way
    /// as it says itself, or else as the hub says.
    pub(crate) fn event<E: Event + Serialize>(
        &self,
        event: &E,
        ack: Option<u64>,
    ) -> Result<Encoded, EmitError> {
        let nsp = &self.scope.name;
        let write = |out: &mut _| event::encode(event, nsp, ack, out);
        let encoded = self.encode(ack, write)?;
        self.tell(E::NAME, ack, &|| event::json(event));
        Ok(encoded.with(Handling {
            slow_consumer: E::SLOW_CONSUMER.unwrap_or(self.node.config.slow_consumer),
            key: event.key().unwrap_or_else(|| event::key(E::NAME, &())),
            volatile: self.volatile,
            offset_at: None,
            compress: self.compress,
        }))
    }

    /// The same for an untyped event, which is treated as the hub says.
    pub(crate) fn raw<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
        ack: Option<u64>,
    ) -> Result<Encoded, EmitError> {
        let nsp = &self.scope.name;
        let write = |out: &mut _| event::encode_raw(name, nsp, ack, args, out);
        let encoded = self.encode(ack, write)?;
        self.tell(name, ack, &|| event::json_raw(args));
        Ok(encoded.with(Handling {
            slow_consumer: self.node.config.slow_consumer,
            key: event::key(name, &()),
            volatile: self.volatile,
            offset_at: None,
            compress: self.compress,
        }))
    }

    fn encode(
        &self,
        ack: Option<u64>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, EmitError>,
    ) -> Result<Encoded, EmitError> {
        match self.node.local() {
            Some(shard) => shard.traffic.emitted(),
            None => self.node.metrics.emitted.add(1),
        }
        let (frame, plain) = match self.published {
            // Only published: it comes back.
            true if ack.is_none() && self.scope.shared_log().is_some() => {
                (Frame::packet(None, write)?, None)
            }
            false => (self.node.event(self.scope, ack, write)?, None),
            true => self.node.linked_event(self.scope, ack, write)?,
        };
        Ok(Encoded { frame, plain })
    }

    fn tell(&self, name: &str, ack: Option<u64>, json: &dyn Fn() -> String) {
        if let Some(told) = &self.node.on_any_outgoing {
            told(&Outgoing {
                namespace: &self.scope.name,
                name,
                to: self.to,
                wants_ack: ack.is_some(),
                json,
            });
        }
    }
}
