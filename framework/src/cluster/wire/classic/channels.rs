use std::borrow::Cow;

use super::super::{Channel, Message};

/// The channels of a namespace.
#[derive(Debug, Clone)]
pub(crate) struct Channels {
    /// `key#N#` and `key#N#room#`, subscribed to as a pattern.
    pub(crate) broadcasts: Channel,
    /// `key-request#N#`.
    pub(crate) requests: Channel,
    /// `key-response#N#`, and `key-response#N#uid#` for the answers to one node.
    pub(crate) answers: Channel,
}

impl Channels {
    pub(crate) fn new(key: &str, namespace: &str) -> Self {
        Self {
            broadcasts: Channel::new(key, namespace),
            requests: Channel::new(&format!("{key}-request"), namespace),
            answers: Channel::new(&format!("{key}-response"), namespace),
        }
    }

    /// Where a broadcast or request is published.
    pub(crate) fn publish(&self, message: &Message<'_>) -> Cow<'_, str> {
        match message {
            Message::Broadcast {
                options,
                request: None,
                ..
            } => match options.rooms.as_slice() {
                [room] => Cow::Owned(self.broadcasts.named(room)),
                _ => Cow::Borrowed(self.broadcasts.name()),
            },
            _ => Cow::Borrowed(self.requests.name()),
        }
    }
}
