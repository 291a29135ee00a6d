//! What this node wants to hear, and what it hears.
//!
//! Any thread marks what may have changed; the link's task alone looks how it is now and tells the
//! server, so that marks may come in any order.

mod heard;
mod marks;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(super) use heard::Heard;
pub(super) use marks::Marks;

/// The messages of a namespace, or those of one of its rooms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interest {
    pub(super) namespace: Arc<str>,
    pub(super) room: Option<Arc<str>>,
}

/// Something to subscribe to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    /// SUBSCRIBE.
    Channel(String),
    /// PSUBSCRIBE.
    Pattern(String),
    /// SSUBSCRIBE.
    Shard(String),
}

impl Interest {
    pub(super) fn in_namespace(namespace: &Arc<str>) -> Self {
        Self {
            namespace: Arc::clone(namespace),
            room: None,
        }
    }
}

impl Topic {
    pub(super) fn into_name(self) -> String {
        let (Self::Channel(name) | Self::Pattern(name) | Self::Shard(name)) = self;
        name
    }
}
