use std::{sync::Arc, time::Duration};

use super::adapter::StreamsAdapter;
use crate::{
    cluster::adapter::{Adapter, AdapterContext, IntoAdapter, Redis},
    error::AdapterError,
};

/// Messages are entries of a Redis stream, which keeps them for a node that is away; from
/// [`Redis::streams`].
#[derive(Debug, Clone)]
pub struct Streams {
    pub(in super::super) stream_name: String,
    pub(in super::super) stream_count: u32,
    pub(in super::super) max_len: u64,
    pub(super) read_count: usize,
    pub(super) block_time: Duration,
    pub(super) session_key_prefix: String,
    pub(super) channel_prefix: String,
    pub(super) sharded_pub_sub: bool,
    pub(in super::super) only_plaintext: bool,
    pub(super) hold: Duration,
}

impl Redis<Streams> {
    /// Streams: the adapter of `@socket.io/redis-streams-adapter` 0.3, whose servers may be in the
    /// same cluster. All nodes need the same names, number of streams and kind of channels.
    ///
    /// A node that loses its connection reads on where it stopped: nothing is missed that is still
    /// in the stream, and that something is not is told
    /// ([`ClusterEvent::Gap`](crate::ClusterEvent::Gap)). What a node writes is in the stream once,
    /// whatever happens to its connection; it may be there twice if the stream was trimmed before the
    /// node could look whether a write that Redis had not answered is there, which is counted
    /// (`roomcast_cluster_repeated_total`). Requests to other nodes and their answers go over Pub/Sub.
    ///
    /// With [connection state recovery](crate::HubBuilder::connection_state_recovery) the stream is
    /// the log of all nodes: clients come back to any of them. Every event for clients then waits
    /// for its place in the stream, a round trip to Redis, but [local](crate::Broadcast::local) ones
    /// and those that ask for an answer, which may overtake others; so may changes of rooms and
    /// disconnects.
    ///
    /// ```
    /// use roomcast::{adapter::Redis, prelude::*};
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// let hub = Hub::builder()
    ///     .namespace::<Chat>("/")
    ///     .adapter(Redis::streams("redis://127.0.0.1/").max_len(100_000))
    ///     .build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn streams(url: impl Into<String>) -> Self {
        let defaults = Streams {
            stream_name: "socket.io".to_owned(),
            stream_count: 1,
            max_len: 10_000,
            read_count: 100,
            block_time: Duration::from_secs(5),
            session_key_prefix: "sio:session:".to_owned(),
            channel_prefix: "socket.io".to_owned(),
            sharded_pub_sub: false,
            only_plaintext: false,
            hold: Duration::from_secs(2),
        };
        Self::new(url, defaults)
    }

    /// The name of the stream. Default `socket.io`.
    pub fn stream_name(mut self, name: impl Into<String>) -> Self {
        self.dialect.stream_name = name.into();
        self
    }

    /// Over how many streams the namespaces are spread, by their names; with more than one,
    /// `-<number>` is appended to the stream's name. Default 1.
    ///
    /// Node's servers do not read about half of them: a namespace whose name has a negative hash
    /// goes to a stream with a negative number, which only roomcast's nodes look into. It is warned
    /// about.
    pub fn stream_count(mut self, count: u32) -> Self {
        self.dialect.stream_count = count;
        self
    }

    /// About how many entries each stream keeps: what a node that was away has missed, and what a
    /// client can [come back](crate::HubBuilder::connection_state_recovery) to. Default 10,000.
    pub fn max_len(mut self, entries: u64) -> Self {
        self.dialect.max_len = entries;
        self
    }

    /// How many entries are read at once. Default 100.
    pub fn read_count(mut self, entries: usize) -> Self {
        self.dialect.read_count = entries;
        self
    }

    /// How long a read waits for the next entry; it does not delay any. Default 5 s.
    pub fn block_time(mut self, time: Duration) -> Self {
        self.dialect.block_time = time;
        self
    }

    /// What the keys of sessions begin with whose clients are away. Default `sio:session:`.
    pub fn session_key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.session_key_prefix = prefix.into();
        self
    }

    /// What the names of channels begin with, on which nodes ask and answer each other. Default
    /// `socket.io`.
    pub fn channel_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.channel_prefix = prefix.into();
        self
    }

    /// Whether those channels are sharded ones, which Redis 7 has. Default false.
    pub fn use_sharded_pub_sub(mut self, sharded: bool) -> Self {
        self.dialect.sharded_pub_sub = sharded;
        self
    }

    /// Whether binary values are written into the stream as JSON, as Node's `Buffer` is:
    /// receivers get an object instead of the bytes. Default false.
    pub fn only_plaintext(mut self, only: bool) -> Self {
        self.dialect.only_plaintext = only;
        self
    }

    /// With [connection state recovery](crate::HubBuilder::connection_state_recovery), for how long
    /// events wait for a Redis that is away. Default 2 s; not zero.
    ///
    /// Then all that are on their way are delivered on this node, in their order and without an
    /// offset, and so is at once what is published from then on, until Redis is there again. They
    /// are added to the stream then, unless they are in it already. An event for which the outbox
    /// has no room is delivered at once, before those that wait. Clients that were connected
    /// meanwhile get a fresh session when they lose that connection.
    pub fn hold(mut self, time: Duration) -> Self {
        self.dialect.hold = time;
        self
    }
}

impl IntoAdapter for Redis<Streams> {
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        let options = &self.dialect;
        for (name, is_zero) in [
            ("stream_count", options.stream_count == 0),
            ("max_len", options.max_len == 0),
            ("read_count", options.read_count == 0),
            ("block_time", options.block_time.as_millis() == 0),
            ("hold", options.hold.is_zero()),
        ] {
            if is_zero {
                return Err(AdapterError::new(format!("{name} must not be zero")));
            }
        }
        let adapter = StreamsAdapter::new(&self.link, self.dialect, &context)?;
        Ok(Arc::new(adapter))
    }
}
