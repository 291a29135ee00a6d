use std::borrow::Cow;

use redis::{Cmd, cmd};

use super::super::{
    builder::Redis, options::LinkOptions, pub_sub::PubSub, publish::not_encoded, streams::Streams,
};
use crate::{
    cluster::{
        adapter::Message,
        wire::{
            classic::{self, Channels, Sender},
            entry::{Fields, stream_name},
        },
    },
    error::{AdapterError, EmitError},
};

/// What an [`Emitter`](super::Emitter) connects with: the options of an adapter that hears emitters,
/// or a URL for those of [`Redis::pub_sub`].
pub trait IntoEmitter: sealed::IntoEmitter {}

impl<T: sealed::IntoEmitter> IntoEmitter for T {}

pub(super) mod sealed {
    use super::{Dialect, LinkOptions};

    pub trait IntoEmitter {
        #[doc(hidden)]
        #[allow(private_interfaces, reason = "only this module implements it")]
        fn into_emitter(self) -> (LinkOptions, Dialect);
    }
}

/// Which commands messages become.
pub(super) enum Dialect {
    PubSub(PubSub),
    Streams(Streams),
}

#[allow(private_interfaces, reason = "only this module implements it")]
impl sealed::IntoEmitter for Redis<PubSub> {
    fn into_emitter(self) -> (LinkOptions, Dialect) {
        (self.link, Dialect::PubSub(self.dialect))
    }
}

#[allow(private_interfaces, reason = "only this module implements it")]
impl sealed::IntoEmitter for Redis<Streams> {
    fn into_emitter(self) -> (LinkOptions, Dialect) {
        (self.link, Dialect::Streams(self.dialect))
    }
}

#[allow(private_interfaces, reason = "only this module implements it")]
impl sealed::IntoEmitter for &str {
    fn into_emitter(self) -> (LinkOptions, Dialect) {
        Redis::pub_sub(self).into_emitter()
    }
}

impl Dialect {
    /// # Errors
    /// If an option is not valid.
    pub(super) fn validate(&self) -> Result<(), AdapterError> {
        match self {
            Self::PubSub(options) => options.validate(),
            Self::Streams(options) => options.validate(),
        }
    }

    /// The key that tells which master of a Redis Cluster gets the command; `None` if any may.
    pub(super) fn key(&self, namespace: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::PubSub(_) => None,
            Self::Streams(options) => Some(stream(options, namespace)),
        }
    }

    pub(super) fn command(&self, namespace: &str, message: &Message<'_>) -> Result<Cmd, EmitError> {
        let mut command;
        match self {
            Self::PubSub(options) => {
                let payload = classic::encode(Sender::Emitter, namespace, message);
                let channels = Channels::new(&options.key, namespace);
                command = cmd("PUBLISH");
                command
                    .arg(&*channels.publish(message))
                    .arg(payload.map_err(not_encoded)?);
            }
            Self::Streams(options) => {
                let fields = Fields::encode(message, options.only_plaintext);
                let Fields { kind, data } = fields.map_err(not_encoded)?;
                command = cmd("XADD");
                command
                    .arg(&*stream(options, namespace))
                    .arg(("MAXLEN", "~", options.max_len, "*"))
                    .arg(("uid", classic::EMITTER, "nsp", namespace))
                    .arg(("type", kind, "data", data));
            }
        }
        Ok(command)
    }
}

fn stream<'a>(options: &'a Streams, namespace: &str) -> Cow<'a, str> {
    stream_name(&options.stream_name, options.stream_count, namespace)
}
