use std::{sync::Arc, time::Duration};

use super::{
    super::options::{refuse_empty, refuse_zero},
    adapter::StreamsAdapter,
};
use crate::{
    cluster::adapter::{Adapter, AdapterContext, IntoAdapter, Redis},
    error::AdapterError,
};

/// The options of [`Redis::streams`].
///
/// ```
/// use roomcast::adapter::Redis;
///
/// let adapter = Redis::streams("redis://10.0.0.5/").stream_name("chat").max_len(50_000);
/// ```
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
    /// An adapter on Redis Streams, compatible with `@socket.io/redis-streams-adapter` 0.3, whose servers
    /// can be in the same cluster. All nodes need the same names, number of streams and kind of channels.
    ///
    /// A node that loses its connection to Redis continues reading where it stopped: it misses nothing
    /// that is still in the stream, and if something is not, it reports
    /// [`ClusterEvent::Gap`](crate::ClusterEvent::Gap). What a node writes enters the stream once, even
    /// if its connection breaks meanwhile. Only if the stream was trimmed before the node could check
    /// whether an unanswered write had succeeded, it may be there twice, which is counted
    /// (`roomcast_cluster_repeated_total`). Requests to other nodes and their answers use Pub/Sub.
    ///
    /// With [connection state recovery](crate::HubBuilder::connection_state_recovery) clients can recover
    /// on any node. Every event for clients then waits until it is in the stream, a round trip to Redis,
    /// except [local](crate::Broadcast::local) ones and those with ack. These may overtake others, as
    /// may changes of rooms and disconnects.
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

    /// The name of the stream; not empty. Default `socket.io`.
    pub fn stream_name(mut self, name: impl Into<String>) -> Self {
        self.dialect.stream_name = name.into();
        self
    }

    /// The number of streams over which the namespaces are distributed by their names; if more than one,
    /// `-<number>` is appended to the stream's name. Default 1.
    ///
    /// With more than one, Node.js servers miss about half of the namespaces: those whose name has a
    /// negative hash go to a stream with a negative number, which only roomcast reads. A warning is logged
    /// for them.
    pub fn stream_count(mut self, count: u32) -> Self {
        self.dialect.stream_count = count;
        self
    }

    /// About how many entries each stream keeps, for nodes that were disconnected and for clients that
    /// [recover](crate::HubBuilder::connection_state_recovery). Default 10,000.
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

    /// Prefix of the keys under which sessions are stored for recovery; not empty. Default `sio:session:`.
    pub fn session_key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.session_key_prefix = prefix.into();
        self
    }

    /// Prefix of the channels for requests between nodes and their answers; not empty. Default `socket.io`.
    pub fn channel_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.channel_prefix = prefix.into();
        self
    }

    /// Whether those channels use the sharded Pub/Sub of Redis 7. Default false.
    pub fn use_sharded_pub_sub(mut self, sharded: bool) -> Self {
        self.dialect.sharded_pub_sub = sharded;
        self
    }

    /// Whether binary values are written into the stream as JSON, in the form of Node's `Buffer`:
    /// receivers get an object instead of bytes. Default false.
    pub fn only_plaintext(mut self, only: bool) -> Self {
        self.dialect.only_plaintext = only;
        self
    }

    /// With [connection state recovery](crate::HubBuilder::connection_state_recovery), how long events
    /// wait for an unreachable Redis. Default 2 s; must not be zero.
    ///
    /// After that, all waiting events are delivered on this node, in order and without an offset, and
    /// later ones at once, until Redis can be reached again. Then they are added to the stream, unless
    /// they are in it already. An event that does not fit into the outbox is delivered at once, before
    /// those that wait. Clients that were connected during this time cannot recover when they lose that
    /// connection.
    pub fn hold(mut self, time: Duration) -> Self {
        self.dialect.hold = time;
        self
    }
}

impl Streams {
    pub(in super::super) fn validate(&self) -> Result<(), AdapterError> {
        refuse_zero(&[
            ("stream_count", self.stream_count == 0),
            ("max_len", self.max_len == 0),
            ("read_count", self.read_count == 0),
            ("block_time", self.block_time.as_millis() == 0),
            ("hold", self.hold.is_zero()),
        ])?;
        refuse_empty(&[
            ("stream_name", &self.stream_name),
            ("session_key_prefix", &self.session_key_prefix),
            ("channel_prefix", &self.channel_prefix),
        ])
    }
}

impl IntoAdapter for Redis<Streams> {
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        self.dialect.validate()?;
        let adapter = StreamsAdapter::new(&self.link, self.dialect, &context)?;
        Ok(Arc::new(adapter))
    }
}
