//! Hubs with streams in between: the contract of adapters, and what only streams promise.

#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
mod contract;
#[path = "common/redis.rs"]
mod redis;

use roomcast::{
    HubBuilder,
    adapter::{Redis, Streams},
};

use contract::{Meeting, contract};
use redis::RedisServer;

struct Meet {
    redis: RedisServer,
    options: fn(Redis<Streams>) -> Redis<Streams>,
}

impl Meet {
    async fn at(options: fn(Redis<Streams>) -> Redis<Streams>) -> Self {
        let redis = RedisServer::start();
        Self { redis, options }
    }
}

impl Meeting for Meet {
    fn joined(&self, hub: HubBuilder) -> HubBuilder {
        hub.adapter((self.options)(Redis::streams(self.redis.url())))
    }
}

contract!(streams, crate::Meet::at(|streams| streams));
contract!(
    sharded_channels_and_four_streams,
    crate::Meet::at(|streams| streams.use_sharded_pub_sub(true).stream_count(4))
);
