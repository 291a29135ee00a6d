//! The contract of adapters, on real Redis servers.

#![cfg(feature = "redis")]

mod common;
mod contract;

use common::redis::{RedisCluster, RedisServer};
use contract::{Meeting, contract};
use roomcast::{
    HubBuilder,
    adapter::{PubSub, Redis, Sharded, Streams},
};

/// A Redis, and how its nodes speak.
struct On<S, A> {
    _servers: S,
    adapter: A,
}

impl<S> Meeting for On<S, Redis<PubSub>> {
    fn joined(&self, hub: HubBuilder) -> HubBuilder {
        hub.adapter(self.adapter.clone())
    }
}

impl<S> Meeting for On<S, Redis<Sharded>> {
    fn joined(&self, hub: HubBuilder) -> HubBuilder {
        hub.adapter(self.adapter.clone())
    }
}

impl<S> Meeting for On<S, Redis<Streams>> {
    fn joined(&self, hub: HubBuilder) -> HubBuilder {
        hub.adapter(self.adapter.clone())
    }
}

async fn alone<A>(adapter: impl FnOnce(String) -> A) -> On<RedisServer, A> {
    let server = RedisServer::start();
    let adapter = adapter(server.url());
    On {
        _servers: server,
        adapter,
    }
}

async fn clustered<A>(adapter: impl FnOnce(String) -> A) -> On<RedisCluster, A> {
    let cluster = RedisCluster::start();
    let adapter = adapter(cluster.nodes[0].url());
    On {
        _servers: cluster,
        adapter,
    }
}

contract!(pub_sub, crate::alone(roomcast::adapter::Redis::pub_sub));

contract!(
    pub_sub_with_specific_answers,
    crate::alone(|url| roomcast::adapter::Redis::pub_sub(url)
        .key("other")
        .publish_on_specific_response_channel(true))
);

contract!(sharded, crate::alone(roomcast::adapter::Redis::sharded));

contract!(
    sharded_static,
    crate::alone(|url| roomcast::adapter::Redis::sharded(url)
        .subscription_mode(roomcast::adapter::SubscriptionMode::Static))
);

contract!(
    sharded_private,
    crate::alone(|url| roomcast::adapter::Redis::sharded(url)
        .subscription_mode(roomcast::adapter::SubscriptionMode::DynamicPrivate))
);

contract!(
    pub_sub_on_a_redis_cluster,
    crate::clustered(|url| roomcast::adapter::Redis::pub_sub(url).cluster::<String>([]))
);

contract!(
    sharded_on_a_redis_cluster,
    crate::clustered(|url| roomcast::adapter::Redis::sharded(url).cluster::<String>([]))
);

contract!(streams, crate::alone(roomcast::adapter::Redis::streams));

contract!(
    four_streams_with_sharded_channels,
    crate::alone(|url| roomcast::adapter::Redis::streams(url)
        .stream_count(4)
        .use_sharded_pub_sub(true)
        .only_plaintext(false))
);

contract!(
    streams_on_a_redis_cluster,
    crate::clustered(|url| roomcast::adapter::Redis::streams(url)
        .stream_count(3)
        .cluster::<String>([]))
);
