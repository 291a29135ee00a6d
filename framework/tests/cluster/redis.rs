//! The contract of adapters, on real Redis servers.

#![cfg(feature = "redis")]

use crate::common::redis::{Certificate, RedisCluster, RedisServer};
use crate::contract::{Meeting, contract};
use roomcast::{
    HubBuilder, Recovery,
    adapter::{PubSub, Redis, Sharded, Streams, SubscriptionMode},
};

/// A Redis, and how its nodes speak.
struct On<S, A> {
    _servers: S,
    adapter: A,
}

impl<S> Meeting for On<S, Redis<PubSub>> {
    const ANSWERS_ARE_SIGNED: bool = false;

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

contract!(
    pub_sub,
    crate::redis::alone(roomcast::adapter::Redis::pub_sub)
);

contract!(
    pub_sub_with_specific_answers,
    crate::redis::alone(|url| roomcast::adapter::Redis::pub_sub(url)
        .key("other")
        .publish_on_specific_response_channel(true))
);

contract!(
    sharded,
    crate::redis::alone(roomcast::adapter::Redis::sharded)
);

contract!(
    sharded_static,
    crate::redis::alone(|url| roomcast::adapter::Redis::sharded(url)
        .subscription_mode(roomcast::adapter::SubscriptionMode::Static))
);

contract!(
    sharded_private,
    crate::redis::alone(|url| roomcast::adapter::Redis::sharded(url)
        .subscription_mode(roomcast::adapter::SubscriptionMode::DynamicPrivate))
);

contract!(
    pub_sub_on_a_redis_cluster,
    crate::redis::clustered(|url| roomcast::adapter::Redis::pub_sub(url).cluster::<String>([]))
);

contract!(
    sharded_on_a_redis_cluster,
    crate::redis::clustered(|url| roomcast::adapter::Redis::sharded(url).cluster::<String>([]))
);

/// With connection state recovery.
struct Recovering<S>(On<S, Redis<Streams>>);

impl<S> Meeting for Recovering<S> {
    fn joined(&self, hub: HubBuilder) -> HubBuilder {
        let hub = self.0.joined(hub);
        hub.connection_state_recovery(Recovery::new())
    }
}

/// Events come in the order of the stream, with their offset.
mod streams_with_recovery {
    crate::contract::cases_of_any_order! {
        async { crate::redis::Recovering(crate::redis::alone(roomcast::adapter::Redis::streams).await) }
    }
}

contract!(
    streams,
    crate::redis::alone(roomcast::adapter::Redis::streams)
);

contract!(
    four_streams_with_sharded_channels,
    crate::redis::alone(|url| roomcast::adapter::Redis::streams(url)
        .stream_count(4)
        .use_sharded_pub_sub(true))
);

contract!(
    streams_on_a_redis_cluster,
    crate::redis::clustered(|url| roomcast::adapter::Redis::streams(url)
        .stream_count(3)
        .cluster::<String>([]))
);

async fn over_tls<A>(
    adapter: impl FnOnce(String) -> Redis<A>,
) -> On<(RedisServer, Certificate), Redis<A>> {
    let certificate = Certificate::new();
    let server = RedisServer::with_tls(&certificate, "no");
    let url = format!("rediss://localhost:{}/", server.port());
    let adapter = adapter(url).root_certificate(certificate.pem());
    On {
        _servers: (server, certificate),
        adapter,
    }
}

mod sharded_over_tls {
    crate::contract::cases! {
        crate::redis::over_tls(roomcast::adapter::Redis::sharded);
        a_broadcast_reaches_the_members_on_all_nodes,
        what_one_sender_emits_arrives_in_order,
        sockets_join_and_leave_wherever_they_are,
    }
}

/// With connections of their own, on which entries are written and read.
mod streams_over_tls {
    crate::contract::cases! {
        crate::redis::over_tls(roomcast::adapter::Redis::streams);
        a_broadcast_reaches_the_members_on_all_nodes,
        attachments_and_odd_texts_cross,
        what_one_sender_emits_arrives_in_order,
        the_sockets_of_all_nodes_are_found,
        sockets_join_and_leave_wherever_they_are,
    }
}

mod streams_over_tls_with_recovery {
    crate::contract::cases! {
        async { crate::redis::Recovering(crate::redis::over_tls(roomcast::adapter::Redis::streams).await) };
        what_one_sender_emits_arrives_in_order,
        sockets_join_and_leave_wherever_they_are,
    }
}

/// Of one node, which was given a name.
struct Named(On<RedisServer, Redis<Sharded>>);

impl Meeting for Named {
    fn joined(&self, hub: HubBuilder) -> HubBuilder {
        self.0.joined(hub).server_id("node-1")
    }
}

#[actix_web::test]
async fn nodes_with_names_are_listed_where_rooms_have_no_channels() {
    for (mode, listed) in [
        (SubscriptionMode::Static, true),
        (SubscriptionMode::Dynamic, false),
    ] {
        let adapter = |url: String| Redis::sharded(url).subscription_mode(mode);
        let meeting = Named(alone(adapter).await);
        let node = crate::contract::Node::start(&meeting).await;
        let ids = node.cluster().server_ids(&node.main()).await.ok();
        let names = ids.iter().flatten().map(|id| &**id).collect::<Vec<_>>();
        assert_eq!(ids.is_some(), listed);
        assert_eq!(names, &["node-1"][..usize::from(listed)]);
    }
}
