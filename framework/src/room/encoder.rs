use bytes::Bytes;
use serde::Serialize;

#[cfg(feature = "admin")]
use crate::protocol::socket_io::{self, encode, is_reserved};
use crate::{
    config::SlowConsumer,
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
        let key = || event.key().unwrap_or_else(|| event::key(E::NAME, &()));
        Ok(encoded.with(self.handling(E::SLOW_CONSUMER, key)))
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
        Ok(encoded.with(self.handling(None, || event::key(name, &()))))
    }

    /// The same for one whose array, name and all, is JSON already.
    #[cfg(feature = "admin")]
    pub(super) fn array(
        &self,
        name: &str,
        array: &str,
        attachments: &[Bytes],
    ) -> Result<Encoded, EmitError> {
        if is_reserved(name) {
            return Err(EmitError::Reserved(name.to_owned()));
        }
        let nsp = &self.scope.name;
        let encoded = self.encode(None, |out| {
            encode::event_text(out, nsp, None, array, attachments.len());
            Ok(attachments.to_vec())
        })?;
        self.tell(name, None, &|| {
            let event = socket_io::named(array).ok().flatten();
            event.map_or("[]".to_owned(), |event| format!("[{}]", event.args))
        });
        Ok(encoded.with(self.handling(None, || event::key(name, &()))))
    }

    fn handling(&self, slow_consumer: Option<SlowConsumer>, key: impl FnOnce() -> u64) -> Handling {
        let slow_consumer = slow_consumer.unwrap_or_else(|| self.node.slow_consumer(self.scope));
        Handling {
            slow_consumer,
            // Others are not looked for by it.
            key: match slow_consumer {
                SlowConsumer::Latest => key(),
                _ => 0,
            },
            volatile: self.volatile,
            offset_at: None,
            compress: self.compress,
        }
    }

    fn encode(
        &self,
        ack: Option<u64>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, EmitError>,
    ) -> Result<Encoded, EmitError> {
        let (frame, plain) = match self.published {
            // Only published: it comes back.
            true if ack.is_none() && self.scope.shared_log().is_some() => {
                (Frame::packet(None, write)?, None)
            }
            false => (self.node.event(self.scope, ack, write)?, None),
            true => self.node.linked_event(self.scope, ack, write)?,
        };
        match self.node.local() {
            Some(shard) => shard.traffic.emitted(),
            None => self.node.metrics.emitted.add(1),
        }
        Ok(Encoded { frame, plain })
    }

    /// What is told to the pages of whoever watches the hub is not the application's.
    fn tell(&self, name: &str, ack: Option<u64>, json: &dyn Fn() -> String) {
        if let Some(told) = &self.node.on_any_outgoing
            && !self.node.is_monitors(self.scope)
        {
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
