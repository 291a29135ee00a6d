use std::{env, error::Error};

use roomcast::{
    Emitter, HubBuilder,
    adapter::{OutboxPolicy, PubSub, Redis, Sharded, Streams, SubscriptionMode},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Gives the hub the adapter of that name.
pub(super) fn add(builder: HubBuilder, name: &str, url: &str) -> Result<HubBuilder> {
    Ok(match name {
        "classic" => builder.adapter(pub_sub(url)?),
        "classic-specific" => {
            builder.adapter(pub_sub(url)?.publish_on_specific_response_channel(true))
        }
        "sharded-static" => builder.adapter(sharded(url, SubscriptionMode::Static)?),
        "sharded-dynamic" => builder.adapter(sharded(url, SubscriptionMode::Dynamic)?),
        "sharded-dynamic-private" => {
            builder.adapter(sharded(url, SubscriptionMode::DynamicPrivate)?)
        }
        "streams" => builder.adapter(streams(url)?),
        other => return Err(format!("there is no adapter {other}").into()),
    })
}

/// What emits to the nodes with the adapter of that name.
pub(super) async fn emitter(name: &str, url: &str) -> Result<Emitter> {
    Ok(match name {
        "streams" => Emitter::connect(streams(url)?).await?,
        _ => Emitter::connect(pub_sub(url)?).await?,
    })
}

fn pub_sub(url: &str) -> Result<Redis<PubSub>> {
    let redis = with_outbox(located(url, Redis::pub_sub))?;
    Ok(match env::var("PREFIX") {
        Ok(prefix) => redis.key(prefix),
        Err(_) => redis,
    })
}

fn sharded(url: &str, mode: SubscriptionMode) -> Result<Redis<Sharded>> {
    let redis = with_outbox(located(url, Redis::sharded))?.subscription_mode(mode);
    Ok(match env::var("PREFIX") {
        Ok(prefix) => redis.channel_prefix(prefix),
        Err(_) => redis,
    })
}

fn streams(url: &str) -> Result<Redis<Streams>> {
    let mut redis = with_outbox(located(url, Redis::streams))?
        .use_sharded_pub_sub(env::var_os("SHARDED_PUB_SUB").is_some())
        .only_plaintext(env::var_os("PLAINTEXT").is_some());
    if let Ok(count) = env::var("STREAMS") {
        redis = redis.stream_count(count.parse()?);
    }
    if let Ok(entries) = env::var("MAX_LEN") {
        redis = redis.max_len(entries.parse()?);
    }
    if let Ok(prefix) = env::var("PREFIX") {
        let sessions = format!("{prefix}:session:");
        redis = redis
            .stream_name(&*prefix)
            .channel_prefix(prefix)
            .session_key_prefix(sessions);
    }
    Ok(redis)
}

/// At one server, or at the nodes of a Redis Cluster, with commas between them.
fn located<'a, D>(urls: &'a str, redis: impl Fn(&'a str) -> Redis<D>) -> Redis<D> {
    match urls.split_once(',') {
        Some((first, others)) => redis(first).cluster(others.split(',')),
        None => redis(urls),
    }
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
