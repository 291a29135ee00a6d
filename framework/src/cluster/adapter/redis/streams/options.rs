use std::{sync::Arc, time::Duration};

use super::{super::options::LinkOptions, adapter::StreamsAdapter};
use crate::{
    cluster::adapter::{Adapter, AdapterContext, IntoAdapter},
    error::AdapterError,
};

/// Nodes that tell each other what happens in a Redis stream, which keeps it for one that is away:
/// the adapter of `@socket.io/redis-streams-adapter` 0.3, whose servers may be in the same cluster.
/// From [`Redis::streams`](super::super::Redis::streams).
///
/// All nodes need the same names, number of streams and kind of channels.
#[derive(Debug, Clone)]
#[must_use = "give it to `HubBuilder::adapter`"]
pub struct Streams {
    pub(super) link: LinkOptions,
    pub(super) stream_name: String,
    pub(super) stream_count: u32,
    pub(super) max_len: u64,
    pub(super) read_count: usize,
    pub(super) block_time: Duration,
    pub(super) session_key_prefix: String,
    pub(super) channel_prefix: String,
    pub(super) sharded_pub_sub: bool,
    pub(super) only_plaintext: bool,
}

impl Streams {
    pub(in super::super) fn new(url: impl Into<String>) -> Self {
        Self {
            link: LinkOptions::new(url),
            stream_name: "socket.io".to_owned(),
            stream_count: 1,
            max_len: 10_000,
            read_count: 100,
            block_time: Duration::from_secs(5),
            session_key_prefix: "sio:session:".to_owned(),
            channel_prefix: "socket.io".to_owned(),
            sharded_pub_sub: false,
            only_plaintext: false,
        }
    }

    /// The name of the stream. Default `socket.io`.
    pub fn stream_name(mut self, name: impl Into<String>) -> Self {
        self.stream_name = name.into();
        self
    }

    /// Over how many streams the namespaces are spread, by their names; with more than one,
    /// `-<number>` is appended to the stream's name. Default 1.
    ///
    /// Node's servers do not read about half of them: a namespace whose name has a negative hash
    /// goes to a stream with a negative number, which only roomcast's nodes look into. It is warned
    /// about.
    pub fn stream_count(mut self, count: u32) -> Self {
        self.stream_count = count;
        self
    }

    /// About how many entries each stream keeps: what a node that was away has missed, and what a
    /// client can [come back](crate::HubBuilder::connection_state_recovery) to. Default 10,000.
    pub fn max_len(mut self, entries: u64) -> Self {
        self.max_len = entries;
        self
    }

    /// How many entries are read at once. Default 100.
    pub fn read_count(mut self, entries: usize) -> Self {
        self.read_count = entries;
        self
    }

    /// How long a read waits for the next entry; it does not delay any. Default 5 s.
    pub fn block_time(mut self, time: Duration) -> Self {
        self.block_time = time;
        self
    }

    /// What the keys of sessions begin with whose clients are away. Default `sio:session:`.
    pub fn session_key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.session_key_prefix = prefix.into();
        self
    }

    /// What the names of channels begin with, on which nodes ask and answer each other. Default
    /// `socket.io`.
    pub fn channel_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.channel_prefix = prefix.into();
        self
    }

    /// Whether those channels are sharded ones, which Redis 7 has. Default false.
    pub fn use_sharded_pub_sub(mut self, sharded: bool) -> Self {
        self.sharded_pub_sub = sharded;
        self
    }

    /// Whether binary values are written into the stream as JSON, as Node's `Buffer` is:
    /// receivers get an object instead of the bytes. Default false.
    pub fn only_plaintext(mut self, only: bool) -> Self {
        self.only_plaintext = only;
        self
    }
}

impl IntoAdapter for Streams {
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        for (name, is_zero) in [
            ("stream_count", self.stream_count == 0),
            ("max_len", self.max_len == 0),
            ("read_count", self.read_count == 0),
            ("block_time", self.block_time.as_millis() == 0),
        ] {
            if is_zero {
                return Err(AdapterError::new(format!("{name} must not be zero")));
            }
        }
        Ok(Arc::new(StreamsAdapter::new(self, &context)?))
    }
}
