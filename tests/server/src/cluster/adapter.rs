use roomcast::{
    HubBuilder,
    adapter::{Redis, SubscriptionMode},
};

/// Gives the hub the adapter of that name.
pub(super) fn add(builder: HubBuilder, name: &str, url: &str) -> Result<HubBuilder, String> {
    let sharded = |mode| Redis::sharded(url).subscription_mode(mode);
    Ok(match name {
        "classic" => builder.adapter(Redis::pub_sub(url)),
        "classic-specific" => {
            builder.adapter(Redis::pub_sub(url).publish_on_specific_response_channel(true))
        }
        "sharded-static" => builder.adapter(sharded(SubscriptionMode::Static)),
        "sharded-dynamic" => builder.adapter(sharded(SubscriptionMode::Dynamic)),
        "sharded-dynamic-private" => builder.adapter(sharded(SubscriptionMode::DynamicPrivate)),
        "streams" => builder.adapter(Redis::streams(url)),
        other => return Err(format!("there is no adapter {other}")),
    })
}
