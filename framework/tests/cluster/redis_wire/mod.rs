//! What hubs send to Redis, seen by Redis itself, against what Node's servers sent for the same calls.
//!
//! Subscriptions end later than Node's, so that churn does not flap; nodes are counted on a
//! connection of its own, and measure how long messages take with some to themselves. None of it is
//! compared.

#![cfg(feature = "redis")]
mod calls;
mod monitor;
mod payload;
mod recording;

use std::time::Duration;

use roomcast::{
    HubBuilder,
    adapter::{Redis, SubscriptionMode},
};

use crate::common::redis::RedisServer;
use calls::World;
use recording::{Recording, Step};

/// Makes every call of the recording.
async fn sends_what_node_sends(
    name: &str,
    adapter: impl Fn(HubBuilder, &RedisServer) -> HubBuilder,
) {
    makes_every_call(name, Recording::read(name), adapter).await;
}

async fn makes_every_call(
    name: &str,
    recording: Recording,
    adapter: impl Fn(HubBuilder, &RedisServer) -> HubBuilder,
) {
    let redis = RedisServer::start();
    let mut world = World::begin(&redis);
    for step in &recording.steps {
        let made = world.make(&step.op, |hub| adapter(hub, &redis)).await;
        if made {
            let sent = world.monitor.sent(step.sent.len()).await;
            let expected = step.in_order(step.sent.clone());
            assert_eq!(step.in_order(sent), expected, "{name}: {}", step.op);
        }
    }
}

#[actix_web::test]
async fn classic() {
    let adapter = |hub: HubBuilder, redis: &RedisServer| hub.adapter(Redis::pub_sub(redis.url()));
    sends_what_node_sends("classic", adapter).await;
}

#[actix_web::test]
async fn classic_with_specific_answers() {
    let adapter = |hub: HubBuilder, redis: &RedisServer| {
        let adapter = Redis::pub_sub(redis.url()).key("custom");
        // Two of its calls wait for answers that nobody gives.
        hub.requests_timeout(Duration::from_secs(2))
            .adapter(adapter.publish_on_specific_response_channel(true))
    };
    let name = "classic-specific";
    let mut recording = Recording::read(name);
    // It had connected before the recording began.
    recording
        .steps
        .insert(2, Step::silent("client b1 connects to B"));
    makes_every_call(name, recording, adapter).await;
}

async fn sharded(name: &str, mode: SubscriptionMode) {
    let adapter = |hub: HubBuilder, redis: &RedisServer| {
        hub.adapter(Redis::sharded(redis.url()).subscription_mode(mode))
    };
    sends_what_node_sends(name, adapter).await;
}

#[actix_web::test]
async fn sharded_dynamic() {
    sharded("sharded-dynamic", SubscriptionMode::Dynamic).await;
}

#[actix_web::test]
async fn sharded_static() {
    sharded("sharded-static", SubscriptionMode::Static).await;
}

#[actix_web::test]
async fn sharded_dynamic_private() {
    sharded("sharded-dynamic-private", SubscriptionMode::DynamicPrivate).await;
}

#[actix_web::test]
async fn streams() {
    let adapter = |hub: HubBuilder, redis: &RedisServer| hub.adapter(Redis::streams(redis.url()));
    sends_what_node_sends("streams", adapter).await;
}
