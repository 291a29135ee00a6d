use std::{env, error::Error};

use roomcast::{
    HubBuilder,
    adapter::{OutboxPolicy, Redis, SubscriptionMode},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Gives the hub the adapter of that name.
pub(super) fn add(builder: HubBuilder, name: &str, url: &str) -> Result<HubBuilder> {
    let pub_sub = || with_outbox(Redis::pub_sub(url));
    let sharded =
        |mode| Ok::<_, Box<dyn Error>>(with_outbox(Redis::sharded(url))?.subscription_mode(mode));
    Ok(match name {
        "classic" => builder.adapter(pub_sub()?),
        "classic-specific" => {
            builder.adapter(pub_sub()?.publish_on_specific_response_channel(true))
        }
        "sharded-static" => builder.adapter(sharded(SubscriptionMode::Static)?),
        "sharded-dynamic" => builder.adapter(sharded(SubscriptionMode::Dynamic)?),
        "sharded-dynamic-private" => builder.adapter(sharded(SubscriptionMode::DynamicPrivate)?),
        "streams" => builder.adapter(with_outbox(Redis::streams(url))?),
        other => return Err(format!("there is no adapter {other}").into()),
    })
}

fn with_outbox<D>(mut redis: Redis<D>) -> Result<Redis<D>> {
    if let Ok(bytes) = env::var("OUTBOX") {
        redis = redis.max_outbox_bytes(bytes.parse()?);
    }
    if let Ok(policy) = env::var("OUTBOX_POLICY") {
        redis = redis.outbox_policy(match &*policy {
            "drop-newest" => OutboxPolicy::DropNewest,
            "drop-oldest" => OutboxPolicy::DropOldest,
            "refuse" => OutboxPolicy::Refuse,
            other => return Err(format!("there is no policy {other}").into()),
        });
    }
    Ok(redis)
}
